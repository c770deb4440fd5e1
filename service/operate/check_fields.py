"""Fields that a mapping or a key names, and what the collection makes of them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from workers.errors import Problem
from workers.model.nearest import nearest
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.mapping.compiled import Rule
    from workers.config.settings import Collection
    from workers.webflow.schema import Schema

# A key is found by its text: these hold none, or another one than was written.
NO_KEYS = frozenset({"RichText", "Image", "MultiImage", "File", "VideoLink", "Switch", "Color",
                     "Option", "Reference", "MultiReference"})  # fmt: skip


def rules_of(configuration: Configuration, collection: Collection) -> list[Rule]:
    """Return the mappings that write *collection*."""
    rules = configuration.mappings.rules
    return [rule for rule in rules if rule.options.collection == collection.name]


def missing_fields(
    configuration: Configuration, collection: Collection, schema: Schema
) -> Iterator[Problem]:
    """Yield an error for each field that *collection*, whose fields are *schema*, does not have."""
    place = f"{configuration.settings.path}: collections.{collection.name}"
    named = [(f"{place}.key", slug) for slug in collection.keys]
    named += [(f"{place}.reconcile.fields", slug) for slug in collection.reconcile.fields]
    for rule in rules_of(configuration, collection):
        # _archived and _draft are not among the fields.
        own = ((target.name, field_of(target.slug)) for target in rule.targets)
        named += [
            (f"{rule.file}: {rule.name}.{name}", slug) for name, slug in own if slug[0] != "_"
        ]
    for where, slug in named:
        if slug not in schema.fields:
            near = nearest(slug, schema.fields)
            do = f"{f'write {near}' if near else 'correct it'}, or create that field in the CMS"
            found = f"{slug}, a field that {collection.name} does not have"
            yield Problem(where, found, f"one of {', '.join(schema.fields)}", do)


def unfit_keys(
    configuration: Configuration, collection: Collection, schema: Schema
) -> Iterator[Problem]:
    """Yield an error for each key field whose type holds no key."""
    for slug in collection.keys:
        if (kind := schema.kind(slug)[0]) in NO_KEYS:
            where = f"{configuration.settings.path}: collections.{collection.name}.key"
            found = f"{slug}, a field of the type {kind}"
            do = "name a field that holds the key as text, or create one"
            yield Problem(where, found, "a field of the type PlainText, or Number", do)


def unwritten_fields(
    configuration: Configuration, collection: Collection, schema: Schema
) -> Iterator[Problem]:
    """Yield an error if items are created without a field that the CMS requires."""
    rules = [
        rule
        for rule in rules_of(configuration, collection)
        if rule.options.by == "key" and not rule.options.on_delete
    ]
    if collection.missing != "create" or not rules or not configuration.mappings.whole:
        return
    written = {field_of(target.slug) for rule in rules for target in rule.targets}
    # A name is demanded at the start, and the slug is made of it.
    written |= {"name", "slug", *collection.keys}
    left = [slug for slug in schema.required if slug not in written and slug[0] != "_"]
    if left:
        where = f"{configuration.settings.path}: collections.{collection.name}.missing"
        found = f'"create", and no mapping writes the required {", ".join(left)}'
        expected = "a value for each required field: the CMS takes no item without them"
        do = f"map {', '.join(left)}, or make them optional in the CMS"
        yield Problem(where, found, expected, do)


def wrong_references(
    configuration: Configuration,
    collection: Collection,
    schema: Schema,
    answering: Container[str],
) -> Iterator[Problem]:
    """
    Yield an error for each reference to another collection than its field refers to.

    Args:
        answering: Names of the collections whose ids are right; of others, that is told already.
    """
    known = configuration.settings.collections
    names = {each.id: name for name, each in known.items()}
    for rule in rules_of(configuration, collection):
        for target in rule.targets:
            slug = field_of(target.slug)
            rules = schema.fields[slug].get("rules") or {} if slug in schema.fields else {}
            refers = rules.get("collectionId")
            if (
                target.to is None
                or target.to not in answering
                or refers in (None, known[target.to].id)
            ):
                continue
            right = f'"{names[refers]}"' if refers in names else f"the collection {refers}"
            do = f"write to={right}"
            if refers not in names:
                do = f"add [collections.NAME] with this id, and name it: {refers}"
            yield rule.problem(
                target.name,
                f'to="{target.to}", while the field {slug} refers to {right}',
                "the collection that the field refers to",
                do,
            )
