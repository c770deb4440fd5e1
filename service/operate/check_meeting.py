"""Mappings of one collection whose keys cannot meet: each would write items of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from workers.errors import Problem

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.mapping.compiled import Rule
    from service.mapping.paths import Path

# What the last name of a path says that its value is. Other names say nothing: each system has its
# own word for the number of an article.
_KINDS: Final[Mapping[str, str]] = {
    "id": r"id|gid|uuid|guid|(?:product|variant|item|inventoryitem|object|record)_?id",
    "SKU": r"skus?|stockkeepingunit",
    "barcode": r"barcode|ean(?:13|8)?|gtin(?:13|14|8)?|upc|isbn",
    "slug": r"slug|handle|permalink",
    "e-mail address": r"e?mail|emailaddress",
    "name": r"name|title",
}


def unmet(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each mapping whose key is another one than that of an earlier mapping."""
    first: dict[str, Rule] = {}
    for rule in configuration.mappings.rules:
        if rule.options.by != "key":
            continue
        other = first.setdefault(rule.options.collection, rule)
        difference = _difference(rule, other)
        if difference:
            yield rule.problem(
                "Meta.key",
                f"{_shown(rule)}, {difference} in {other.name} ({other.file}): {_shown(other)}",
                f"one key in all mappings of collection {rule.options.collection}",
                "read the same value in both: what comes by one key never meets the other",
            )


def _difference(rule: Rule, other: Rule) -> str:
    for one, two in zip(rule.options.record, other.options.record, strict=False):
        mine, theirs = _last(one), _last(two)
        if mine is None or theirs is None or mine == theirs:
            continue
        if _plain(mine) == _plain(theirs) and rule.options.source == other.options.source:
            return "spelt otherwise"
        kinds = _kind(mine), _kind(theirs)
        if None not in kinds and kinds[0] != kinds[1]:
            return f"the {kinds[0]}, while it is the {kinds[1]}"
    return ""


def _shown(rule: Rule) -> str:
    return ", ".join(path.text for path in rule.options.record)


def _last(path: Path) -> str | None:
    """Return the name of what *path* reads; None: it reads several values, or is a function."""
    places = path.uses if path.steps is None else (path.steps,)
    names = {
        next((step for step in reversed(steps) if isinstance(step, str)), "") for steps in places
    }
    return names.pop() or None if len(names) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _kind(name: str) -> str | None:
    return next((kind for kind, names in _KINDS.items() if re.fullmatch(names, _plain(name))), None)
