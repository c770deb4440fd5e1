"""
What keeps the system from working fully, and what to do: for ``/readyz``, ``instep status`` and all
that shows the status.

Each check yields its reasons from what was observed: *degraded* means that deliveries are kept but
something waits for a person or for time, *down* that a delivery could not be kept. ``/readyz`` is
public: a reason holds no keys, payloads, addresses or text from other systems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from service.ingest.spool import State
from service.operate.remedies import Remedy, advised
from workers.errors import StoreForbidden, StoreLoading, StoreNewer, StoreUnavailable, StoreUnsafe
from workers.store.circuit_breaker import OPERATOR

LARGEST: Final = 3  # families of keys that are named when memory is short
MOST: Final = 20  # reasons of one kind that a short list names

Grade = Literal["notice", "degraded", "down"]
Status = Literal["ready", "degraded", "down"]


@dataclass(frozen=True, slots=True)
class Reason:
    """
    One thing that keeps the system from working fully.

    Args:
        name: Stays the same as long as the reason lasts: a monitor may match it.
        state: "down": a delivery could not be kept. "notice": the system works fully, and a person
            should look (``service.operate.notices``).
        since: RFC 3339; None: the time when this process first saw it is filled in.
        do: The next step, as an imperative; a `Remedy` where Instep does the end of it.
        why: Details, in the words of the CMS too; only for operators.
    """

    name: str
    state: Grade
    since: str | None
    do: str
    why: str = ""

    def public(self) -> dict[str, str | None]:
        """Return what everyone may see."""
        return {"name": self.name, "state": self.state, "since": self.since, "do": self.do}


@dataclass(frozen=True, slots=True)
class Seen:
    """
    The observed state of the system.

    Args:
        store: The store's durability; empty if it is away or too weak.
        trouble: Why the store cannot be used; None: it can.
        workers: Number of live ones; None: unknown.
        hung: Roles of processes that are alive but make no progress.
        status: The numbers of ``instep status --json``; empty: unknown.
        spool: None: this process has no spool.
    """

    store: Mapping[str, object] = field(default_factory=dict)
    trouble: StoreUnavailable | None = None
    workers: int | None = None
    hung: Sequence[str] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    spool: State | None = None


Check = Callable[[Seen], Iterator[Reason]]


def _grade(seen: Seen) -> Grade:
    """Return the grade of a store that takes no deliveries: the spool may take them instead."""
    return "degraded" if seen.spool and seen.spool.takes else "down"


def _store(seen: Seen) -> Iterator[Reason]:
    grade = _grade(seen)
    if isinstance(seen.trouble, StoreUnsafe):
        yield Reason("store weak", grade, None, str(seen.trouble))
    elif isinstance(seen.trouble, StoreNewer):
        do = "upgrade this machine: a later release has written the store"
        yield Reason("store newer", grade, None, do)
    elif isinstance(seen.trouble, StoreLoading):
        yield Reason("store loads", grade, None, f"wait: {seen.trouble.progress}")
    elif isinstance(seen.trouble, StoreForbidden):
        do = "give the store's user the right or password that the log names"
        yield Reason("store forbidden", grade, None, do)
    elif seen.trouble is not None:  # not its message: that may contain the store's address
        yield Reason("store away", grade, None, "check that the store runs and can be reached")


def _spool(seen: Seen) -> Iterator[Reason]:
    if seen.spool is None:
        return
    if seen.spool.deliveries:
        do = "nothing: they are taken in once the store answers; if they are not, see the log"
        yield Reason("spool waits", "degraded", None, do)
    if seen.spool.full and seen.trouble is not None:
        do = "make room on the disk of INSTEP_DATA, or raise [store] spool_mb"
        yield Reason("spool full", "down", None, do)
    if seen.spool.damaged:
        do = "run `instep reconcile`, then delete the *.damaged files in INSTEP_DATA/spool"
        yield Reason("spool damaged", "degraded", None, do)


def _workers(seen: Seen) -> Iterator[Reason]:
    if seen.workers == 0:
        since = seen.status.get("workers_seen")
        yield Reason("no worker", "degraded", since, "start one with `instep worker`")


def _hung(seen: Seen) -> Iterator[Reason]:
    for role in seen.hung:
        do = "nothing: it is replaced within 10 s"
        if role == "supervisor":
            do = "stop it, and start it again: nothing replaces it by itself"
        yield Reason(f"{role} hung", "degraded", None, do)


def _states(seen: Seen) -> Iterator[Reason]:
    """Name what is paused or not answered by its CMS; a collection only for a reason of its own."""
    shared = [_cause(entry) for entry in seen.status.get("destinations", {}).values()]
    for own, kind in _PAUSABLE.items():
        for name, entry in seen.status.get(own, {}).items():
            if kind != "collection" or _cause(entry) not in shared:
                yield from _halted(kind, name, entry)


def _cause(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["state"], entry["reason"], entry.get("since")


def _halted(kind: str, name: str, entry: Mapping[str, Any]) -> Iterator[Reason]:
    """Yield the reason of an outage or a pause."""
    state = entry.get("state")
    if state == "outage":
        yield Reason(
            f"{kind} {name}: {state}", "degraded", entry.get("since"), _WAIT, entry["reason"]
        )
    elif state == "paused":
        why, words = _pause(kind, entry)
        do = Remedy(words, "resume", f"{kind}:{name}")
        yield Reason(f"{kind} {name}: {state}", "degraded", entry.get("since"), do, why)


def _until(text: str) -> str:
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"wait: it goes on by itself at {at:%Y-%m-%d %H:%M:%S} UTC; or "


def _pause(kind: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return why it is paused, and what to do, up to the resume."""
    reason = entry["reason"]
    if entry.get("by") == OPERATOR:
        who = f", by {entry['who']}" if entry.get("who") else ""
        until = _until(entry["until"]) if entry.get("until") else ""
        return f"{reason}{who}", f"{until}resume it"
    why, words = advised(reason)
    if kind == "collection":
        words = words or "correct its id in instep.toml, run `instep reload`, then resume it"
    return why, words or "end what the status names as its reason, then resume it"


def _publishes(seen: Seen) -> Iterator[Reason]:
    """Name the destinations whose publishes are held, or refused by the CMS."""
    for name, entry in seen.status.get("destinations", {}).items():
        told = entry.get("publish") or {}
        for kind, do in _PUBLISHES.items():
            if why := told.get(kind):
                since = told[f"{kind}_since"]
                yield Reason(f"destination {name}: publish {kind}", "degraded", since, do, why)


def _losses(seen: Seen) -> Iterator[Reason]:
    """Name possible losses of the store, until a reconcile has checked each collection."""
    for loss in seen.status.get("losses", ()):
        # Not its message: that names files of the machine.
        do = f"run `instep reconcile` for {', '.join(loss['unproven'])}; see `instep status`"
        name = _LOSSES[loss["kind"]]
        yield Reason(name, "degraded", loss["at"], do, loss["message"])


def _alerts(seen: Seen) -> Iterator[Reason]:
    """Name an address of ``[alerts]`` that takes no messages; *why* has no secret part of it."""
    failing = seen.status.get("alerts")
    if failing:
        do = "run `instep alerts test`, and correct url in [alerts]"
        name = "alerts not delivered"
        yield Reason(name, "degraded", failing["since"], do, failing["reason"])


def _writebacks(seen: Seen) -> Iterator[Reason]:
    """Name write-backs whose targets let nothing in, or do not answer."""
    for name, entry in seen.status.get("writebacks", {}).items():
        state, why = entry["state"], entry["reason"]
        if state == "paused":
            why, words = _pause("writeback", entry)
            if entry["by"] != OPERATOR:
                words = f"correct [writeback.{name}] and run `instep reload`, or resume it"
            do: str = Remedy(words, "resume", f"writeback:{name}")
        elif state == "outage":
            do = f"nothing while its target is down; if it is not, correct [writeback.{name}]"
        else:
            continue
        yield Reason(f"writeback {name}: {state}", "degraded", entry["since"], do, why)


def _memory(seen: Seen) -> Iterator[Reason]:
    memory = seen.status.get("memory", {})
    do = Remedy("raise maxmemory ([store] memory_mb), or see what fills it", "status")
    families = memory.get("families", {})
    largest = sorted(families, key=lambda name: -families[name])[:LARGEST]
    why = f"most: {', '.join(largest)}" if largest else ""
    if memory.get("full"):
        yield Reason("memory full", _grade(seen), memory.get("since"), do, why)
    elif memory.get("level"):
        yield Reason("memory short", "degraded", memory["since"], do, why)


_WAIT: Final = (
    "nothing while the CMS is down: sending goes on once it answers. If it is not, check base_url "
    "and the network"
)
_PAUSABLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "destinations": "destination",
        "collections": "collection",
        "sources": "source",
        "unconfigured": "source",
        "lanes": "lane",
    }
)
_PUBLISHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "held": "publish or discard them in Webflow, or set publish_others = true; it is looked "
        "at again every 5 minutes",
        "failed": "see what the CMS says, and correct it; it is tried again every 5 minutes",
    }
)
_LOSSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cut": "store damaged: its end was cut off",
        "older": "store older than it was",
        "copied": "store copied: it may be older than it was",
    }
)
CHECKS: Final[tuple[Check, ...]] = (
    _store,
    _spool,
    _workers,
    _hung,
    _states,
    _publishes,
    _losses,
    _memory,
    _alerts,
    _writebacks,
)


def reasons_of(seen: Seen) -> tuple[Reason, ...]:
    return tuple(reason for check in CHECKS for reason in check(seen))


def shortened(reasons: Sequence[Reason], most: int = MOST) -> tuple[Reason, ...]:
    """
    Return *reasons*, at most *most* of one kind and state, and one that stands for the others.

    With hundreds of destinations a page that is asked for each second stays small.
    """
    kept, more = [], dict[tuple[str, str], list[Reason]]()
    counts: Counter[tuple[str, str]] = Counter()
    for reason in reasons:
        kind = reason.name.partition(" ")[0], reason.name.rpartition(": ")[2]
        counts[kind] += 1
        if counts[kind] <= most:
            kept.append(reason)
        else:
            more.setdefault(kind, []).append(reason)
    for (kind_name, state), rest in more.items():
        since = min((reason.since for reason in rest if reason.since), default=None)
        do = f"see `instep status`, which names the {len(rest)} others"
        kept.append(Reason(f"more {kind_name}s: {state}", rest[0].state, since, do))
    return tuple(kept)


def overall(reasons: Sequence[Reason]) -> Status:
    """Return the worst state among *reasons*."""
    states = {reason.state for reason in reasons}
    return "down" if "down" in states else "degraded" if states else "ready"
