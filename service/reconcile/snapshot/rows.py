"""From the records of a snapshot to changes, by the mappings for the source's live events."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.mapping.compiled import Rule
from service.mapping.registry import applied
from service.reconcile.snapshot.mapping_choice import MappingChoice
from service.reconcile.snapshot.records import Records
from service.reconcile.snapshot.shape_check import ShapeFit
from workers.model.changes import Change, FieldProblem, time_version

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One mapped record of a snapshot.

    Args:
        number: Its line, position or row, from 1 (see `Records.word`).
        changes: Empty if there are problems.
        problems: Why it cannot be mapped; nothing of it is used.
        records: Every readable key (or item id), also of a record with problems, without fields, or
            skipped: the source has it, so its item is no orphan.
        skipped: No mapping takes it: ``each`` and ``when`` let nothing through.
    """

    number: int
    changes: tuple[Change, ...]
    problems: tuple[FieldProblem, ...] = ()
    records: tuple[str, ...] = ()
    skipped: bool = False


class Rows:
    """
    The rows of a snapshot, read once and in bounded memory.

    Attributes:
        records: Their source; has ``size``, ``read`` and ``unit`` for progress.
        version: The snapshot's time. A change only has the version of its mapping.
        count: Records so far; still 0 at the end: the snapshot is empty.
        skipped: Number of those that no mapping takes.
        bad: Number of those with problems.
    """

    def __init__(self, records: Records, chosen: MappingChoice) -> None:
        self.records = records
        self.chosen = chosen
        self.version = time_version(records.as_of)
        self.count = self.skipped = self.bad = 0

    def __iter__(self) -> Iterator[Row]:
        """
        Yield the mapped records.

        Raises:
            SnapshotInvalid: As `Records` does; or no record can be used, because a mapping finds
                nothing in any of them.
        """
        fit = ShapeFit(self.chosen.rules)
        for number, payload in self.records:
            self.count += 1
            fit.see(payload)
            row = mapped_row(self.chosen.rules, number, payload)
            self.skipped += row.skipped
            self.bad += bool(row.problems)
            yield row
        if self.count and self.count == self.skipped + self.bad:
            fit.require(self.records.name, self.count)


def mapped_row(rules: Sequence[Rule], number: int, payload: Any) -> Row:
    """Map the record *payload*, the one of *number*, by *rules*, which are of one source."""
    keys = tuple(dict.fromkeys(key for rule in rules for key in rule.records(payload)))
    try:
        mapped = applied(rules, payload, None, [])
        none = not mapped.changes and not mapped.problems
        skipped = none and not any(rule.takes(payload) for rule in rules)
    except Exception as error:  # mappings are the user's code
        _log.exception("mapping failed", extra={"source": rules[0].options.source})
        problem = FieldProblem(
            "mapping", f"the mapping raised {type(error).__name__}; the log has its traceback"
        )
        return Row(number, (), (problem,), keys)
    changes = () if mapped.problems else mapped.changes
    return Row(number, changes, mapped.problems, keys, skipped)
