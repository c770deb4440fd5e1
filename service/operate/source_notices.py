"""Sources that have fallen silent, or most of whose requests were refused in the last hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from service.operate.reasons import Reason
from service.operate.remedies import Remedy
from service.operate.traffic import Traffic
from workers.model.samples import DELIVERIES, REFUSED

USUAL: Final = 10  # deliveries of this hour of yesterday, from which on none is unusual
MANY: Final = 5  # refused requests of an hour that are worth a look, if fewer were taken


def source_notices(traffic: Traffic, sources: Sequence[str]) -> Iterator[Reason]:
    """Yield the notices of *sources*, by name."""
    taken, refused = traffic.hour.totals(DELIVERIES), traffic.hour.totals(REFUSED)
    usual = traffic.yesterday.totals(DELIVERIES)
    for name in sources:
        came, out = taken.get(name, 0), refused.get(name, 0)
        # Only an hour that was sampled whole is silent: what a gap at its end hides may have come.
        # Compared with yesterday, for most sources are silent at night.
        is_usual = traffic.hour.is_whole and usual.get(name, 0) >= USUAL
        if is_usual and name in taken and came + out == 0:
            yield _silent(name, usual[name], traffic.hour.begins)
        if out >= MANY and out > came:
            yield _refused(name, out, came + out)


def _silent(name: str, usual: int, since: str | None) -> Reason:
    do = "see whether the webhook is switched on at the sender, and its list of deliveries"
    why = f"nothing for an hour; {usual} deliveries came in this hour of yesterday"
    return Reason(f"source {name}: silent", "notice", since, do, why)


def _refused(name: str, refused: int, requests: int) -> Reason:
    do = Remedy("see why they are refused", "deliveries", f"--source {name} --outcome refused")
    why = f"{refused} of {requests} requests of the last hour"
    return Reason(f"source {name}: most requests refused", "notice", None, do, why)
