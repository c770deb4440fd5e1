"""
The records that need a person: deletes that wait for approval, dead letters, and what waits long.

Each of these stands in a list of the store by time, so that a page is read at once, however many
records there are.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from service.operate.list_cursor import as_cursor, parts_of
from service.operate.record_hits import Record
from service.operate.record_pages import ATTENTION, Filters, Part, read_page
from workers.delivery.context import Context
from workers.store import held_keys, keys
from workers.store.connection import guarded
from workers.store.item_record import left_out_of

LONG: Final = 600.0  # s after which what waits needs a person
_ALL: Final = Filters(ATTENTION)
_PART: Final = 50  # entries that are read at once
_LETTER: Final = ("kind", "state", "collection", "record")
_HELD, _DEAD, _WAITS = range(3)  # the lists, in the order in which they are shown


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of one of the lists; *name*: a record, or a letter and a record."""

    list: int
    collection: str
    score: int
    name: str
    record: Record
    letter: str = ""

    def cursor(self, looked: int) -> str:
        return as_cursor(self.list, self.collection, self.score, self.name, looked)


def list_attention(
    context: Context,
    *,
    collections: Names[str],
    filters: Filters = _ALL,
    cursor: str | None = None,
    limit: int,
) -> Part:
    """
    Return the records of *collections* that need a person, the oldest of each kind first.

    Raises:
        FilterInvalid: The cursor is none of this list.
        StoreUnavailable: The store did not answer.
    """
    parts = parts_of(cursor, int, str, int, str, int)
    place, looked = (parts[:4], parts[4]) if parts else (None, 0)
    entries = _entries(context, sorted(collections), place)

    def shows(entry: _Entry, hit: dict[str, Any]) -> bool:
        return _is_first(entry, hit) and filters.show(hit)

    return read_page(context, entries, shows, limit, looked)


def _is_first(entry: _Entry, hit: Mapping[str, Any]) -> bool:
    """Tell whether no earlier entry of the lists shows the record; cursors hold no memory."""
    letters = hit["letters"]
    if entry.list == _HELD:
        return bool(hit["approval"])
    if entry.list == _DEAD:
        return not hit["approval"] and entry.letter in letters[:1]
    return not hit["approval"] and not letters


def _entries(
    context: Context, collections: Sequence[str], place: tuple[Any, ...] | None
) -> Iterator[_Entry]:
    """Yield the entries of all lists, behind *place*: list, collection, score, name."""
    lists = ((_HELD, _held), (_DEAD, _dead), (_WAITS, _waiting))
    for number, read in lists:
        if place and number < place[0]:
            continue
        here = place[1:] if place and number == place[0] else None
        yield from read(context, collections, here)


def _held(
    context: Context, collections: Sequence[str], place: tuple[Any, ...] | None
) -> Iterator[_Entry]:
    client: Any = context.steps.client
    for name in collections:
        if place and name < place[0]:
            continue
        with guarded():
            asks = client.hexists(keys.collection(name), held_keys.ASKS)
        if asks:
            key = held_keys.held(name)
            for score, record in _by_time(client, key, _behind(place, name), "+inf"):
                yield _Entry(_HELD, name, score, record, (name, record))


def _waiting(
    context: Context, collections: Sequence[str], place: tuple[Any, ...] | None
) -> Iterator[_Entry]:
    client: Any = context.steps.client
    with guarded():
        seconds, _ = client.time()
    most = int((seconds - LONG) * 1000) + context.steps.clock_offset_ms
    for name in collections:
        if place and name < place[0]:
            continue
        for score, record in _by_time(client, keys.waiting(name), _behind(place, name), str(most)):
            yield _Entry(_WAITS, name, score, record, (name, record))


def _dead(
    context: Context, collections: Sequence[str], place: tuple[Any, ...] | None
) -> Iterator[_Entry]:
    client: Any = context.steps.client
    behind = None
    if place:
        id = place[2].partition(" ")[0]
        begun = _of_letter(client, place[1], id, collections)
        yield from (each for each in begun if each.name > place[2])
        behind = (place[1], id)
    letters = _by_time(client, keys.LETTERS, behind, "+inf")
    while part := list(islice(letters, _PART)):
        for score, id, held in _read_letters(client, part):
            yield from _records_of(score, id, held, collections)


def _of_letter(client: Any, score: int, id: str, collections: Sequence[str]) -> Iterator[_Entry]:
    for _, _, held in _read_letters(client, [(score, id)]):
        yield from _records_of(score, id, held, collections)


def _read_letters(
    client: Any, letters: Sequence[tuple[int, str]]
) -> Iterator[tuple[int, str, list[Record]]]:
    """Yield each of *letters* that is open, with its records: of an event there may be many."""
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for _, id in letters:
            pipeline.hmget(keys.letter(id), _LETTER)
        heads = pipeline.execute()
    for (score, id), (kind, state, name, record) in zip(letters, heads, strict=True):
        if state != "open":
            continue
        found = [(name, record)] if name and record else []
        if kind == "unmapped":
            with guarded():
                names = client.hkeys(keys.letter(id))
            found += [left[:2] for left in map(left_out_of, sorted(names)) if left]
        yield score, id, list(dict.fromkeys(found))


def _records_of(
    score: int, id: str, records: Sequence[Record], collections: Sequence[str]
) -> Iterator[_Entry]:
    entries = (
        _Entry(_DEAD, "", score, f"{id} {name}:{record}", (name, record), id)
        for name, record in records
        if name in collections
    )
    yield from sorted(entries, key=lambda each: each.name)


def _behind(place: tuple[Any, ...] | None, collection: str) -> tuple[int, str] | None:
    return place[1:] if place and place[0] == collection else None


def _by_time(
    client: Any, key: str, behind: tuple[int, str] | None, most: str
) -> Iterator[tuple[int, str]]:
    """Yield score and member of a sorted set, up to the score *most*."""
    least: int | str = "-inf" if behind is None else behind[0]
    start = 0
    while True:
        with guarded():
            page = client.zrangebyscore(key, least, most, start, _PART, withscores=True)
        for member, score in page:
            if behind is None or (int(score), member) > behind:
                yield int(score), member
        if len(page) < _PART:
            return
        start += _PART
