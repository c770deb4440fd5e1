"""
The findings of a run with their repairs and outcomes: the part of its `WorkingSet` that is written
last.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from typing import Any

from service.reconcile.plan.causes import APPROVE, DELETED, HELD, MISSING, WITHHELD, Finding

FINDINGS = """
CREATE TABLE findings (n INTEGER PRIMARY KEY, cause TEXT, record TEXT, item TEXT, slug TEXT,
    source TEXT, outbox TEXT, cms TEXT, act TEXT, why TEXT, version TEXT, type TEXT, mapping TEXT,
    arrival INTEGER, on_create INTEGER, outcome TEXT DEFAULT '');
CREATE INDEX findings_by_act ON findings (act, record);
CREATE INDEX findings_by_record ON findings (record);
"""
_COLUMNS = ", ".join(field.name for field in fields(Finding))
_MARKS = ", ".join("?" for _ in fields(Finding))


class FindingsTable:
    """Findings by number; the numbers rise in the order of finding."""

    _db: sqlite3.Connection

    def add_findings(self, findings: Iterable[Finding]) -> None:
        self._db.executemany(
            f"INSERT INTO findings ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608  # names of ours
            [_row(finding) for finding in findings],
        )

    def findings(self, *acts: str, causes: Iterable[str] = ()) -> Iterator[tuple[Finding, str]]:
        """Yield each finding with its outcome, by record; of *acts* or *causes* alone."""
        wanted = (*acts, *causes)
        where = f"WHERE {_in('act' if acts else 'cause', wanted)}" if wanted else ""
        query = f"SELECT {_COLUMNS}, outcome FROM findings {where} ORDER BY act, record, n"  # noqa: S608
        for row in self._db.execute(query, wanted):
            *values, outcome = row
            yield _finding(values), outcome

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return the number of findings by cause, act and outcome."""
        rows = self._db.execute(
            "SELECT cause, act, outcome, COUNT(*) FROM findings GROUP BY cause, act, outcome"
        )
        return {(cause, act, outcome): count for cause, act, outcome, count in rows}

    def note(self, outcomes: Iterable[tuple[str, int]]) -> None:
        """Keep the outcomes of findings, by their numbers (`open_findings`)."""
        self._db.executemany("UPDATE findings SET outcome = ? WHERE n = ?", outcomes)

    def withhold(self, why: str, acts: Iterable[str], records: Iterable[str] | None = None) -> int:
        """Withhold the repairs of *acts*, of *records* if given; return the number of findings."""
        wanted = tuple(acts)
        query = f"UPDATE findings SET act = ?, why = ? WHERE {_in('act', wanted)}"  # noqa: S608
        if records is None:
            return self._db.execute(query, (WITHHELD, why, *wanted)).rowcount
        done = [
            self._db.execute(f"{query} AND record = ?", (WITHHELD, why, *wanted, record)).rowcount
            for record in records
        ]
        return sum(done)

    def recall(self) -> None:
        """Approve the deletes that wait for approval, with those of this run."""
        self._db.execute("UPDATE findings SET act = ? WHERE act = ?", (APPROVE, HELD))

    def withhold_findings(self, why: str, numbers: Iterable[int]) -> None:
        """Withhold the repairs of single findings, by their numbers (`numbered`)."""
        query = "UPDATE findings SET act = ?, why = ? WHERE n = ?"
        self._db.executemany(query, [(WITHHELD, why, n) for n in numbers])

    def numbered(self, *acts: str) -> Iterator[tuple[int, Finding]]:
        query = f"SELECT n, {_COLUMNS} FROM findings WHERE {_in('act', acts)} ORDER BY record, n"  # noqa: S608
        for n, *values in self._db.execute(query, acts):
            yield n, _finding(values)

    def with_outcome(self, outcome: str) -> list[str]:
        """Return the record of each finding with *outcome*."""
        query = "SELECT record FROM findings WHERE outcome = ? ORDER BY record"
        return [row[0] for row in self._db.execute(query, (outcome,))]

    def records_of(self, cause: str) -> list[str]:
        """Return the records with a finding of *cause*."""
        query = (
            "SELECT DISTINCT record FROM findings WHERE cause = ? AND record IS NOT NULL "
            "ORDER BY record"
        )
        return [row[0] for row in self._db.execute(query, (cause,))]

    def acted(self, acts: Iterable[str]) -> list[str]:
        """Return the records with a repair of *acts*."""
        wanted = tuple(acts)
        query = f"SELECT DISTINCT record FROM findings WHERE {_in('act', wanted)} ORDER BY record"  # noqa: S608
        return [row[0] for row in self._db.execute(query, wanted)]

    def withheld_creations(self) -> list[str]:
        """Return the records whose creation was withheld."""
        query = (
            "SELECT DISTINCT record FROM findings WHERE act = ? AND cause IN (?, ?) ORDER BY record"
        )
        return [row[0] for row in self._db.execute(query, (WITHHELD, MISSING, DELETED))]

    def open_findings(
        self, records: Sequence[str], acts: Iterable[str]
    ) -> dict[str, list[tuple[int, Finding]]]:
        wanted = tuple(acts)
        query = f"SELECT n, {_COLUMNS} FROM findings WHERE record = ? AND {_in('act', wanted)}"  # noqa: S608
        return {
            record: [(n, _finding(row)) for n, *row in self._db.execute(query, (record, *wanted))]
            for record in records
        }


def _in(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})"


def _row(finding: Finding) -> tuple[Any, ...]:
    values = list(astuple(finding))
    values[6] = None if finding.cms is None else json.dumps(finding.cms)
    return tuple(values)


def _finding(values: list[Any]) -> Finding:
    values[6] = json.loads(values[6]) if values[6] is not None else None
    return Finding(*values)
