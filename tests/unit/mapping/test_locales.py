"""``Meta.locale``: fields of their own, and the mappings that contradict one."""

from dataclasses import replace

import pytest

from service.mapping.load import load
from workers.errors import ConfigurationInvalid

ONE = """
from marshmallow import fields
from service.mapping import Mapping
class {name}(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        {meta}
    {slug} = fields.String()
"""
GERMAN = ONE.format(name="German", meta='locale = "de"', slug="name")
ENGLISH = ONE.format(name="English", meta='locale = "en"', slug="name")
PLAIN = ONE.format(name="Plain", meta="", slug="name")
PAYLOAD = {"sku": "k", "name": "Lampe"}


@pytest.fixture
def read(settings):
    """Loads mappings for a collection with these options; returns them, or the problems."""

    def _read(*texts, api="v2", **options):
        made = settings({"m.py": "".join(texts)}, ["m.py"])
        known = made.collections["products"]
        name = known.destination
        destination = replace(made.destinations[name], api=api)
        made = replace(
            made,
            collections={**made.collections, "products": replace(known, **options)},
            destinations={**made.destinations, name: destination},
        )
        try:
            return load(made)
        except ConfigurationInvalid as error:
            return [str(problem) for problem in error.problems]

    return _read


def test_its_fields_are_named_after_the_locale(read):
    mapped = read(GERMAN, PLAIN).changes("erp", None, PAYLOAD, version=None)
    assert [[f.slug for f in change.fields] for change in mapped.changes] == [["name@de"], ["name"]]


def test_two_locales_of_one_field_do_not_meet(read):
    mapped = read(GERMAN, ENGLISH).changes("erp", None, PAYLOAD, version=None)
    assert {f.slug for change in mapped.changes for f in change.fields} == {"name@de", "name@en"}


@pytest.mark.parametrize("locales", ["all", ["en", "DE"]])
def test_beside_a_mapping_of_every_locale_it_is_refused(read, locales):
    [problem] = read(PLAIN, GERMAN, locales=locales)
    assert problem.startswith("m.py: German.name: found name in the locale de, which Plain (m.py)")
    assert "set Meta.locale in Plain too" in problem


@pytest.mark.parametrize("locales", ["primary", ["en", "fr"]])
def test_beside_one_that_leaves_that_locale_alone_it_is_not(read, locales):
    assert len(read(PLAIN, GERMAN, locales=locales).rules) == 2


def test_another_field_may_go_to_every_locale(read):
    stock = ONE.format(name="Stock", meta="", slug="stock")
    assert len(read(stock, GERMAN, ENGLISH, locales="all").rules) == 3


def test_a_name_in_one_locale_is_a_name_for_new_items(read):
    assert len(read(ENGLISH, missing="create").rules) == 1


@pytest.mark.parametrize("tag", ["5", "''", "'de_AT'", "'d e'"])
def test_what_is_no_tag_is_refused(read, tag):
    [problem] = read(ONE.format(name="One", meta=f"locale = {tag}", slug="name"))
    assert problem.startswith("m.py: One.Meta.locale: found ")


def test_a_retirement_has_no_locale(read):
    text = ONE.format(name="One", meta='locale = "de"; on_delete = "archive"', slug="name")
    problems = read(text.replace("    name = fields.String()\n", ""))
    assert any("a record is gone in all of them" in problem for problem in problems)


def test_v1_knows_no_locales(read):
    [problem] = read(GERMAN, api="v1")
    assert "v1 has no locales" in problem
