"""Mappings written as a user writes them: as text in a file beside instep.toml."""

from __future__ import annotations

import json
import textwrap

import pytest

from service.mapping.load import load
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.errors import ConfigurationInvalid

HEAD = """
import datetime
from marshmallow import ValidationError, fields, validate
from marshmallow import post_load, pre_load, validates, validates_schema
from service.mapping import *
from service.mapping import Mapping

"""


@pytest.fixture
def settings(tmp_path):
    """Returns the settings of a site that names the given mapping files, by their text."""

    def make(files, names=None):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return Settings(
            path=tmp_path / "instep.toml",
            store=StoreSettings(),
            destinations={"site": Destination("site", "v2", "token")},
            collections={
                "products": Collection("products", "site", "65f0", key="sku"),
                "pages": Collection("pages", "site", "65f1"),
            },
            sources={"erp": Source("erp", "hmac"), "shop": Source("shop", "shopify")},
            mappings=tuple(names if names is not None else files),
        )

    return make


@pytest.fixture
def mappings(settings):
    """Loads the classes in *text*, or raises what a start would."""

    def make(text):
        return load(settings({"mappings.py": HEAD + textwrap.dedent(text)}))

    return make


@pytest.fixture
def refused(mappings):
    """Returns the problems of a file that must not load, as (where, rest) by text."""

    def make(text):
        with pytest.raises(ConfigurationInvalid) as caught:
            mappings(text)
        return [str(problem) for problem in caught.value.problems]

    return make


@pytest.fixture
def one(mappings):
    """
    Returns a function from a payload to what one mapping makes of it: a dict by slug, or the
    problems as a list of (path, message).
    """

    def make(body, meta="key = 'sku'"):
        loaded = mappings(one_class(body, meta))

        def read(payload, version=None):
            mapped = loaded.changes("erp", "t", payload, version=version)
            if mapped.problems:
                return [(problem.path, problem.message) for problem in mapped.problems]
            return {
                field.slug: json.loads(field.value)
                for change in mapped.changes
                for field in change.fields
            }

        return read

    return make


@pytest.fixture
def changes(mappings):
    """Returns a function from a payload to the Mapped of one mapping."""

    def make(body, meta="key = 'sku'"):
        loaded = mappings(one_class(body, meta))
        return lambda payload, version=None: loaded.changes("erp", "t", payload, version=version)

    return make


def one_class(body, meta):
    lines = ["class One(Mapping):", "    class Meta:", "        source = 'erp'"]
    lines += ["        collection = 'products'"]
    lines += [f"        {line}" for line in textwrap.dedent(meta).strip().splitlines()]
    lines += [f"    {line}" for line in textwrap.dedent(body).strip().splitlines()]
    return "\n".join(lines)
