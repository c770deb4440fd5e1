"""What an undo is for: what a run wrote, a source since a time, or all that is kept of a record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.errors import RequestRefused, SelectionInvalid
from workers.store import keys
from workers.store.connection import guarded
from workers.store.record_reader import record_of
from workers.store.undo_log import UndoEntry, UndoLog

OF: Final = "undo"  # in `Run.about`: what the work is
MOST: Final = 1000  # entries of one record
_CHOICES: Final[tuple[set[str], ...]] = (
    {"run"},
    {"source", "since"},
    {"collection", "key"},
    {"collection", "key", "since"},
)
_NAMES: Final = ("run", "source", "since", "collection", "key")
_OLDEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UndoSelection:
    """
    What is named: a run, a source with a time, or a record with or without a time.

    Args:
        scope: What may be seen; None: everything.
    """

    run: str | None = None
    source: str | None = None
    since: datetime | timedelta | None = None
    collection: str | None = None
    key: str | None = None
    scope: Scope | None = None

    def check(self) -> None:
        """Raise SelectionInvalid unless one thing is named, and all of it."""
        named = {name: getattr(self, name) for name in _NAMES}
        given = {name for name, value in named.items() if value is not None}
        if given not in _CHOICES:
            found = ", ".join(sorted(given)) or "nothing that is to be undone"
            expected = "run, or source and since, or collection and key (and since)"
            raise SelectionInvalid(found, expected, "name one of them")

    def as_dict(self) -> dict[str, Any]:
        """Return what is named, but for the key: what `instep forget` erases stands in no run."""
        since = self.since.isoformat() if isinstance(self.since, datetime) else None
        named = {"run": self.run, "source": self.source, "since": since}
        named["collection"] = self.collection
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class UndoScope:
    """
    The entries that an undo is for.

    Args:
        run: Those of a run.
        since: Else by source, those at or after a time.
        arrivals: Only those with one of these arrival numbers; None: all.
        last: Only those up to this arrival number.
        collections: Only those of these; None: all.
    """

    run: str | None = None
    since: Mapping[str, datetime] = field(default_factory=dict)
    arrivals: frozenset[int] | None = None
    last: int = 0
    collections: frozenset[str] | None = None

    def takes(self, entry: UndoEntry) -> bool:
        if self.collections is not None and entry.collection not in self.collections:
            return False
        if entry.arrival > self.last or not self._names(entry.arrival):
            return False
        if self.run is not None:
            return entry.run == self.run
        # What an undo has put back is undone by the name of its run alone: it lifts the mark.
        if entry.undone:
            return False
        return entry.source in self.since and entry.at >= self.since[entry.source]

    def _names(self, arrival: int) -> bool:
        return self.arrivals is None or arrival in self.arrivals

    def entries(self, log: UndoLog) -> Iterator[UndoEntry]:
        """Yield them; StoreUnavailable: the store does not answer."""
        if self.run is not None:
            found = log.of_run(self.run)
        else:
            found = (e for source, at in self.since.items() for e in log.of_source(source, at))
        return filter(self.takes, found)

    def as_dict(self) -> dict[str, Any]:
        return {
            "of": OF,
            "run": self.run,
            "since": {source: at.isoformat() for source, at in self.since.items()},
            "arrivals": None if self.arrivals is None else sorted(self.arrivals),
            "last": self.last,
            "collections": None if self.collections is None else sorted(self.collections),
        }

    @classmethod
    def parse(cls, about: Mapping[str, Any]) -> UndoScope:
        """Read what `as_dict` made."""
        arrivals, collections = about["arrivals"], about["collections"]
        return cls(
            about["run"],
            {source: datetime.fromisoformat(at) for source, at in about["since"].items()},
            None if arrivals is None else frozenset(arrivals),
            about["last"],
            None if collections is None else frozenset(collections),
        )


def scope_of(context: Context, log: UndoLog, selection: UndoSelection) -> UndoScope:
    """
    Return what *selection* names, as it is now.

    Raises:
        FilterInvalid: There is no such source or collection.
        RequestRefused: The run goes on.
        StoreUnavailable: The store does not answer.
    """
    with guarded():
        last = int(context.steps.client.get(keys.ARRIVAL) or 0)
    seen = selection.scope
    own = UndoScope(last=last, collections=None if seen is None or seen.whole else seen.collections)
    if selection.run is not None:
        _check_ended(context, selection.run)
        return replace(own, run=selection.run)
    since = selection.since
    if isinstance(since, timedelta):
        since = context.runs.now() - since
    if selection.source is not None:
        _check_name(selection.source, "a source", context.settings.all_sources)
        return replace(own, since={selection.source: since or _OLDEST})
    entries = _of_record(context, log, selection.collection or "", selection.key or "")
    entries = [each for each in entries if since is None or each.at >= since]
    sources: dict[str, datetime] = {}
    for each in entries:
        sources[each.source] = min(each.at, sources.get(each.source, each.at))
    arrivals = frozenset(each.arrival for each in entries[:MOST])
    return replace(own, since=sources, arrivals=arrivals)


def _of_record(context: Context, log: UndoLog, collection: str, key: str) -> Sequence[UndoEntry]:
    _check_name(collection, "a collection", context.settings.collections)
    record = record_of(context.settings.collections[collection], key)
    return log.of_record(collection, record) or log.of_record(collection, key)


def _check_name(name: str, what: str, known: Collection[str]) -> None:
    if name not in known:
        names = ", ".join(sorted(known)) or "none is configured"
        raise FilterInvalid(repr(name), f"{what}: {names}", "use one of them")


def _check_ended(context: Context, id: str) -> None:
    run = context.runs.show(id)
    if run is not None and run.state == "running":
        raise RequestRefused(f"{id}, which goes on", "a run that has ended", "wait for its end")
