"""
Snapshot and listing side by side, joined by key, in a temporary SQLite file: bounded memory.

It lives for one run, in a directory of its own that is removed with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField
from service.reconcile.state.findings_table import FINDINGS, FindingsTable
from service.reconcile.state.reference_ids import REFERS
from service.reconcile.state.scratch_file import ScratchFile
from workers.model.versions import kind_of

PAGE = 500  # records that are compared together

_SCHEMA = """
CREATE TABLE records (record TEXT PRIMARY KEY, number INTEGER, twice INTEGER, shown TEXT)
    WITHOUT ROWID;
CREATE TABLE wanted (record TEXT, slug TEXT, value TEXT, type TEXT, version TEXT, mapping TEXT,
    on_create INTEGER,
    PRIMARY KEY (record, slug)) WITHOUT ROWID;
CREATE TABLE items (id TEXT PRIMARY KEY, record TEXT, updated TEXT, published TEXT, created TEXT,
    archived INTEGER, draft INTEGER, fields TEXT) WITHOUT ROWID;
CREATE INDEX items_by_record ON items (record);
CREATE TABLE variants (id TEXT, tag TEXT, updated TEXT, published TEXT, created TEXT,
    archived INTEGER, draft INTEGER, fields TEXT, PRIMARY KEY (id, tag)) WITHOUT ROWID;
CREATE TABLE copies (id TEXT PRIMARY KEY, record TEXT, updated TEXT, published TEXT, created TEXT,
    archived INTEGER, draft INTEGER, fields TEXT) WITHOUT ROWID;
CREATE TABLE unnoted (record TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE known (record TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
"""


class WorkingSet(ScratchFile, FindingsTable):
    """The data of one run."""

    def __init__(self) -> None:
        super().__init__("instep-reconcile-", _SCHEMA + FINDINGS)

    # the source -----------------------------------------------------------------------------

    def add_record(
        self, record: str, number: int, wanted: Iterable[SourceField], shown: str | None = None
    ) -> None:
        """
        Add the values of record *number* of the source; with another number, the key is a
        duplicate.

        A record without values (no mapping takes it, or it is invalid) is kept as present.
        """
        values = [
            (record, w.slug, w.value, w.type, w.version, w.mapping, w.on_create) for w in wanted
        ]
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, 0, ?) ON CONFLICT DO UPDATE SET "
            "twice = MAX(twice, number > 0 AND excluded.number > 0 AND number != excluded.number), "
            "number = MAX(number, excluded.number), shown = COALESCE(excluded.shown, shown)",
            (record, number if values else -1, shown),
        )
        self._db.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "value = excluded.value, type = excluded.type, version = excluded.version, "
            "mapping = excluded.mapping, on_create = excluded.on_create "
            "WHERE excluded.version >= version",
            values,
        )

    def shown(self, record: str | None) -> str | None:
        """Return the key *record* as the source has it; None: it has no such record."""
        query = "SELECT COALESCE(shown, record) FROM records WHERE record = ?"
        row = self._db.execute(query, (record,)).fetchone()
        return row[0] if row else None

    def records(self) -> Iterator[str]:
        for (record,) in self._db.execute("SELECT record FROM records"):
            yield record

    def types_by_slug(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT DISTINCT slug, type FROM wanted"))

    def targets(self) -> list[str]:
        """Return the collections that values refer to by keys."""
        marks = ", ".join("?" for _ in REFERS)
        query = (
            "SELECT DISTINCT json_extract(value, '$.to') FROM wanted "  # noqa: S608
            f"WHERE type IN ({marks}) AND value != 'null'"
        )
        return sorted(row[0] for row in self._db.execute(query, REFERS))

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield type and value of references by keys."""
        marks = ", ".join("?" for _ in REFERS)
        query = f"SELECT DISTINCT type, value FROM wanted WHERE type IN ({marks})"  # noqa: S608
        yield from self._db.execute(query, REFERS)

    def is_sequenced(self) -> bool:
        """Whether the source numbers its changes instead of timing them."""
        found = self._db.execute("SELECT DISTINCT version FROM wanted WHERE version != '' LIMIT 1")
        first = found.fetchone()
        return first is not None and kind_of(first[0]) == "s"

    def add_known(self, ids: Iterable[tuple[str, str]]) -> None:
        """Add record and item id of the index, as before the listing."""
        self._db.executemany("INSERT OR REPLACE INTO known VALUES (?, ?)", ids)

    def replaced(self) -> list[tuple[str, str]]:
        """Return record and former id of those that are listed with another item."""
        query = (
            "SELECT DISTINCT known.record, known.id FROM known JOIN items USING (record) "
            "WHERE known.id NOT IN (SELECT id FROM items)"
        )
        return self._db.execute(query).fetchall()

    # the listing ----------------------------------------------------------------------------

    def add_item(self, record: str | None, item: ListedItem) -> None:
        row = _row(item, record)
        self._db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def add_variant(self, tag: str, item: ListedItem) -> None:
        row = _row(item, tag)
        self._db.execute("INSERT OR REPLACE INTO variants VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def changed_since_published(self) -> Iterator[tuple[str, ListedItem]]:
        """Yield record and item, for records of the source, changed since they were published."""
        query = (
            "SELECT * FROM items WHERE updated > published "
            "AND record IN (SELECT record FROM wanted) ORDER BY record, id"
        )
        for row in self._db.execute(query).fetchall():
            yield row[1], _item(row)

    def queued(self) -> Iterator[tuple[str, ListedItem]]:
        """
        Yield record and item, with a record, that a publish may change on the site, or would if it
        were no draft.
        """
        query = (
            "SELECT * FROM items WHERE record IS NOT NULL "
            "AND NOT (draft AND (archived OR published IS NULL)) "
            "AND (updated > published OR published IS NULL) ORDER BY record, id"
        )
        for row in self._db.execute(query).fetchall():
            yield row[1], _item(row)

    def add_unnoted(self, records: Iterable[str]) -> None:
        """Keep the records whose items are staged without a publish that is noted."""
        rows = ((record,) for record in records)
        self._db.executemany("INSERT OR IGNORE INTO unnoted VALUES (?)", rows)

    def add_live(self, item: ListedItem) -> None:
        row = _row(item, None)
        self._db.execute("INSERT OR REPLACE INTO copies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def variants(self, id: str | None = None) -> Iterator[tuple[str, ListedItem]]:
        """Yield tag and variant of one item, or of all."""
        query = "SELECT * FROM variants WHERE ? IS NULL OR id = ? ORDER BY id, tag"
        for row in self._db.execute(query, (id, id)).fetchall():
            yield row[1], _item(row)

    def item(self, id: str) -> ListedItem | None:
        row = self._db.execute("SELECT * FROM items WHERE id = ?", (id,)).fetchone()
        return _item(row) if row else None

    def ids_of(self, records: Iterable[str]) -> dict[str, str]:
        """Return the ids of the items of *records*; of several, the oldest."""
        query = "SELECT id FROM items WHERE record = ? ORDER BY created, id LIMIT 1"
        found = ((record, self._db.execute(query, (record,)).fetchone()) for record in records)
        return {record: row[0] for record, row in found if row}

    def keyless(self) -> Iterator[ListedItem]:
        for row in self._db.execute("SELECT * FROM items WHERE record IS NULL ORDER BY id"):
            yield _item(row)

    # side by side ---------------------------------------------------------------------------

    def pages(self) -> Iterator[list[ComparedRecord]]:
        """Yield every record of either side, ordered by key, `PAGE` at a time."""
        last = ""
        while True:
            rows = self._db.execute(
                "SELECT record FROM records WHERE record > ? UNION "
                "SELECT record FROM items WHERE record > ? ORDER BY record LIMIT ?",
                (last, last, PAGE),
            ).fetchall()
            if not rows:
                return
            page = [row[0] for row in rows]
            yield list(self._joined(page))
            last = page[-1]

    def _joined(self, page: list[str]) -> Iterator[ComparedRecord]:
        span = (page[0], page[-1])
        known = {
            record: (number, bool(twice))
            for record, number, twice in self._db.execute(
                "SELECT record, number, twice FROM records WHERE record BETWEEN ? AND ?", span
            )
        }
        wanted: dict[str, list[SourceField]] = {}
        for record, *rest in self._db.execute(
            "SELECT * FROM wanted WHERE record BETWEEN ? AND ? ORDER BY record, slug", span
        ):
            wanted.setdefault(record, []).append(SourceField(*rest))
        items: dict[str, list[ListedItem]] = {}
        for row in self._db.execute(
            "SELECT * FROM items WHERE record BETWEEN ? AND ? ORDER BY created, id", span
        ):
            items.setdefault(row[1], []).append(_item(row))
        ids = dict(self._db.execute("SELECT * FROM known WHERE record BETWEEN ? AND ?", span))
        moved = {
            row[0]
            for row in self._db.execute(
                "SELECT known.record FROM known JOIN items ON items.id = known.id "
                "WHERE known.record BETWEEN ? AND ? AND items.record IS NOT known.record",
                span,
            )
        }
        copies = {
            row[0]: _item(row)
            for row in self._db.execute(
                "SELECT copies.* FROM copies JOIN items USING (id) "
                "WHERE items.record BETWEEN ? AND ?",
                span,
            )
        }
        query = "SELECT record FROM unnoted WHERE record BETWEEN ? AND ?"
        unnoted = {row[0] for row in self._db.execute(query, span)}
        for record in page:
            number, twice = known.get(record, (0, False))
            own, listed = tuple(wanted.get(record, ())), tuple(items.get(record, ()))
            yield ComparedRecord(
                record,
                number,
                twice,
                own,
                listed,
                ids.get(record),
                moved=record in moved,
                live=copies.get(listed[0].id) if len(listed) == 1 else None,
                unnoted=record in unnoted,
            )

    def count(self) -> int:
        """Return how many records there are."""
        return int(self._db.execute("SELECT COUNT(*) FROM records").fetchone()[0])

    def wanted_of(self, record: str) -> tuple[SourceField, ...]:
        """Return the source's values of one record."""
        rows = self._db.execute("SELECT * FROM wanted WHERE record = ? ORDER BY slug", (record,))
        return tuple(SourceField(*row[1:]) for row in rows)


def _row(item: ListedItem, second: str | None) -> tuple[Any, ...]:
    """Return *item* as a row; the second column is its record, or its locale."""
    times = (item.updated, item.published, item.created)
    return (item.id, second, *times, item.archived, item.draft, json.dumps(dict(item.fields)))


def _item(row: tuple[Any, ...]) -> ListedItem:
    id, _, updated, published, created, archived, draft, text = row
    return ListedItem(
        id, json.loads(text), updated, published, created, bool(archived), bool(draft)
    )
