"""The choice of the mappings that read a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.mapping.compiled import Rule
from service.mapping.registry import Mappings
from workers.errors import ConfigurationInvalid, Problem


@dataclass(frozen=True, slots=True)
class MappingChoice:
    source: str
    collection: str
    by: Literal["key", "item"]
    rules: tuple[Rule, ...]


def chosen(
    mappings: Mappings, collection: str, *, source: str | None = None, topic: str | None = None
) -> MappingChoice:
    """
    Return the mappings that write *collection*, except those that retire its items.

    Args:
        source: Required if mappings of several sources write it.
        topic: Only those that take it; None: those of all topics.

    Raises:
        ConfigurationInvalid: There is none, or they are of several sources.
    """
    writing = [rule for rule in mappings.rules if _writes(rule, collection)]
    sources = sorted({rule.options.source for rule in writing})
    if source is None and len(sources) > 1:
        raise _invalid(
            "--source",
            f"nothing, and {' and '.join(sources)} all have mappings for collection {collection}",
            "the source of the snapshot",
            "name it with --source",
        )
    mine = [rule for rule in writing if source in (None, rule.options.source)]
    rules = tuple(rule for rule in mine if topic is None or rule.options.takes((topic,)))
    if not rules:
        of = f" of source {source}" if source else ""
        takes = f" that takes topic {topic}" if topic else ""
        raise _invalid(
            "mappings",
            f"none{of} for collection {collection}{takes}",
            f"one of {', '.join(rule.name for rule in mine or writing) or 'them'}",
            "define one, or correct the name",
        )
    options = rules[0].options
    return MappingChoice(options.source, collection, options.by, rules)


def warning(mapping: str, collection: str) -> str:
    """Return the warning for snapshots of *mapping* that are reconciled beside live events."""
    return (
        f"{mapping} has no Meta.version: its rows count as new as the snapshot of {collection}; a "
        "value that an event changed shortly before cannot be compared; name the column that holds "
        "the time of a row's last change"
    )


def _writes(rule: Rule, collection: str) -> bool:
    # Such a mapping reads deletion events, not the rows of a snapshot.
    retires = getattr(rule.options, "on_delete", None)
    return rule.options.collection == collection and retires is None


def _invalid(where: str, found: str, expected: str, do: str) -> ConfigurationInvalid:
    return ConfigurationInvalid([Problem(where, found, expected, do)])
