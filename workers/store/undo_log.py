"""
What Instep changed, and what items held before (``lua/lib/undo_log.lua``).

An entry is undone by a `Delivery` of mode "undo" with the id of its run, and a change whose field
*undoes* its arrival number. A write: its slug, with *before* as value. A retirement: ":gone" with
the value "null". A creation: ":gone" with the value "unpublish" as JSON text; it *undoes* the
highest arrival number that the record is known to hold. Type of ":gone": "gone".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Names
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from workers.model.retirement import GONE
from workers.store.connection import guarded
from workers.store.item_record import FieldRecord, slug_of, unpacked
from workers.store.keys import LETTERS, PREFIX, item, kind_of, letter, rest_of
from workers.store.scripts import Steps
from workers.store.undo_keys import UNDO, UNDO_IDS, UNDO_STATE
from workers.store.undo_rows import Row, ms_of, written
from workers.webflow.site import tag_of

_AT_ONCE: Final = 50
_BYTES: Final = 1_000_000  # of entries that are read at once, about
_IDS: Final = 5000  # of entries that are read at once: less than a millisecond of the store's time
Act = Literal["write", "create", "retire"]


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """
    One value that was written, an item that was created, or one that was retired.

    Args:
        record: The key as text, or the CMS item id.
        slug: As stored, with the tag of its variant if it has one (`webflow.site.tag_of`).
            ":gone" for a retirement, "" for a creation.
        arrival: Arrival number of the value; of a creation, the highest of what it carried.
        before: What the item held, as JSON text; None: unknown. "null": nothing.
        value, type: As written; of a creation, its item id as JSON, and "item".
        run: Id of the run that wrote it; None: no run did.
        sure: False: the outcome of the write is unknown.
        waits: It is not written yet, or is in a dead letter.
        before_type: The type to write *before* with; "": as *type*.
        undone: Id of the run that it took something back for; "": it is no undo.
        told: Id of the entry of the log that tells of it; "": none, it *waits*.
    """

    collection: str
    record: str
    locale: str | None
    slug: str
    act: Act
    arrival: int
    version: str
    before: str | None
    value: str
    type: str
    source: str
    run: str | None
    at: datetime
    sure: bool
    waits: bool = False
    before_type: str = ""
    undone: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class UndoLoss:
    """What the log has dropped for want of room."""

    entries: int
    till: datetime  # it is whole from then on


class UndoLog:
    """
    Every method raises StoreUnavailable if the store does not answer.

    The newest come first, behind what still waits; each comes once, as it was told last.
    """

    def __init__(self, steps: Steps) -> None:
        self._client: Any = steps.client  # typed as if it might not decode

    def of_run(self, run: str) -> Iterator[UndoEntry]:
        """Yield what *run* wrote, and what of it still waits or is in a dead letter."""
        names = list(self._unwritten())
        for start in range(0, len(names), _AT_ONCE):
            waiting = self._waiting(names[start : start + _AT_ONCE])
            yield from (each for each in waiting if each.run == run)
        yield from self._written(
            self._texts(), lambda text: f"\t{run}\t" in text, lambda row: row.run == run
        )

    def of_source(self, source: str, since: datetime) -> Iterator[UndoEntry]:
        """Yield what was written of values of *source* at or after *since*."""
        texts = self._texts(_ms(since))
        yield from self._written(
            texts, lambda text: f"\t{source}\t" in text, lambda row: row.source == source
        )

    def of_record(self, collection: str, record: str) -> Sequence[UndoEntry]:
        """Return what was written of *record*, the newest first, behind what still waits."""
        name = f"{collection}:{record}"
        written = self._written(self._texts(), lambda text: record in text, names={name})
        return [*self._waiting([name]), *written]

    def of_entries(
        self, ids: Sequence[str], collection: str, records: Iterable[str]
    ) -> Iterator[UndoEntry]:
        """
        Yield what was written of *records*.

        Args:
            ids: The entries that tell of them (`UndoEntry.told`), the newest first.
        """
        names = {f"{collection}:{each}" for each in records}
        yield from self._written(self._texts_of(ids), lambda _: True, names=names)

    def dropped(self) -> UndoLoss | None:
        """Return what was dropped before its time; None: nothing."""
        with guarded():
            entries, till = self._client.hmget(UNDO_STATE, "dropped", "till")
        return UndoLoss(int(entries), _moment(int(till))) if entries and till else None

    def _written(
        self,
        texts: Iterable[tuple[str, str]],
        holds: Callable[[str], bool],
        wants: Callable[[Row], bool] = lambda _: True,
        *,
        names: Names[str] | None = None,
    ) -> Iterator[UndoEntry]:
        """
        Yield the newest first.

        Args:
            texts: Ids and texts of entries.
            holds: Quick check of the text of an entry.
            wants: Of a value.
            names: Of these records alone.
        """
        known: set[tuple[str, str, int, str]] = set()
        for id, text in texts:
            for each in written(text) if holds(text) else ():
                for row in each.rows if names is None or each.name in names else ():
                    own = (each.name, row.slug, row.arrival, row.run)
                    if wants(row) and own not in known:
                        known.add(own)
                        yield _entry(each.name, row, _moment(ms_of(id)), sure=each.sure, told=id)

    def _texts(self, since_ms: int = 0) -> Iterator[tuple[str, str]]:
        """Yield the entries from *since_ms* on, the newest first; one may come twice."""
        client = self._client
        with guarded():
            end = int(client.llen(UNDO_IDS))
        # By places from the begin: where the oldest go meanwhile, some are read twice, none not.
        for start in range(end - _IDS, -_IDS, -_IDS):
            with guarded():
                ids = client.lrange(UNDO_IDS, max(0, start), start + _IDS - 1)
            yield from self._texts_of([id for id in reversed(ids) if ms_of(id) >= since_ms])

    def _texts_of(self, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        left, count = list(reversed(ids)), 1
        while left:
            page = [left.pop() for _ in range(min(count, len(left)))]
            with guarded():
                texts = self._client.hmget(UNDO, page)
            yield from ((id, str(text)) for id, text in zip(page, texts, strict=True) if text)
            # An entry may have some hundred bytes, or some million.
            size = sum(map(len, filter(None, texts))) or 1
            count = max(1, min(_AT_ONCE, 2 * count, count * _BYTES // size))

    def _unwritten(self) -> Iterator[str]:
        """Yield the records that have something to send, or values in a dead letter."""
        client, found = self._client, set()
        with guarded():
            for key in client.scan_iter(f"{PREFIX}*", count=1000, _type="zset"):
                if kind_of(str(key)) in ("due", "waiting"):
                    collection = rest_of(str(key)).partition(":")[0]
                    members = client.zscan_iter(key, count=1000)
                    found |= {f"{collection}:{each}" for each, _ in members}
            letters = list({str(id) for id, _ in client.zscan_iter(LETTERS, count=1000)})
        for start in range(0, len(letters), _AT_ONCE):
            with guarded(), client.pipeline(transaction=False) as pipeline:
                for id in letters[start : start + _AT_ONCE]:
                    pipeline.hmget(letter(id), "collection", "record")
                pairs = pipeline.execute()
            found |= {f"{collection}:{record}" for collection, record in pairs if record}
        yield from sorted(found)

    def _waiting(self, names: Sequence[str]) -> Iterator[UndoEntry]:
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                collection, _, record = name.partition(":")
                pipeline.hgetall(item(collection, record))
            found = pipeline.execute()
        for name, stored in zip(names, found, strict=True):
            for field_name, text in unpacked(stored).items():
                if (slug := slug_of(field_name)) is not None:
                    yield from _unwritten_of(name, slug, FieldRecord.parse(text))


def _unwritten_of(name: str, slug: str, held: FieldRecord) -> Iterator[UndoEntry]:
    """Yield the value of a field that is not written, and the one that a run is to write again."""
    row = Row(
        slug,
        held.arrival,
        held.version,
        held.type,
        held.source,
        held.run,
        held.undo,
        held.before_type,
        "null" if slug == GONE else held.before or "",
        held.value,
    )
    at = _moment(held.came or held.since)
    if held.state in ("pending", "dead"):
        yield replace(_entry(name, row, at, sure=True), waits=True)
    elif held.mended is not None and held.wants_repair:
        run, before, kind = held.mended
        row = replace(row, run=run, before=before, before_type="" if kind == held.type else kind)
        yield replace(_entry(name, row, at, sure=True), waits=True)


def _entry(name: str, row: Row, at: datetime, *, sure: bool, told: str = "") -> UndoEntry:
    collection, _, record = name.partition(":")
    retires = row.slug == GONE and row.value != "null"
    return UndoEntry(
        collection=collection,
        record=record,
        locale=tag_of(row.slug),
        slug=row.slug,
        act="create" if not row.slug else "retire" if retires else "write",
        arrival=row.arrival,
        version=row.version,
        before=row.before or None,
        value=row.value,
        type=row.type,
        source=row.source,
        run=row.run or None,
        at=at,
        sure=sure,
        before_type=row.before_type,
        undone=row.undo,
        told=told,
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
