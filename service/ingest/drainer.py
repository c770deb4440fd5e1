"""
Drains the spool of one web process into the store, and adopts those of processes that are gone.

Deliveries of one source are drained in the order of arrival. Sources are independent: one that the
store refuses is retried later.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from service.ingest.entry import Entry
from service.ingest.spool import Spool, Turn
from service.ingest.store_gate import StoreGate
from workers.errors import ConfigurationInvalid, StoreUnavailable
from workers.model.changes import Spooled
from workers.store.acceptance import Accepted
from workers.store.durability import StoreCheck

PROBE: Final = 0.25  # s between two checks of a store that is away
ADOPT: Final = 1.0  # s between two searches for the files of processes that are gone
TOLD: Final = 1.0  # s between two reports to the store of how much is spooled
IN_A_ROW: Final = 50  # deliveries of one source before the next source has its turn
REFUSED: Final = (1.0, 30.0)  # s until a refused source is retried: the first wait, and the longest

_log = logging.getLogger(__name__)


class Drainer:
    """
    Drains one spool.

    Args:
        gate: Opened and shut as the store comes and goes.
        accept: Keeps the first of consecutive entries of one source, and as many of the others as
            fit into the same step; raises StoreUnavailable, or ConfigurationInvalid if the source
            is no longer configured.
        tell: Reports to the store how much a spool holds: its name, deliveries, bytes; raises
            StoreUnavailable.
    """

    def __init__(
        self,
        spool: Spool,
        gate: StoreGate,
        store_check: StoreCheck,
        accept: Callable[[Sequence[tuple[Entry, Spooled]]], Sequence[Accepted]],
        tell: Callable[[str, int, int], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._gate = gate
        self._store_check = store_check
        self._accept = accept
        self._tell = tell
        self._monotonic = monotonic
        self._wanted = threading.Event()
        self._refused: dict[str, tuple[float, float]] = {}  # source → until when, how long
        self._adopted = self._told = float("-inf")
        self._marked: set[str] = set()  # names reported to the store
        self._away = False  # the store, at the last check

    def notify(self) -> None:
        self._wanted.set()

    def drains(self, source: str) -> bool:
        """Whether what is spooled of *source* is drained as fast as the store takes it."""
        return self._gate.reason is None and source not in self._refused

    def run(self) -> None:
        """Drain until the process ends."""
        while True:
            try:
                wait = self.step()
            # An unexpected error must not end the thread: nothing would be drained any more.
            except Exception:
                _log.exception("drain failed")
                wait = ADOPT
            if wait == PROBE:
                # Not the event: each delivery spooled meanwhile would trigger a check.
                time.sleep(wait)
            elif wait:
                self._wanted.wait(wait)
            self._wanted.clear()

    def step(self) -> float:
        """Do what can be done now; return the seconds until the next step."""
        if self._monotonic() >= self._adopted + ADOPT:
            self._adopted = self._monotonic()
            for file in self._spool.adopt():
                values = {"file": file.name, "deliveries": file.deliveries}
                _log.warning("spool adopted", extra=values)
                self._marked.add(_owner(file.name))
        sources = self._spool.sources()
        if not sources and self._gate.reason is None:
            self._clear()
            return ADOPT
        try:
            self._store_check.check_patiently()
        except StoreUnavailable as error:
            self._away = True
            self._shut(error)
            return PROBE
        if self._away:
            self._away = False
            self._refused.clear()
        self._open()
        drained = sum(self._drain(source) for source in sources)
        self._clear()
        return 0.0 if drained else PROBE

    def _shut(self, error: StoreUnavailable) -> None:
        if self._gate.reason is None or type(self._gate.reason) is not type(error):
            _log.warning("deliveries are spooled", extra={"reason": str(error)})
        self._gate.shut(error)

    def _open(self) -> None:
        if self._gate.reason is not None:
            waiting = self._spool.state()
            _log.warning("spool drains", extra={"deliveries": waiting.deliveries})
        self._gate.open()

    def _drain(self, source: str) -> int:
        """Drain some deliveries of *source*; return how many."""
        till, wait = self._refused.get(source, (0.0, 0.0))
        if self._monotonic() < till:
            return 0
        count = 0
        while count < IN_A_ROW:
            turns = self._spool.turns(source)
            if not turns:
                break
            try:
                done = self._drain_some(turns)
            except (StoreUnavailable, ConfigurationInvalid) as error:
                done = 0
                self._store_check.forget()
                if not wait:
                    values = {"source": source, "reason": str(error)}
                    _log.warning("source is not drained", extra=values)
            if not done:
                wait = min(max(REFUSED[0], 2 * wait), REFUSED[1])
                self._refused[source] = (self._monotonic() + wait, wait)
                break
            self._refused.pop(source, None)
            count += done
        return count

    def _drain_some(self, turns: Sequence[Turn]) -> int:
        """Return how many of *turns* are done with; 0: the store refuses the first."""
        entries = self._read(turns)
        if not entries:
            return 1
        answers = self._accept(entries)
        done = 0
        while done < len(answers) and answers[done].outcome not in ("full", "behind"):
            done += 1
        if done:
            self._spool.drained(turns[done - 1], turns[done - 1].number)
        if done < len(answers) and answers[done].outcome == "behind":
            # Another process has drained some of these, or the store has lost the mark.
            self._spool.resume(turns[done], answers[done].last)
            return done + 1
        return done

    def _read(self, turns: Sequence[Turn]) -> list[tuple[Entry, Spooled]]:
        """Return the readable entries, up to the first damaged one; one at the start is skipped."""
        entries: list[tuple[Entry, Spooled]] = []
        for turn in turns:
            source, file = turn.ref.source, turn.file
            try:
                entry = file.read(turn.ref)
            except ValueError as error:
                if not entries:
                    file.damaged = True
                    values = {"file": file.name, "number": turn.number, "reason": str(error)}
                    _log.error("spool damaged", extra=values | {"source": source})
                    self._spool.skip(turn)
                break
            after = entries[-1][1].number if entries else file.drained.get(source, 0)
            came_us = entry.came_us or self._store_check.clock.at(entry.wall_us)
            entries.append((entry, Spooled(file.name, turn.number, after, came_us)))
        return entries

    def _clear(self) -> None:
        """Remove the drained files, and report to the store what is left."""
        self._spool.remove_empty()
        state = self._spool.state()
        if not state.deliveries and not self._marked:
            return
        if state.deliveries and self._monotonic() < self._told + TOLD:
            return
        self._told = self._monotonic()
        with contextlib.suppress(StoreUnavailable):
            self._tell(self._spool.name, state.deliveries, state.bytes)
            # Adopted deliveries are reported under the name of this spool.
            for name in self._marked - {self._spool.name}:
                self._tell(name, 0, 0)
            self._marked = {self._spool.name} if state.deliveries else set()


def _owner(file: str) -> str:
    return file.rpartition("-")[2]
