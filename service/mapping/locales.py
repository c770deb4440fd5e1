"""``Meta.locale``: a mapping that writes one locale's variant of items, and what contradicts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from service.mapping.discovery import Definition
from workers.config.locale_tags import is_tag
from workers.config.settings import Collection, Settings
from workers.errors import Problem
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.mapping.compiled import Rule


def unfit(definition: Definition, meta: Mapping[str, Any], settings: Settings) -> Iterator[Problem]:
    tag = meta.get("locale")
    if tag is None:
        return
    if not is_tag(tag):
        expected = "the tag of a locale as GET /sites lists it, such as de or de-AT"
        do = "correct the tag, or leave it out"
        yield definition.problem("Meta.locale", repr(tag), expected, do)
    if meta.get("on_delete") is not None:
        expected = "no locale: a record is gone in all of them"
        yield definition.problem("Meta.locale", repr(tag), expected, "leave it out")
    collection = settings.collections.get(str(meta.get("collection")))
    destination = settings.destinations.get(collection.destination) if collection else None
    if destination is not None and destination.api == "v1":
        expected = f'none, since destinations.{destination.name} has api = "v1"'
        do = 'use api = "v2": v1 has no locales'
        yield definition.problem("Meta.locale", repr(tag), expected, do)


def mixed(rules: Sequence[Rule], collections: Mapping[str, Collection]) -> Iterator[Problem]:
    """
    Yield a problem for each field that one mapping writes in one locale and another in all.

    It would be undecided which of the two values that variant holds.
    """
    for rule in rules:
        tag, collection = rule.options.locale, collections[rule.options.collection]
        if tag is None or not _covers(collection.locales, tag):
            continue
        shared = _shared(rules, rule.options.collection)
        for target in rule.targets:
            other = shared.get(field_of(target.slug))
            if other is not None:
                yield rule.problem(
                    target.attribute,
                    f"{field_of(target.slug)} in the locale {tag}, which {other.name} "
                    f"({other.file}) writes in every locale of {collection.name}",
                    "one mapping for each field of each variant",
                    f"set Meta.locale in {other.name} too (to the tag of its own locale), or "
                    f'locales = "primary" in collections.{collection.name}',
                )


def _covers(locales: str | Sequence[str], tag: str) -> bool:
    if isinstance(locales, str):
        return locales == "all"
    return tag.lower() in {each.lower() for each in locales}


def _shared(rules: Sequence[Rule], collection: str) -> dict[str, Rule]:
    """Return slug → a mapping without a locale of its own that writes it."""
    return {
        target.slug: rule
        for rule in reversed(rules)
        if rule.options.collection == collection and rule.options.locale is None
        for target in rule.targets
    }
