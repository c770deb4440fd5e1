"""Fields written by sources with different orders: by times, by numbers, or by arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.errors import Problem

if TYPE_CHECKING:
    from service.config.build import Configuration

TIMES, NUMBERS, ARRIVAL = "times", "numbers", "no times"
_DO = {
    frozenset({TIMES, NUMBERS}): "let one of them write it: a change of the one is left out where "
    "the other's is held",
    frozenset({TIMES, ARRIVAL}): "set occurred_at: without times the order of arrival counts",
    frozenset({NUMBERS, ARRIVAL}): "let one of them write it: without numbers the order of arrival "
    "counts",
}


def mixed_versions(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each field that is written by sources with different orders."""
    writers: dict[tuple[str, str], dict[str, str]] = {}  # (collection, slug) → source → kind
    for rule in configuration.mappings.rules:
        options = rule.options
        if options.version is not None:  # its kind depends on the value found
            continue
        kind = TIMES if options.fetching else _kind(configuration, options.source)
        for target in rule.targets:
            writers.setdefault((options.collection, target.slug), {})[options.source] = kind
    for (collection, slug), kinds in sorted(writers.items()):
        if len(set(kinds.values())) > 1:
            writers_by_kind = ", ".join(
                f"{source} by {kind}" for source, kind in sorted(kinds.items())
            )
            do = "; ".join(do for mix, do in _DO.items() if mix <= set(kinds.values()))
            where = f"{configuration.settings.path}: collections.{collection}"
            expected = "one order for all that write a field"
            yield Problem(where, f"{slug} written by {writers_by_kind}", expected, do)


def _kind(configuration: Configuration, source: str) -> str:
    if source in configuration.settings.pulls:
        return TIMES  # a row stands at the time of its pull
    configured = configuration.senders[source]
    if configured.kind.sequenced:
        return NUMBERS
    # Other senders have fixed places for their times.
    unset = not configured.senders[0].reader.occurred_at
    return ARRIVAL if unset and "occurred_at" in configured.kind.options().fields else TIMES
