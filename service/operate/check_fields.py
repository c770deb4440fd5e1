"""Fields that a mapping or a key names and the collection does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from workers.errors import Problem
from workers.webflow.schema import Schema
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.config.build import Configuration
    from workers.config.settings import Collection
    from workers.webflow.item_answers import SchemaField


def missing_fields(
    configuration: Configuration, collection: Collection, fields: Sequence[SchemaField]
) -> Iterator[Problem]:
    """Yield a problem for each field that is missing in *collection*, which has *fields*."""
    schema = Schema({each["slug"]: each for each in fields})
    if not schema.whole:
        return
    place = f"{configuration.settings.path}: collections.{collection.name}.key"
    for slug in collection.keys:
        if slug not in schema.fields:
            yield _problem(place, slug, collection.name, schema)
    for rule in configuration.mappings.rules:
        if rule.options.collection != collection.name:
            continue
        for target in rule.targets:
            # _archived and _draft are not among the fields.
            slug = field_of(target.slug)
            if not slug.startswith("_") and slug not in schema.fields:
                where = f"{rule.file}: {rule.name}.{target.name}"
                yield _problem(where, slug, collection.name, schema)


def _problem(where: str, slug: str, collection: str, schema: Schema) -> Problem:
    near = get_close_matches(slug, schema.fields, n=1)
    do = f"{f'write {near[0]}' if near else 'correct it'}, or create that field in the CMS"
    found = f"{slug}, a field that {collection} does not have"
    return Problem(where, found, f"one of {', '.join(schema.fields)}", do)
