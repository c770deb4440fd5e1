"""Fields for new items of collections that create none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.config.build import Configuration


def never_created(configuration: Configuration) -> Iterator[str]:
    """Yield a warning for each mapping whose ``Meta.on_create`` can have no effect."""
    for rule in configuration.mappings.rules:
        options = rule.options
        named = ", ".join(target.slug for target in rule.targets if target.on_create)
        missing = configuration.settings.collections[options.collection].missing
        if named and options.by == "item":
            why = "items that events name by their ids are never created"
        elif named and missing != "create":
            why = f'collection {options.collection} has missing = "{missing}", and creates nothing'
        else:
            continue
        yield f"Warning: {rule.name}.Meta.on_create: {why}: {named} will be counted as ignored"
