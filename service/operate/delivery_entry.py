"""One delivery of the list, whatever holds it: the store or a spool of this machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from service.config.build import Configuration, of_process
from service.ingest import spool_list
from service.ingest.event_mapper import Reader
from service.ingest.remap import events_of
from service.ingest.spool_list import SpooledEntry
from service.operate.scope import Scope
from service.senders import SENDERS
from workers.delivery.context import Context
from workers.errors import StoreUnavailable
from workers.model.changes import Change, Delivery, Incoming
from workers.store import spool_marks
from workers.store.delivery_list import Listed, Position
from workers.store.delivery_log import Kept, KeptDelivery
from workers.store.delivery_summary import SLICED, Summary, summary_of
from workers.store.refusals import REASONS, UNKNOWN

_REASONS: Final = {
    "unwanted": "no mapping takes it",
    "duplicate": "all of its events came before",
    "spooled": "waits on this machine until the store can keep it",
}
_BESIDE: Final = "its events came before, or no mapping takes them"


class DeliveryEntries:
    """
    Makes the entries of one list.

    Args:
        configuration: To map what does not tell its keys; None: that of this process, once it is
            needed.
        scope: What may be seen; None: everything.
    """

    def __init__(
        self,
        context: Context,
        configuration: Configuration | None = None,
        scope: Scope | None = None,
    ) -> None:
        self.context = context
        self._configuration = configuration
        self._scope = scope
        self._drained = lru_cache(64)(self._read_drained)

    def _read_drained(self, file: str) -> Mapping[str, int]:
        try:
            return spool_marks.drained(self.context.steps.client, file)
        except StoreUnavailable:
            return {}  # nothing is drained meanwhile

    @cached_property
    def configuration(self) -> Configuration:
        return self._configuration or of_process()

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that may be seen, and UNKNOWN for requests that name none."""
        names = self.context.settings.all_sources
        if self._scope is None or self._scope.whole:
            return (*names, UNKNOWN)
        return tuple(name for name in names if name in self._scope.sources)

    def seen(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return those of *changes* whose collection may be seen."""
        collections = self.collections
        return tuple(
            each for each in changes if collections is None or each.collection in collections
        )

    @property
    def collections(self) -> frozenset[str] | None:
        """The collections that may be seen; None: all."""
        return None if self._scope is None or self._scope.whole else self._scope.collections

    @cached_property
    def reader(self) -> Reader:
        made = self.configuration
        return Reader(made.senders, made.mappings, made.settings.collections)

    @cached_property
    def kept(self) -> Kept:
        return Kept(self.context.outbox)

    def of(self, listed: Listed) -> DeliveryEntry:
        return DeliveryEntry(self, listed.position, listed=listed)

    def of_spool(self, spooled: SpooledEntry) -> DeliveryEntry:
        entry = spooled.entry
        position = Position(entry.order // 1000, spooled.number, "spooled", entry.source)
        return DeliveryEntry(self, position, waiting=spooled)

    def spooled(
        self, sources: Collection[str], until: Position | None, since_ms: int
    ) -> Iterator[DeliveryEntry]:
        """Yield what waits in the spools of this machine, newest first."""
        found = [
            self.of_spool(each)
            for each in spool_list.newest(self.context.settings.store.data)
            if each.entry.source in sources
            and not spool_list.is_drained(each, self._drained(each.file))
        ]
        found.sort(key=lambda each: each.position.order, reverse=True)
        for each in found:
            fits = until is None or each.position.order < until.order
            if fits and each.position.ms >= since_ms:
                yield each


@dataclass(frozen=True)
class DeliveryEntry:
    """
    One delivery; what its list does not tell is read from its body when it is asked for.

    Args:
        listed: Of the store; None: *waiting* in a spool.
    """

    entries: DeliveryEntries
    position: Position
    listed: Listed | None = None
    waiting: SpooledEntry | None = None

    @property
    def source(self) -> str:
        return self.position.source

    @property
    def id(self) -> str:
        if self.waiting is not None:
            file = self.waiting.file.replace("-", ".")
            return f"{self.source}-s{file}.{self.waiting.number}"
        assert self.listed is not None  # noqa: S101  # one of both is given
        return self.listed.id

    @property
    def at(self) -> str:
        came = self.listed.came if self.listed else self.waiting.came if self.waiting else None
        return came.isoformat(timespec="milliseconds") if came else ""

    @cached_property
    def kept(self) -> KeptDelivery | None:
        """The delivery with its body, where it is kept."""
        if self.listed is None or self.position.kind != "kept":
            return None
        return self.entries.kept.unpack(self.source, self.listed.stream_id, self.listed.entry)

    @cached_property
    def events(self) -> Sequence[Incoming]:
        """Its events as the mappings have them now; none where there is no body."""
        if self.source not in self.entries.configuration.senders:
            return ()
        reader = self.entries.reader
        if self.waiting is not None:
            entry = self.waiting.entry
            return reader.read(self.source, entry.headers, entry.body).events
        if self.kept is None or not self.kept.readable:
            return ()
        return events_of(reader, self.source, self.kept)

    @cached_property
    def summary(self) -> Summary:
        if self.listed is not None and self.listed.summary is not None:
            return self.listed.summary
        if self.listed is not None and self.position.kind != "kept":
            return Summary("")
        made = summary_of(Delivery(self.source, "", tuple(self.events)), marked=False)
        return Summary.parse(f"{SLICED}{made}")

    @cached_property
    def outcome(self) -> str:
        if self.waiting is not None:
            return "spooled"
        if self.position.kind == "refused":
            return "refused"
        summary = self.summary
        if summary.letter == SLICED and self.kept is not None:
            return _outcome_of(self.kept, summary)
        return summary.outcome

    @property
    def status(self) -> int | None:
        """What it was answered with; None: it is no request of the source."""
        if self.listed is not None and self.listed.refusal is not None:
            return int(self.listed.refusal["status"]) or None
        if self.summary.is_fetched:
            return None
        source = self.entries.context.settings.sources.get(self.source)
        answer = SENDERS[source.sender].answer if source else None
        return answer.status if answer else 200

    @property
    def reason(self) -> str | None:
        if self.listed is not None and self.listed.refusal is not None:
            return _refusal(self.listed)
        words = self.summary.reason or _REASONS.get(self.outcome, "")
        if self.outcome == "duplicate" and self.position.kind == "kept":
            words = self.summary.reason or _BESIDE
        if self.outcome == "spooled":
            words = _REASONS["spooled"]
        if self.summary.is_fetched:
            words = f"read by a fetcher{': ' if words else ''}{words}"
        return words or None

    def has_key(self, spellings: Collection[str]) -> bool:
        summary = self.summary
        if any(key in spellings for key in summary.keys):
            return True
        if summary.count <= len(summary.keys):
            return False
        return any(key in spellings for key in self.keys)

    @property
    def keys(self) -> list[str]:
        """All of its keys, by today's mapping where there are more than the list tells."""
        if self.summary.count <= len(self.summary.keys):
            return list(self.summary.keys)
        changes = (change.record for event in self.events for change in event.changes)
        left = (each.record for event in self.events for each in event.left)
        return list(dict.fromkeys((*changes, *left)))

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON, without the body."""
        summary = self.summary
        return {
            "id": self.id,
            "at": self.at,
            "source": self.source,
            "topic": ", ".join(summary.topics) or None,
            "outcome": self.outcome,
            "status": self.status,
            "events": summary.events,
            "keys": list(summary.keys),
            "reason": self.reason,
        }


def _outcome_of(kept: KeptDelivery, summary: Summary) -> str:
    """Return the outcome of a delivery whose list does not tell it."""
    places = [n for n in range(summary.events) if n not in kept.repeats]
    if any(kept.took(place) for place in places):
        return "kept"
    if not places and summary.events:
        return "duplicate"
    return "unmapped" if summary.reason else "unwanted"


def _refusal(listed: Listed) -> str:
    told = listed.refusal or {}
    words = REASONS.get(told["reason"], told["reason"])
    if told.get("message"):
        words = f"{words}: {told['message']}"
    times = told.get("times", 1)
    return f"{words} ({times:,} times)" if times > 1 else words
