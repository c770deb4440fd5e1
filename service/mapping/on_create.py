"""``Meta.on_create``: fields written only when an item is created, e.g. a first description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.mapping.compiled import Rule
from service.mapping.discovery import Definition
from service.mapping.field_bindings import slug_of
from workers.errors import Problem


def read(definition: Definition, value: Any, problems: list[Problem]) -> frozenset[str]:
    """Return the slugs that *value* names; add what is wrong to *problems*."""
    if value is None:
        return frozenset()
    where, do = "Meta.on_create", "name them, or leave it out"
    if isinstance(value, str) or not isinstance(value, tuple | list | set | frozenset):
        if isinstance(value, str):
            do = f"write ({value!r},) with a comma"
        problems.append(definition.problem(where, repr(value), "a tuple of fields", do))
        return frozenset()
    declared = definition.cls._declared_fields
    slugs = {slug_of(name, field) for name, field in declared.items()}
    named = {name: slug_of(name, field) for name, field in declared.items()}
    named |= {slug: slug for slug in slugs}
    texts = [each for each in value if isinstance(each, str)]
    others = [each for each in value if not isinstance(each, str)]
    for name in (*others, *sorted(name for name in texts if name not in named)):
        expected = f"fields of this mapping: {', '.join(sorted(slugs)) or 'there are none'}"
        problems.append(definition.problem(where, repr(name), expected, do))
    return frozenset(named[name] for name in texts if name in named)


def contradictions(rules: Sequence[Rule]) -> Iterator[Problem]:
    """Yield a problem for each field that one mapping always writes and another only once."""
    first: dict[tuple[str, str], Rule] = {}
    always = {
        (rule.options.collection, target.slug): rule
        for rule in reversed(rules)
        for target in rule.targets
        if not target.on_create
    }
    for rule in rules:
        for target in rule.targets:
            place = (rule.options.collection, target.slug)
            other = always.get(place)
            if target.on_create and other and first.setdefault(place, rule) is rule:
                yield rule.problem(
                    "Meta.on_create",
                    f"{target.slug}, which {other.name} ({other.file}) writes whenever it changes",
                    "on_create in all mappings that write this field, or in none",
                    "a newer value here would keep the other mapping's from being written",
                )
