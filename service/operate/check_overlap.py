"""Fields that two mappings write from one event: only the later mapping counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from workers.errors import Problem

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.mapping.compiled import Rule


def overlapping(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each field that an earlier mapping writes from the same events."""
    for other, rule in combinations(configuration.mappings.rules, 2):
        if not _meet(other, rule):
            continue
        theirs = {target.slug for target in other.targets}
        for target in rule.targets:
            if target.slug in theirs:
                yield rule.problem(
                    target.name,
                    f"{target.slug}, which {other.name} ({other.file}) writes from the same events",
                    "one mapping for each field",
                    f"remove it from one of them: that of {rule.file} is written",
                )


def _meet(one: Rule, two: Rule) -> bool:
    """Whether both certainly take the same events, of one collection."""
    mine, theirs = one.options, two.options
    if (mine.source, mine.collection) != (theirs.source, theirs.collection):
        return False
    if any(each.when or each.each or each.fetching for each in (mine, theirs)):
        return False  # they may part the events between them
    return mine.topics is None or theirs.topics is None or bool(mine.topics & theirs.topics)
