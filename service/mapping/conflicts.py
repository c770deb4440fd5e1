"""Mappings that contradict each other, or the configuration of their collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from service.mapping.compiled import Rule
from service.mapping.locales import mixed
from workers.config.settings import Collection
from workers.errors import Problem
from workers.webflow.site import field_of


def conflicts(
    rules: Sequence[Rule], collections: Mapping[str, Collection], *, whole: bool
) -> Iterator[Problem]:
    """
    Yield a problem for every mapping that contradicts an earlier one, or its collection; unless
    *whole*, some could not be read, and may write the name.
    """
    yield from _addressed_two_ways(rules)
    yield from _versioned_two_ways(rules)
    if whole:
        yield from _nameless(rules, collections)
    yield from _parted_otherwise(rules, collections)
    yield from _unknown_targets(rules, collections)
    yield from mixed(rules, collections)


def _addressed_two_ways(rules: Sequence[Rule]) -> Iterator[Problem]:
    first: dict[str, Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.options.collection, rule)
        if other.options.by != rule.options.by:
            found = f"{rule.options.by}, while {other.name} ({other.file}) has {other.options.by}"
            yield rule.problem(
                f"Meta.{rule.options.by}",
                f"{found} for collection {rule.options.collection}",
                "the same in all mappings of a collection",
                "use key in all of them, or item in all: otherwise one item has two identities",
            )


def _versioned_two_ways(rules: Sequence[Rule]) -> Iterator[Problem]:
    first: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        for target in rule.targets:
            other = first.setdefault((rule.options.collection, target.slug), rule)
            if (other.options.version is None) != (rule.options.version is None):
                has, lacks = (rule, other) if rule.options.version is not None else (other, rule)
                yield rule.problem(
                    target.attribute,
                    f"Meta.version in {has.name} ({has.file}) but not in {lacks.name} "
                    f"({lacks.file}), which both write {target.slug}",
                    "Meta.version in all mappings that write one field, or in none",
                    "versions of different kinds cannot be compared",
                )


def _nameless(rules: Sequence[Rule], collections: Mapping[str, Collection]) -> Iterator[Problem]:
    """Yield a problem for each collection whose mappings create items without a name."""
    first: dict[str, Rule] = {}
    for rule in rules:
        creates = rule.options.by == "key" and rule.options.on_delete is None
        if creates and collections[rule.options.collection].missing == "create":
            first.setdefault(rule.options.collection, rule)
    for name, rule in first.items():
        mine = [each for each in rules if each.options.collection == name]
        if not any(field_of(target.slug) == "name" for each in mine for target in each.targets):
            yield Problem(
                f"{rule.file}: {rule.name}",
                f"no field name, in no mapping of collection {name}",
                'a field name in one of them, because the collection has missing = "create"',
                "map it, as the CMS takes no item without a name, or choose another missing",
            )


def _parted_otherwise(
    rules: Sequence[Rule], collections: Mapping[str, Collection]
) -> Iterator[Problem]:
    """Yield a problem for each key with fewer or more parts than the collection's key has."""
    for rule in rules:
        keys = collections[rule.options.collection].keys
        parts = len(rule.options.record)
        if rule.options.by == "key" and len(keys) > 1 and parts != len(keys):
            name = rule.options.collection
            yield rule.problem(
                "Meta.key",
                f"{parts} path{'s' if parts > 1 else ''}",
                f"{len(keys)}, as collections.{name}.key has fields: {', '.join(keys)}",
                "give a path for each of them, in this order",
            )


def _unknown_targets(
    rules: Sequence[Rule], collections: Mapping[str, Collection]
) -> Iterator[Problem]:
    """Yield a problem for each reference to a collection without a key to look up."""
    for rule in rules:
        here = collections[rule.options.collection].destination
        near = sorted(n for n, each in collections.items() if each.key and each.destination == here)
        for target in rule.targets:
            if target.to is not None and target.to not in near:
                yield rule.problem(
                    target.attribute,
                    f"to={target.to!r}, {_what(collections.get(target.to))}",
                    f"a collection of {here} with a key: {', '.join(near) or 'there is none'}",
                    "use one, or give it a key in instep.toml, or map the item id without to",
                )


def _what(collection: Collection | None) -> str:
    if collection is None:
        return "which is no [collections.NAME]"
    return "which has no key" if not collection.key else f"which is of {collection.destination}"
