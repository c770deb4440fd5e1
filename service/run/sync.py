"""
One round of everything, and the end: for cron, systemd timers and jobs that run now and then.

The store and a worker of its own run beside it, and end with it. What it may lose with the store's
folder only saves calls: the next round reads the sources and lists the collections again.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from service.config.build import Configuration
from service.ingest.intake import Intake
from service.ingest.spool_parts import SpoolParts
from service.operate.held_runs import approve_run
from service.operate.status import numbers_of, status_of
from service.pulls import runner as pulls
from service.pulls.pull_state import not_before
from service.reconcile import runner as reconciles
from service.reconcile.options import ReconcileOptions
from service.reconcile.schedule import Schedule
from service.reconcile.state.past_runs import note_turn
from service.reconcile.time_limit import Ended
from service.run.round_rest import held_words, left, moves
from workers.delivery.context import Context
from workers.embedded import pdeathsig
from workers.errors import ProcessorError
from workers.policy.run_guard import CREATED, OVERWRITTEN
from workers.runtime import heartbeats, jobs
from workers.runtime.embedded_store import kept
from workers.store import connection, durability

OVER: Final = "the time is over"
_LOOK: Final = 0.3  # s between two looks at what is pending
_SETTLED: Final = 3  # looks in a row without anything pending
_TOLD_SOON: Final = 30.0  # s: as long as a claim is held, and the first waits of a record
_KINDS: Final = (CREATED, OVERWRITTEN)
_OF_HELD: Final = ("Held: ", "Run ")  # lines of a run that `held_words` says for a round
_GRACE: Final = 20.0  # s that the worker has for the request in hand


@dataclass(slots=True)
class SyncResult:
    """
    What a round came to.

    Args:
        done: Lines about what it did.
        left: What is left, a line each; empty: everything is in step.
    """

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        return 1 if self.left else 0


def sync(
    configuration: Configuration, *, seconds: float, by: str, approve: Sequence[str] = ()
) -> SyncResult:
    """
    Do one round: drain the spool, pull, reconcile what is due, deliver, publish, write back.

    Args:
        approve: Ids of runs that earlier rounds have held: this one does what they are held for.
        seconds: After which it ends; what was taken until then is sent next time.
        by: Who runs it, for the list of runs.

    Raises:
        StoreUnavailable: The store cannot be started, is not safe enough, or does not answer.
    """
    settings, result = configuration.settings, SyncResult()
    with kept(settings.store):
        context = jobs.build(settings)
        try:
            connection.reach(context.steps.client, settings.store)
            durability.check(context.steps.client, settings.store)
            with _worker() as runs:
                with _limited(seconds, result):
                    _approve(context, approve, result, by)
                    _drain(configuration, context)
                    _await(runs, context)
                    _pull(configuration, context, result, by)
                    _reconcile(configuration, context, result)
                    _deliver(context)
                drafts = {
                    name: context.publishing.drafts(each)
                    for name, each in settings.collections.items()
                }
                result.left += left(settings, status_of(context), drafts)
        finally:
            context.steps.client.close()
            context.wakes.close()
    return result


@contextlib.contextmanager
def _worker() -> Iterator[Callable[[], bool]]:
    """
    Run a worker, which upgrades the store, sweeps, fetches and delivers; yield what tells whether
    its process runs.
    """
    command = pdeathsig.module("service", "worker", "--processes", "1", "--no-schedule")
    process = subprocess.Popen(  # noqa: S603  # our own argv
        command, env=dict(os.environ), stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield lambda: process.poll() is None
    finally:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(runs: Callable[[], bool], context: Context) -> None:
    """Wait for the worker while it *runs*: on a busy machine a run would end before it works."""
    while runs() and not heartbeats.workers_alive(context.steps.client):
        time.sleep(_LOOK)


@contextlib.contextmanager
def _limited(seconds: float, result: SyncResult) -> Iterator[None]:
    """End what is done within the ``with`` after *seconds*, or at SIGTERM."""

    def end(number: int, _: FrameType | None) -> None:
        raise Ended(OVER if number == signal.SIGALRM else "ended by SIGTERM")

    handlers = {number: signal.signal(number, end) for number in (signal.SIGALRM, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except Ended as error:
        result.left.append(str(error))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _approve(context: Context, runs: Iterable[str], result: SyncResult, by: str) -> None:
    for id in runs:
        with _told(f"run {id}", result) as tell:
            found = approve_run(context, id, by=by)
            numbers = (f"{found[kind]:,} {kind}" for kind in _KINDS if found[kind])
            tell(0, [f"approved: {', '.join(numbers)}"])


def _drain(configuration: Configuration, context: Context) -> None:
    """Take what web processes that are gone have left on disk."""
    parts = SpoolParts(configuration.settings.store, context.steps.client)
    intake = Intake(
        configuration.senders,
        configuration.mappings,
        context.outbox,
        context.wakes.wake,
        configuration.settings.collections,
    )
    drainer = parts.attach(intake)
    try:
        drainer.step()
        while parts.spool.sources():
            if wait := drainer.step():
                time.sleep(wait)
    finally:
        parts.spool.close()


def _pull(configuration: Configuration, context: Context, result: SyncResult, by: str) -> None:
    for name in configuration.settings.pulls:
        free = not_before(context.steps.client, name)
        if free is not None and free > datetime.now(UTC):
            at = free.isoformat(timespec="seconds")
            result.left.append(f"pull {name}: the source asks to be left alone until {at}")
            continue
        with _told(f"pull {name}", result) as tell:
            pulled = pulls.run(configuration, name, by=by)
            tell(pulled.code, pulled.lines, pulled.figures.values())


def _reconcile(configuration: Configuration, context: Context, result: SyncResult) -> None:
    """Run the reconciles that are due."""
    settings, client = configuration.settings, context.steps.client
    for timed, tries in Schedule(settings).due(datetime.now(UTC)):
        options = ReconcileOptions(timed.name, scheduled=True)
        with _told(f"reconcile {timed.name}", result) as tell:
            note_turn(client, timed.name, tries)
            with reconciles.reconciled(
                configuration, options, approve=None, stdin=io.BytesIO(), by="schedule"
            ) as outcome:
                tell(outcome.code, list(outcome.lines()), [outcome.figures])


@contextlib.contextmanager
def _told(what: str, result: SyncResult) -> Iterator[Callable[..., None]]:
    """Note what came of one step; the others go on."""

    def tell(code: int, lines: list[str], figures: Iterable[Mapping[str, Any]] = ()) -> None:
        words = [line.strip() for line in lines]
        if held := [text for each in figures if (text := held_words(each))]:
            result.left += [f"{what}: {each}" for each in held]
            rest = (line for line in words if not line.startswith(_OF_HELD))
            result.done += [f"{what}: {line}" for line in rest]
        elif code:
            result.left.append(f"{what}: {'; '.join(words)}")
        else:
            result.done += [f"{what}: {line}" for line in words]

    try:
        yield tell
    except ProcessorError as error:
        tell(1, [str(error)])


def _deliver(context: Context) -> None:
    """Wait until nothing goes on by itself: delivered, published, and told by write-backs."""
    settings, quiet = context.settings, 0
    while quiet < _SETTLED:
        time.sleep(_LOOK)
        status, now = numbers_of(context), datetime.now(UTC)
        telling = any(
            each["state"] == "flowing" and context.writeback_states.is_due(name, _TOLD_SOON)
            for name, each in status["writebacks"].items()
        )
        running = any(run.state == "running" for run in context.runs.unfinished())
        busy = running or moves(settings, status, now, telling=telling)
        quiet = 0 if busy else quiet + 1
