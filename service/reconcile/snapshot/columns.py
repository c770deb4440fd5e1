"""Rows of columns as payloads: a column named ``data.sku`` fills ``{"data": {"sku": …}}``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workers.errors import SnapshotInvalid

Steps = tuple[str, ...]


class Columns:
    """
    The columns of a snapshot.

    Args:
        names: In order; a column without a name is left out.
        where: Where problems are reported.

    Raises:
        SnapshotInvalid: A name is repeated, or lies within another.
    """

    def __init__(self, names: Sequence[str], where: str) -> None:
        self.names = tuple(names)
        self._where = where
        self._steps = tuple(_steps(name) if name else None for name in names)
        self._flat = all(steps is not None and len(steps) == 1 for steps in self._steps)
        self._refuse_clashes()

    def record(self, values: Iterable[Any]) -> dict[str, Any]:
        """Return the payload of one row, with as many *values* as there are columns."""
        if self._flat:
            return dict(zip(self.names, values, strict=True))
        record: dict[str, Any] = {}
        for steps, value in zip(self._steps, values, strict=True):
            if steps is None:
                continue
            place = record
            for step in steps[:-1]:
                place = place.setdefault(step, {})
            place[steps[-1]] = value
        return record

    def _refuse_clashes(self) -> None:
        seen: dict[Steps, str] = {}
        for name, steps in zip(self.names, self._steps, strict=True):
            if steps is None:
                continue
            if steps in seen:
                raise self._invalid(f"two columns named {name!r}")
            seen[steps] = name
        for steps, name in seen.items():
            for length in range(1, len(steps)):
                if steps[:length] in seen:
                    raise self._invalid(f"a column {seen[steps[:length]]!r} beside {name!r}")

    def _invalid(self, found: str) -> SnapshotInvalid:
        expected = "columns with different names"
        return SnapshotInvalid(self._where, found, expected, "rename one of them")


def under(name: str | None, record: dict[str, Any]) -> dict[str, Any]:
    for step in reversed(name.split(".")) if name else ():
        record = {step: record}
    return record


def _steps(name: str) -> Steps:
    steps = tuple(name.split("."))
    return steps if all(steps) else (name,)  # "Art.Nr." is no path
