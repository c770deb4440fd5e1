"""The records of a pull as a snapshot (`service.reconcile.snapshot.records`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from service.mapping.text_cells import Cells
from service.pulls.read_records import ReadRecords
from service.pulls.reading import Reading
from service.pulls.requester import Requester
from service.reconcile.snapshot.records import Record
from service.reconcile.snapshot.snapshot_time import MARGIN
from workers.config.pull import Pull
from workers.errors import PullFailed


class PulledRecords:
    """
    What was read of a source, for each of its collections.

    Args:
        as_of: When the first request was sent.
        requester: Of both readings.
        again: Reads the source once more, into empty records; raises PullFailed.
    """

    word = "record"
    unit = "records"
    margin = MARGIN

    def __init__(
        self,
        pull: Pull,
        reading: Reading,
        as_of: datetime,
        requester: Requester,
        again: Callable[[ReadRecords], Reading],
    ) -> None:
        self.name = f"pull {pull.name}"
        self.source = pull.name
        self.as_of = as_of
        self.read = 0
        self._pull = pull
        self._reading = reading
        self._requester = requester
        self._again = again
        self._confirmed = False
        self._failures = [reading.failure]

    @property
    def size(self) -> int | None:
        return len(self._reading.records)

    @property
    def calls(self) -> int:
        """Requests to the source."""
        return self._requester.calls

    @property
    def validators(self) -> Mapping[str, str]:
        """What a conditional request needs."""
        return self._reading.validators

    @property
    def rest(self) -> float:
        """Seconds for which the source asked to be left alone; 0.0: it did not."""
        return max((each.retry_after or 0.0 for each in self._failures if each), default=0.0)

    @property
    def doubt(self) -> str:
        """Why they are not all records of the source; empty: they are."""
        return self._reading.doubt

    @property
    def partial(self) -> bool:
        """Whether a record that is missing here may well exist."""
        return bool(self.doubt) or not self._pull.is_whole

    def __iter__(self) -> Iterator[Record]:
        self.read = 0
        for number, payload in self._reading.records:
            self.read += 1
            yield number, payload if self._pull.format == "json" else Cells(payload)

    def confirm(self, moved: Callable[[], object]) -> str:
        """
        Return why a record that is missing here may exist; empty: a second reading found the same
        records.

        While a list is paged, a record that is deleted moves all later ones up: one of them is on
        no page. No single reading shows that, whatever it counts.
        """
        if not self._confirmed:
            self._confirmed = True
            before = self._requester.moved
            self._requester.moved = lambda: (before(), moved())
            self._reading.doubts += self._differences()
        return self.doubt

    def _differences(self) -> list[str]:
        with ReadRecords() as records:
            try:
                again = self._again(records)
            except PullFailed as error:
                self._failures.append(error)
                return [f"it could not be read once more: {error}"]
            self._failures.append(again.failure)
            if again.doubts:
                return [f"read once more: {again.doubt}"]
            if records.digest() != self._reading.records.digest():
                return ["read once more it has other records: the list changes"]
        return []
