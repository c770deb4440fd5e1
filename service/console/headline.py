"""The sentence at the top of the overview: whether the site follows, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass

from service.console.formats import duration
from service.operate.attention import Need
from service.operate.freshness import Freshness, Spread
from service.operate.overview import Overview
from workers.store.circuit_breaker import OPERATOR


@dataclass(frozen=True, slots=True)
class Headline:
    """
    Args:
        state: One that has a tone and a shape (`formats.tone`).
        what: The sentence.
        since: How long it has been so; None: that is not known, or all is well.
        why: In the words of the CMS too; may be empty.
        speed: How long the values took that were written; may be empty.
        unpublished: What is written and not on the site; may be empty.
    """

    state: str
    what: str
    since: str | None
    why: str
    speed: str
    unpublished: str


def headline_of(overview: Overview) -> Headline:
    beside = _speed(overview.freshness), _unpublished(overview.not_live)
    need = _stopping(overview)
    if need is not None:
        return Headline(_state(need, overview), need.title, need.since, need.why, *beside)
    if overview.needs:
        many = len(overview.needs) + overview.more
        what = f"{_moving(overview)}, but {_things(many)} a person"
        return Headline("waiting", what, None, "", *beside)
    return Headline("flowing", _moving(overview), None, "", *beside)


def _state(need: Need, overview: Overview) -> str:
    """Return "outage" where nothing goes out that nobody has paused, else "paused"."""
    by_hand = {each.name for each in overview.destinations if each.by == OPERATOR}
    stops = need.noun == "destinations" and need.id not in by_hand
    return "outage" if stops or need.state == "down" or need.what == "no worker" else "paused"


def _stopping(overview: Overview) -> Need | None:
    """Return what keeps the site from following, the worst of it; None: nothing does."""
    for state in ("down", "degraded"):
        for need in overview.needs:
            if need.state == state:
                return need
    return next((need for need in overview.needs if need.what.endswith(": late")), None)


def _moving(overview: Overview) -> str:
    pending = overview.pending_items
    if pending:
        age = duration(overview.freshness.oldest_seconds)
        items = "1 item is" if pending == 1 else f"{pending:,} items are"
        return f"{items} on the way to the site, the oldest for {age}"
    if overview.needs:
        return "Changes reach the site"
    written = overview.freshness.all.values
    if not written:
        return "Nothing waits, and nothing was written yet"
    if overview.not_live:
        return "Everything that is published is on the site"
    return "Everything is on the site"


def _unpublished(many: int) -> str:
    if not many:
        return ""
    items, them = ("1 item is", "it") if many == 1 else (f"{many:,} items are", "them")
    return f"{items} written, but not on the site: nobody has published {them} in the CMS."


def _things(many: int) -> str:
    return "1 thing needs" if many == 1 else f"{many:,} things need"


def _speed(freshness: Freshness) -> str:
    if freshness.hour is not None:
        if not freshness.hour.values:
            return "Nothing was written in the last hour."
        return f"In the last hour {_took(freshness.hour)}."
    return f"Since counting began {_took(freshness.all)}." if freshness.all.values else ""


def _took(spread: Spread) -> str:
    half, most = duration(spread.p50), duration(spread.p99)
    if half == most:
        return f"99 of 100 values were there within {most}"
    return f"half of the values were there within {half}, 99 of 100 within {most}"
