"""
The records that a source has given by its snapshots: only those count as gone when missing.

The outbox knows what events gave, and new values of snapshots, but learns nothing from values that
were in step. `keys.given` is a set of keys: those of the last whole snapshot, of items that it
lacked and that still exist, and of partial snapshots since, or before the first whole one.
``:as-of`` has the time of the last whole snapshot, ms; without it there was none.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice

from service.reconcile.plan import causes
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.plan.orphans import FOREIGN
from service.reconcile.state.working_set import WorkingSet
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded

AT_ONCE = 500  # keys of one command
LIVES_MS = 3_600_000  # lifetime of the data of a run that died


class SourceRecords:
    """
    The records of one source.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, context: Context, collection: str, source: str, as_of_ms: int) -> None:
        self._client = context.steps.client
        self._offset_ms = context.steps.clock_offset_ms
        self._source = source
        self._as_of_ms = as_of_ms
        self._key = keys.given(collection, source)

    @cached_property
    def superseded(self) -> bool:
        """Whether a later snapshot of the source was reconciled before this run."""
        with guarded():
            last = self._client.get(f"{self._key}:as-of")
        return last is not None and int(last) > self._as_of_ms

    def marked(self, page: Sequence[ComparedRecord]) -> list[ComparedRecord]:
        """
        Return *page* with the records marked that the source has had.

        Before the first whole snapshot of a source is remembered, a record without a source counts
        as its own: so its policy for orphans holds for items that were there before Instep was. A
        partial one tells nothing of those that it lacks.
        """
        with guarded():
            first = not self._client.exists(f"{self._key}:as-of")
            found = self._client.smismember(self._key, [one.record for one in page])
        return [
            replace(one, given=bool(flag) or self._is_own(one.held.by, first=first))
            for one, flag in zip(page, found, strict=True)
        ]

    def _is_own(self, by: Collection[str], *, first: bool) -> bool:
        return self._source in by or (first and not by)

    def keep(self, table: WorkingSet, *, whole: bool) -> None:
        """Store the records of a snapshot; *whole*: replacing the earlier ones."""
        if not whole or self.superseded:
            return self._add(self._key, table.records())
        new = f"{self._key}:{uuid.uuid4().hex}"
        self._add(new, table.records())
        self._add(new, _lacking(table))
        with guarded():
            # A time in the future would make all later snapshots old.
            now_ms = int(self._client.time()[0]) * 1000 + self._offset_ms
            exists = self._client.exists(new)
            with self._client.pipeline(transaction=True) as pipeline:
                if exists:
                    pipeline.persist(new)
                    pipeline.rename(new, self._key)
                pipeline.set(f"{self._key}:as-of", min(self._as_of_ms, now_ms))
                pipeline.execute()
        return None

    def _add(self, key: str, records: Iterable[str]) -> None:
        left = iter(records)
        while chunk := list(islice(left, AT_ONCE)):
            with guarded():
                self._client.sadd(key, *chunk)
                if key != self._key:
                    self._client.pexpire(key, LIVES_MS)


def _lacking(table: WorkingSet) -> Iterator[str]:
    """Yield the records that the snapshot lacks and whose items may still exist."""
    among = (causes.ORPHAN, causes.UNDECIDED, causes.RETIRED, causes.LATER)
    for finding, _ in table.findings(causes=among):
        if finding.record and finding.why != FOREIGN:
            yield finding.record
