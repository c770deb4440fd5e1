"""
The records of one reading, in a temporary SQLite file: bounded memory, and read more than once.

A record that came on an earlier page, with the same keys, is replaced by the later one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from service.reconcile.state.scratch_file import ScratchFile

_SCHEMA = """
CREATE TABLE records (number INTEGER PRIMARY KEY, payload TEXT);
CREATE TABLE ids (id TEXT PRIMARY KEY, number INTEGER, page INTEGER) WITHOUT ROWID;
CREATE INDEX ids_by_number ON ids (number);
"""


class ReadRecords(ScratchFile):
    """The records, numbered from 1."""

    def __init__(self) -> None:
        super().__init__("instep-pull-", _SCHEMA)
        self._last = 0

    def __len__(self) -> int:
        return int(self._db.execute("SELECT COUNT(*) FROM records").fetchone()[0])

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        for number, payload in self._db.execute("SELECT number, payload FROM records ORDER BY 1"):
            yield number, json.loads(payload)

    def add(self, payload: str, ids: Sequence[str], page: int) -> tuple[str, int] | None:
        """
        Add a record, as JSON text.

        Args:
            ids: The keys that the mappings read in it.
            page: Its page, from 1.

        Returns:
            One of *ids* that an earlier page had, and which page; None: there was none.
        """
        self._last += 1
        repeated, numbers = None, set()
        for id in ids:
            row = self._db.execute("SELECT number, page FROM ids WHERE id = ?", (id,)).fetchone()
            if row and row[1] < page:
                repeated = (id, row[1])
                numbers.add(row[0])
        for number in numbers:
            self._replace(number, ids)
        self._db.execute("INSERT INTO records VALUES (?, ?)", (self._last, payload))
        for id in ids:
            self._db.execute("INSERT OR REPLACE INTO ids VALUES (?, ?, ?)", (id, self._last, page))
        return repeated

    def digest(self) -> str:
        """Return a digest of all keys: equal for two readings of the same records."""
        whole = hashlib.sha256()
        for (id,) in self._db.execute("SELECT id FROM ids ORDER BY id"):
            whole.update(id.encode(errors="surrogatepass") + b"\n")
        return whole.hexdigest()

    def _replace(self, number: int, ids: Sequence[str]) -> None:
        """Remove an earlier record, unless it has keys that the later one lacks."""
        rows = self._db.execute("SELECT id FROM ids WHERE number = ?", (number,))
        if {id for (id,) in rows} <= set(ids):
            self._db.execute("DELETE FROM records WHERE number = ?", (number,))
