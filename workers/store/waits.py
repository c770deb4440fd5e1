"""
What holds up all items of a destination or a collection, from the hashes that the steps write.

``lua/lib/destination_health.lua``, ``claim_wait.lua``, ``rate_limiter.lua``, ``publish_wait.lua``,
``plan_room.lua``, ``filters.lua`` and ``listing_schedule.lua``. Times are ms since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workers.store.lua_limits import CLAIM_MS

Held = Mapping[str, str]

_PROBE_MS: Final = 30_000  # the longest between two probes
_GATE_MS: Final = 61_000
_CLOSED_MS: Final = 3_600_000  # the longest Retry-After that is taken
_WINDOW_MS: Final = 60_000
_PUBLISH_MS: Final = 180_000
_ROOM_MS: Final = 600_000
_FILTER_MS: Final = 30_000


def sane(text: str | float | None, ahead: float, now: float) -> float | None:
    """Return a stored time; one further ahead than its maximum *ahead* counts as *now*."""
    if text is None or text == "":
        return None
    at = float(text)
    return now if at > now + ahead else at


@dataclass(frozen=True, slots=True)
class Pause:
    reason: str
    by: str  # operator, instep, or the budget of a refused token
    since: float | None
    who: str = ""  # the operator, as in the audit list
    till: float | None = None  # it ends by itself then

    @classmethod
    def parse(cls, held: Held) -> Pause | None:
        if "paused" not in held:
            return None
        since = float(held["since"]) if "since" in held else None
        of, _, till = held.get("till", "").partition(" ")
        # Of an earlier pause, if an older release has paused it since.
        own = since is not None and till != "" and float(of) == since
        who = held.get("who", "")
        return cls(held["paused"], held.get("by", ""), since, who, float(till) if own else None)


@dataclass(frozen=True, slots=True)
class Outage:
    failure: str
    since: float | None
    probe_at: float
    # Any request may try: "ready"; one, from probe_at on: "blind"; until then, one of an item that
    # has not failed alone: "fresh"; one is on its way: "out".
    trial: str
    trial_until: float | None

    @classmethod
    def parse(cls, held: Held, now: float) -> Outage | None:
        probe_at = sane(held.get("open_until"), _PROBE_MS, now)
        if probe_at is None:
            return None
        since = float(held["opened"]) if "opened" in held else None
        trial, until = held.get("trial", ""), sane(held.get("trial_until"), CLAIM_MS, now)
        over = trial == "out" and (until is None or until <= now)
        over = over or (trial == "fresh" and probe_at <= now)
        failure = held.get("failure") or "no answer"
        return cls(failure, since, probe_at, "" if over else trial, until)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the last claim of a destination found in its way."""

    reason: str = ""  # "budget", "linger" or "breaker"
    until: float = 0.0  # before then no live change is sent
    lower_until: float = 0.0  # nor a replay or a reconcile
    closed: float = 0.0  # the CMS refused requests until then
    flights: int = 0  # requests on their way
    last_failure: str = ""
    failures: int = 0  # in a row

    @classmethod
    def parse(cls, held: Held, budget: Held, flights: int, now: float) -> Gate:
        until = sane(held.get("gate_until"), _GATE_MS, now) or 0.0
        return cls(
            held.get("gate", "") if until > now else "",
            until,
            sane(held.get("lower_until"), _GATE_MS, now) or 0.0,
            sane(budget.get("closed"), _CLOSED_MS, now) or 0.0,
            flights,
            held.get("failure", ""),
            int(held.get("failures", 0)),
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """A collection waits for a publish of its site, or for room in the plan."""

    message: str  # what the CMS said
    since: float | None
    next_try: float
    tries: str = ""  # the record that is tried next

    @classmethod
    def publish(cls, held: Held, now: float) -> Condition | None:
        return cls._parse(held, "closed", _PUBLISH_MS, now)

    @classmethod
    def room(cls, held: Held, now: float) -> Condition | None:
        return cls._parse(held, "full", _ROOM_MS, now)

    @classmethod
    def _parse(cls, held: Held, name: str, ahead: float, now: float) -> Condition | None:
        if name not in held:
            return None
        since = float(held[f"{name}_since"]) if f"{name}_since" in held else None
        next_try = sane(held.get(f"{name}_next"), ahead, now) or now
        return cls(held[name], since, max(now, next_try), held.get(f"{name}_try", ""))


@dataclass(frozen=True, slots=True)
class Lookup:
    """How the item id of a record is looked up next."""

    way: str  # "filter" or "listing"
    at: float
    busy: bool = False  # its request is on its way until *at* at the latest
    offset: int | None = None  # of a listing under way


def lookup_of(index: Held, filter: Held, filtered_at: float | None, now: float) -> Lookup:
    """
    Return how a record is looked up next.

    Args:
        filtered_at: From when on a filter may ask for its key; None: no filter is to.
    """
    if filtered_at is not None:
        return _by_filter(filter, filtered_at, now)
    lock = sane(index.get("lock"), CLAIM_MS, now)
    if lock and lock > now:
        return Lookup("listing", lock, busy=True)
    if "pass" in index:
        return Lookup("listing", now, offset=int(float(index.get("offset", 0))))
    return Lookup("listing", max(now, _next_listing(index, now)))


def _by_filter(held: Held, at: float, now: float) -> Lookup:
    lock = sane(held.get("lock"), CLAIM_MS, now)
    if lock and lock > now:
        return Lookup("filter", lock, busy=True)
    if "keys" in held:
        return Lookup("filter", now)
    starts = (sane(at, _FILTER_MS, now), sane(held.get("next"), _FILTER_MS, now), now)
    return Lookup("filter", max(each for each in starts if each is not None))


def _next_listing(index: Held, now: float) -> float:
    """Return when the next listing that waiting keys ask for may begin."""

    def at(name: str) -> float:
        return sane(index.get(f"{name}next"), float(index.get(f"{name}every") or 0), now) or now

    times = [at("")]
    if index.get("full") == "1":
        times.append(at("full_"))
    if "mark" in index and "created" in index:
        times.append(at("edited_"))
    return min(times)
