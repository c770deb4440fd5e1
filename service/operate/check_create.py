"""Fields for new items of collections that create none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.errors import Problem

if TYPE_CHECKING:
    from service.config.build import Configuration


def never_created(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each mapping whose ``Meta.on_create`` can have no effect."""
    for rule in configuration.mappings.rules:
        options = rule.options
        named = ", ".join(target.slug for target in rule.targets if target.on_create)
        missing = configuration.settings.collections[options.collection].missing
        if named and options.by == "item":
            expected = "a mapping with a key: items that events name by their ids are never created"
        elif named and missing != "create":
            expected = f'missing = "create" in collections.{options.collection}, not "{missing}"'
        else:
            continue
        where = f"{rule.file}: {rule.name}.Meta.on_create"
        yield Problem(where, named, expected, f"remove it: {named} will be counted as ignored")
