"""
Carries out runs over dead letters, slice by slice; also those over deliveries
(``delivery_runner.py``), over pending deletes (``held_delete_runner.py``) and over what was written
(``undo_runner.py``).

A slice acts on some letters, and then takes them off the list of the run while it holds its lease:
after a crash in between they are done again, which does nothing to what is closed. So any process
can go on with a run that another one has begun.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from service.operate import delivery_runner, held_delete_runner, undo_scope
from service.operate.bulk_actions import DONE, REASONS
from service.operate.delivery_runner import DeliveryRunner
from service.operate.held_delete_runner import HeldDeleteRunner
from service.operate.letter_actions import CLOSED, Action, LetterActions
from service.operate.undo_reads import Later, at_once
from service.operate.undo_runner import UndoRunner
from workers.delivery.context import Context
from workers.errors import StoreUnavailable
from workers.model.message_mask import masked
from workers.model.runs import Run
from workers.store import lease as leases
from workers.store import problem_keys
from workers.store.dead_letters import Letter
from workers.store.lease import Lease
from workers.store.runs import LONGEST

if TYPE_CHECKING:
    from service.config.build import Configuration

SLICE: Final = 50  # letters
SECONDS: Final = 0.5  # about, of one slice
LOOK: Final = 0.5  # s between looks at a run that another process carries out
OTHERS: Final = "others"  # reasons beyond `REASONS`
_ALL: Final = ("deliveries", "deletes", "records")  # figures of all that a run is for

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], object]
Told = Callable[[str, str], object]


def _ignore(*_: object) -> None:
    pass


class BulkRunner:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        sleep: Waits for the budget where a person waits; a worker does not.
    """

    def __init__(
        self,
        context: Context,
        configuration: Callable[[], Configuration] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._context = context
        self._runs = context.runs
        self._configuration = configuration
        self._undo = UndoRunner(context, at_once)
        self._deletes = HeldDeleteRunner(context)
        self._later: dict[str, float] = {}  # run → time.monotonic() before which it has no budget
        self._begin("")

    def _begin(self, id: str) -> None:
        # For each run anew: by the mappings as they are on the disk when it begins.
        self._run = id
        self._actions = LetterActions(self._context, self._configuration)
        self._deliveries = DeliveryRunner(self._context, self._configuration)

    def step(self) -> bool:
        """
        Do a slice of the oldest run that no process works on; False: there is none, or it waits for
        its budget.
        """
        for id in self._runs.queued():
            lease = self._lease(id)
            if time.monotonic() >= self._later.get(id, 0.0) and lease.take():
                try:
                    # A read of the CMS may take longer than the lease.
                    with leases.kept(lease):
                        self._slice(id, lease)
                except StoreUnavailable:
                    raise
                except Later as later:
                    self._later[id] = time.monotonic() + later.seconds
                    continue
                # Such as a configuration that is wrong: tried again, it would be for ever.
                except Exception as error:
                    _log.exception("run failed", extra={"run": id})
                    reason = f"{type(error).__name__}: {error}"
                    self._runs.finish(id, "failed", reason=reason)
                finally:
                    lease.end()
                return True
        return False

    def carry_out(self, id: str, progress: Progress = _ignore, told: Told = _ignore) -> Run:
        """
        Work on a run, or watch the process that does, until it has ended; return it.

        Args:
            progress: Called with what is done, and all.
            told: Called with the id of each that is left, and why.
        """
        while True:
            run = self._runs.show(id)
            if run is None or run.ended:
                return run or Run(id, "", "", self._runs.now(), "failed", reason="it is gone")
            lease = self._lease(id)
            if lease.take():
                self._undo = UndoRunner(self._context, self._sleep)
                with leases.kept(lease):
                    while self._slice(id, lease, progress, told):
                        pass
            else:
                progress(run.figures.get("done", 0), _all(run.figures))
                time.sleep(LOOK)

    def _lease(self, id: str) -> Lease:
        return Lease(self._context.steps.client, problem_keys.running(id), f"run {id}")

    def _slice(
        self, id: str, lease: Lease, progress: Progress = _ignore, told: Told = _ignore
    ) -> bool:
        """Do a slice of a run; False: nothing is left, or another process goes on with it."""
        run = self._runs.show(id)
        ids = self._runs.todo(id, SLICE) if run and run.state == "running" else ()
        if run is None or run.ended or not ids:
            self._runs.end_work(id, run)
            self._undo.end()
            return False
        if self._run not in ("", id):
            self._begin(id)
        self._run = id
        figures = dict(run.figures)
        figures["reasons"] = dict(figures.get("reasons", {}))
        count = self._work(run, ids, figures, lease, told)
        if not self._runs.did(id, count, figures, lease):
            return False
        progress(figures["done"], _all(figures))
        return True

    def _work(
        self, run: Run, ids: Sequence[str], figures: dict[str, Any], lease: Lease, told: Told
    ) -> int:
        """Do the first pieces of work of *ids*; return how many."""
        of = run.about.get("of", "")
        if of == held_delete_runner.OF:
            return self._deletes.work(run, ids, figures, told, lease)
        work = {
            undo_scope.OF: self._undo.work,
            delivery_runner.OF: self._deliveries.work,
        }.get(of)
        if work is not None:
            return work(run, ids, figures, told)
        return self._act_on(run, ids, figures, lease, told)

    def _act_on(
        self, run: Run, ids: Sequence[str], figures: dict[str, Any], lease: Lease, told: Told
    ) -> int:
        """Act on the first letters of *ids*; return how many."""
        till, count = time.monotonic() + SECONDS, 0
        letters = {letter.id: letter for letter in self._context.letters.read(ids)}
        # Of those that are closed by now, these may be its own.
        before = {id for id in run.tried if id in letters}
        open_now = {id for id, letter in letters.items() if letter.state == "open"}
        if not self._runs.tries(run.id, [id for id in ids if id in before | open_now], lease):
            return 0
        for each in ids:
            if reason := self._act(run, letters.get(each), each in before, figures):
                told(each, reason)
            count += 1
            if time.monotonic() > till:
                break
        return count

    def _act(
        self, run: Run, letter: Letter | None, tried: bool, figures: dict[str, Any]
    ) -> str | None:
        """
        Act on one letter, and count it; return why it is left.

        *tried*: A slice that was interrupted had begun with it.
        """
        action: Action = "discard" if run.kind == "discard" else "replay"
        figures["done"] += 1
        reason: str | None
        if letter is None:
            reason = "there is no such dead letter"
        elif tried and _was_done(run, letter, DONE[action]):
            reason = None
        elif letter.state == "open" and letter.created.timestamp() * 1000 > run.about["until"]:
            reason = CLOSED  # and opened anew
        else:
            reason = self._actions.act(action, letter, run.id)
        if reason is None:
            figures[DONE[action]] += 1
        elif not run.about.get("named") and reason == CLOSED:
            figures["closed"] += 1
            reason = None
        else:
            figures["left"] += 1
            _count(figures["reasons"], reason)
        return reason


def _all(figures: Mapping[str, Any]) -> int:
    # A replay of deliveries counts letters too: those that it closed.
    word = "letters" if "closed" in figures else next((w for w in _ALL if w in figures), "")
    return int(figures.get(word, 0))


def _was_done(run: Run, letter: Letter, word: str) -> bool:
    """Whether this run has closed *letter*, in a slice that was interrupted."""
    closed = letter.closed is not None and letter.closed >= run.started
    return letter.state != "open" and letter.reason == word and closed


def _count(reasons: dict[str, int], reason: str) -> None:
    # Without what varies: a thousand letters of one cause have one reason.
    reason = masked(reason)[:LONGEST]
    name = reason if reason in reasons or len(reasons) < REASONS else OTHERS
    reasons[name] = reasons.get(name, 0) + 1
