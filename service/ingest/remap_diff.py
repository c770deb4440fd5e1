"""The differences that a remap would make: on disk, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from workers.model.retirement import GONE
from workers.store.delivery_log import Taken

_TABLES: Final = """
CREATE TABLE fields (
    place TEXT, slug TEXT, collection TEXT, record TEXT, old TEXT, new TEXT, stored TEXT,
    PRIMARY KEY (place, slug)
) WITHOUT ROWID;
CREATE TABLE letters (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_ADD: Final = """
INSERT INTO fields VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET new = excluded.new, stored = excluded.stored
"""


class RemapDiff:
    """The first and the last value of each field that a run changes."""

    def __init__(self) -> None:
        # Here: it takes 0.9 MB, and few processes ever remap.
        import sqlite3

        # "": a temporary database on disk, removed with the connection.
        self._disk = sqlite3.connect("", isolation_level=None)
        self._disk.executescript(_TABLES)

    def add(self, taken: Iterable[Taken], letters: Iterable[str]) -> None:
        """Record field values that would be written, and *letters* that would close."""
        self._disk.execute("BEGIN")
        rows = ((f"{t.collection}:{t.record}", t) for t in taken)
        self._disk.executemany(
            _ADD,
            ((place, t.slug, t.collection, t.record, t.old, t.new, t.stored) for place, t in rows),
        )
        self._disk.executemany(
            "INSERT OR IGNORE INTO letters VALUES (?)", ((id,) for id in letters)
        )
        self._disk.execute("COMMIT")

    def assumed(self, places: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the fields of *places* (collection:record) as the run would have stored them."""
        found: dict[str, dict[str, str]] = {}
        for place in places:
            rows = self._disk.execute("SELECT slug, stored FROM fields WHERE place = ?", (place,))
            fields = {slug: stored for slug, stored in rows if stored is not None}
            if fields:
                found[place] = fields
        return found

    def changed(self) -> tuple[int, int]:
        """Return the number of fields that change, and of their items."""
        found = self._disk.execute(
            "SELECT count(*), count(DISTINCT place) FROM fields WHERE old IS NOT new"
        ).fetchone()
        return int(found[0]), int(found[1])

    def letters(self) -> int:
        """Return the number of dead letters that close."""
        return int(self._disk.execute("SELECT count(*) FROM letters").fetchone()[0])

    def overwritten(self) -> dict[str, int]:
        """Return by collection how many items get a value in place of another; no retirements."""
        found = self._disk.execute(
            "SELECT collection, count(DISTINCT place) FROM fields "
            "WHERE old IS NOT NULL AND old IS NOT new AND slug IS NOT ? GROUP BY collection",
            (GONE,),
        )
        return {str(name): int(items) for name, items in found}

    def first_values(self) -> Iterator[tuple[str, str]]:
        """Yield collection and record of the items of which no field that changes held a value."""
        yield from self._disk.execute(
            "SELECT collection, record FROM fields WHERE slug IS NOT ? GROUP BY collection, record "
            "HAVING count(old) = 0 ORDER BY collection",
            (GONE,),
        )

    def rows(self, limit: int) -> Iterator[Taken]:
        """Yield up to *limit* changed fields, with the first and the last value."""
        yield from (
            Taken(*row)
            for row in self._disk.execute(
                "SELECT collection, record, slug, old, new FROM fields WHERE old IS NOT new "
                "ORDER BY place, slug LIMIT ?",
                (limit,),
            )
        )

    def close(self) -> None:
        self._disk.close()
