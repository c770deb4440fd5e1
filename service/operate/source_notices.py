"""Sources that have fallen silent, or most of whose requests were refused in the last hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from service.operate.reasons import Reason
from service.operate.traffic import Traffic, Window, of_sources

USUAL: Final = 10  # deliveries of this hour of yesterday, from which on none is unusual
MANY: Final = 5  # refused requests of an hour that are worth a look, if fewer were taken


def source_notices(traffic: Traffic, sources: Sequence[str]) -> Iterator[Reason]:
    """Yield the notices of *sources*, by name."""
    for name in sources:
        yield from _silent(traffic, name)
        yield from _refused(traffic, name)


def _silent(traffic: Traffic, name: str) -> Iterator[Reason]:
    """
    Compare with yesterday, for most sources are silent at night.

    Only an hour that was sampled whole counts: what a gap hides may have come.
    """
    deliveries = of_sources([name], lambda totals: totals.deliveries)
    requests = of_sources([name], lambda totals: totals.deliveries + totals.refused)
    usual = traffic.yesterday.total(deliveries) or 0
    if usual >= USUAL and traffic.hour.is_whole and traffic.hour.total(requests) == 0:
        do = "see whether the webhook is switched on at the sender, and its list of deliveries"
        why = f"nothing for an hour; {usual} deliveries came in this hour of yesterday"
        yield Reason(f"source {name}: silent", "notice", traffic.hour.begins, do, why)


def _refused(traffic: Traffic, name: str) -> Iterator[Reason]:
    refused = _of_hour(traffic.hour, name, "refused")
    taken = _of_hour(traffic.hour, name, "deliveries")
    # One that has never had a delivery taken is named by a notice of its own.
    if refused >= MANY and refused > taken:
        do = f"see why with `instep deliveries list --source {name} --outcome refused`"
        why = f"{refused} of {refused + taken} requests of the last hour"
        yield Reason(f"source {name}: most requests refused", "notice", None, do, why)


def _of_hour(hour: Window, name: str, counter: str) -> int:
    return hour.total(of_sources([name], lambda totals: int(getattr(totals, counter)))) or 0
