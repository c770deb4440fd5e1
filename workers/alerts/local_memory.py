"""
What this process has said while it could not reach the store, in a file of this machine.

So a process that is killed then has its successor say that the store is back, and not once more
that it is away. Without a disk that can be written it is kept in memory alone.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from workers.alerts.memory_form import dump_memory, load_memory
from workers.alerts.rules import Memory


class LocalMemory:
    """*path*: of the file, which exists only while something is remembered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.value = self._read()

    def keep(self, memory: Memory) -> None:
        """Remember *memory*, and write it if what was said has changed."""
        before, self.value = self.value, memory
        if not memory.causes:
            if before.causes:
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)
        elif [each.told for each in memory.causes.values()] != [
            each.told for each in before.causes.values()
        ]:
            self._write(memory)

    def _write(self, memory: Memory) -> None:
        draft = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(dump_memory(memory)))
            draft.replace(self._path)

    def _read(self) -> Memory:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return Memory()
        return load_memory(found) if isinstance(found, dict) else Memory()
