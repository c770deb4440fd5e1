"""A temporary SQLite file, for what does not fit into memory; it is removed with the run."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import NoReturn, Self

from workers.errors import ReconcileFailed


class ScratchFile:
    """
    A context manager, which removes the file.

    Args:
        prefix: Of the name of its directory.

    Raises:
        ReconcileFailed: As it begins or ends: the disk was full, or could not be written.
    """

    def __init__(self, prefix: str, schema: str) -> None:
        try:
            self._directory = tempfile.TemporaryDirectory(prefix=prefix)
            self._db = sqlite3.connect(Path(self._directory.name, "table"), isolation_level=None)
            # Nothing outlives the run: no journal, no fsync.
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(schema)
            self._db.execute("BEGIN")
        except (OSError, sqlite3.Error) as error:
            _fail(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._db.close()
        self._directory.cleanup()
        # Of a snapshot in SQLite the reader speaks itself.
        if isinstance(error, sqlite3.Error):
            _fail(error)


def _fail(error: Exception) -> NoReturn:
    raise ReconcileFailed(
        f"found that {tempfile.gettempdir()} cannot be written ({error}), expected room there for "
        "all that is read; make room, or name another folder by TMPDIR"
    ) from error
