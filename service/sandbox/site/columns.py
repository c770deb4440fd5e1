"""
Changes of a collection's structure: fields added, changed and removed, as in the Designer.

The live site does not have them until the site is published.

https://developers.webflow.com/data/reference/cms/collection-fields
"""

from __future__ import annotations

import secrets
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from service.sandbox.fields.slugs import free, slug_of
from service.sandbox.model.records import Collection, Copy
from service.sandbox.model.schema import Field, offering
from service.sandbox.site.site import Site


def new_field(order: Mapping[str, Any], taken: Container[str]) -> Field:
    """
    Return a field with a slug made from its name, and a new id.

    Args:
        order: ``type``, ``name``, ``required``, ``help_text``, and ``labels`` of the options or
            the ``target`` of a reference.
        taken: Slugs in use: a number is added, as in ``body-2``.
    """
    slug = free(slug_of(order["name"]), taken, numbered=True)
    validations: Mapping[str, Any] = {}
    if "labels" in order:
        validations = offering(order["labels"])
    elif "target" in order:
        validations = {"collectionId": order["target"]}
    return Field(
        slug,
        order["type"],
        order["name"],
        order["required"],
        validations,
        order["help_text"],
        secrets.token_hex(16),
    )


def change_field(
    site: Site,
    collection: Collection,
    one: Field,
    *,
    name: str | None = None,
    required: bool | None = None,
    help_text: str | None = None,
) -> Field:
    """Change a field by the values that are not None, and return it."""
    fixed = one.slug in ("name", "slug")  # always required
    made = replace(
        one,
        name=one.name if name is None else name,
        required=one.required if required is None or fixed else required,
        help_text=one.help_text if help_text is None else help_text,
    )
    made = collection.put_field(made)
    _touch(site, collection)
    return made


def drop_field(site: Site, collection: Collection, one: Field) -> None:
    """Remove a field from the schema and the staged copies; live ones keep it for now."""
    del collection.fields[one.slug]
    for item in collection.everything():
        if one.slug in item.staged.fields:
            item.staged = without(item.staged, collection.fields)
    _touch(site, collection)


def without(copy: Copy, fields: Container[str]) -> Copy:
    kept = {slug: value for slug, value in copy.fields.items() if slug in fields}
    return replace(copy, fields=kept)


def _touch(site: Site, collection: Collection) -> None:
    collection.updated, collection.changed = site.now(), True
