"""
The work of a run that replays deliveries, slice by slice; ``bulk_runner.py`` carries it out.

A slice that is done again after a crash changes nothing: an event that ran gives the same values at
the same place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from service.ingest.remap import Remap, Tally
from service.operate.delivery_entry import DeliveryEntries
from workers.delivery.context import Context
from workers.errors import ConfigurationInvalid, StoreUnavailable
from workers.model.runs import Run
from workers.store.delivery_list import DeliveryList, Position
from workers.store.delivery_log import Kept, KeptDelivery
from workers.store.outbox import Outbox

if TYPE_CHECKING:
    from service.config.build import Configuration

OF: Final = "deliveries"  # in `Run.about`: what the work is
SLICE: Final = 20  # deliveries
SECONDS: Final = 0.5  # about, of one slice
REASONS: Final = 20  # different reasons that are counted by their words
GONE: Final = "there is no such delivery, or no longer"
UNREADABLE: Final = "its compression dictionary was erased: it cannot be unpacked"
NO_SOURCE: Final = "its source is no longer configured"
_SUMS: Final = ("events", "taken", "same", "stale", "undone", "unwanted", "repeats")

_log = logging.getLogger(__name__)

Left = Callable[[str, str], object]


def figures_at_start(deliveries: int, left: int) -> dict[str, Any]:
    """Return the figures of a run that begins."""
    sums = dict.fromkeys((*_SUMS, "not_fetched", "letters", "unmapped"), 0)
    begun = {"matched": deliveries + left, "deliveries": deliveries, "done": 0}
    return {**begun, **sums, "left": left, "reasons": {}}


def work_of(position: Position) -> str:
    """Return a kept delivery as a piece of work."""
    return f"{position.ms}-{position.number} {position.source}"


def about(collections: frozenset[str] | None) -> dict[str, Any]:
    """Return what a run has to know; *collections*: only these change; None: all."""
    return {"of": OF, "collections": None if collections is None else sorted(collections)}


class DeliveryRunner:
    """Raises StoreUnavailable if the store does not answer."""

    def __init__(
        self, context: Context, configuration: Callable[[], Configuration] | None = None
    ) -> None:
        self._context = context
        self._configuration = configuration
        self._entries: DeliveryEntries | None = None  # the mappings are loaded for a run alone

    def work(self, run: Run, work: Sequence[str], figures: dict[str, Any], left: Left) -> int:
        """
        Replay the first of *work*, which are of one source; count them in *figures*.

        *left*: Called with the id of each that cannot be replayed, and why. Returns how many.
        """
        first = position_of(work[0])
        positions = [
            *takewhile(lambda each: each.source == first.source, map(position_of, work[:SLICE]))
        ]
        try:
            entries = self._entries = self._entries or self._made()
            known = first.source in entries.configuration.senders
        except ConfigurationInvalid as error:
            return self._leave_all(positions, str(error), figures, left)
        if not known:
            return self._leave_all(positions, NO_SOURCE, figures, left)
        count = self._replay_some(entries, run, positions, figures, left)
        figures["done"] += count
        return count

    def _made(self) -> DeliveryEntries:
        return DeliveryEntries(
            self._context, self._configuration() if self._configuration else None
        )

    def _leave_all(
        self, positions: Sequence[Position], why: str, figures: dict[str, Any], left: Left
    ) -> int:
        for each in positions:
            _leave(figures, left, each, why)
        figures["done"] += len(positions)
        return len(positions)

    def _replay_some(
        self,
        entries: DeliveryEntries,
        run: Run,
        positions: Sequence[Position],
        figures: dict[str, Any],
        left: Left,
    ) -> int:
        """Replay the first of *positions*, as many as fit into `SECONDS`; return how many."""
        try:
            return self._replay(entries, run, positions, figures, left)
        except StoreUnavailable:
            raise
        # Mappings are the user's code: one delivery that breaks them holds up no other.
        except Exception as error:
            if len(positions) > 1:
                return self._replay_some(entries, run, positions[:1], figures, left)
            at = positions[0]
            _log.exception("delivery not replayed", extra={"source": at.source, "id": at.number})
            _leave(figures, left, at, f"{type(error).__name__}: {error}")
            return 1

    def _replay(
        self,
        entries: DeliveryEntries,
        run: Run,
        positions: Sequence[Position],
        figures: dict[str, Any],
        left: Left,
    ) -> int:
        made = Remap(
            # Of the whole configuration: the senders set how long ids are remembered.
            Kept(Outbox(self._context.steps, entries.configuration.settings)),
            entries.reader,
            positions[0].source,
            dry=False,
            wake=self._context.wakes.wake,
            collections=run.about.get("collections"),
            run=run.id,
        )
        count, till = 0, time.monotonic() + SECONDS
        gone: list[tuple[Position, str]] = []

        def in_time() -> Iterator[Position]:
            nonlocal count
            for each in positions:
                if count and time.monotonic() > till:
                    return
                count += 1
                yield each

        try:
            found = deliveries_at(entries, in_time(), lambda at, why: gone.append((at, why)))
            made.run_chosen(found, lambda _: None)
            letters = made.diff.letters()
        finally:
            made.diff.close()
        # Once all of it is done: a slice that failed is counted as it runs again.
        for at, why in gone:
            _leave(figures, left, at, why)
        _add(figures, made.tally, letters)
        return count


def deliveries_at(
    entries: DeliveryEntries,
    positions: Iterable[Position],
    leave: Callable[[Position, str], object],
) -> Iterator[KeptDelivery]:
    """Yield the deliveries at *positions*; *leave* is called with those that are gone, and why."""
    listed = DeliveryList(entries.context.steps)
    for position in positions:
        found = listed.at(position)
        if found is None:
            leave(position, GONE)
            continue
        delivery = entries.kept.unpack(position.source, found.stream_id, found.entry)
        if delivery.readable:
            yield delivery
        else:
            leave(position, UNREADABLE)


def position_of(work: str) -> Position:
    """Return the kept delivery that a piece of work names."""
    place, _, source = work.partition(" ")
    ms, _, number = place.partition("-")
    return Position(int(ms), int(number), "kept", source)


def _leave(figures: dict[str, Any], left: Left, position: Position, why: str) -> None:
    figures["left"] += 1
    count(figures, why, 1)
    left(f"{position.source}-{position.number}", why)


def count(figures: dict[str, Any], reason: str, times: int) -> None:
    """Count *reason* among those of a run, whose number is bounded."""
    reasons: dict[str, int] = figures["reasons"]
    name = reason if reason in reasons or len(reasons) < REASONS else "others"
    reasons[name] = reasons.get(name, 0) + times


def _add(figures: dict[str, Any], tally: Tally, letters: int) -> None:
    for name in _SUMS:
        # A run that an older release has begun lacks what is counted since.
        figures[name] = figures.get(name, 0) + getattr(tally, name)
    figures["not_fetched"] += tally.notices
    figures["letters"] += letters
    for path, (times, message) in tally.problems.items():
        figures["unmapped"] += times
        count(figures, f"{path}: {message}", times)
