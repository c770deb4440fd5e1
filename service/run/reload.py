"""
Changes the configuration of a running service: checks the new one, then replaces its processes.

What is wrong is told and changes nothing; a process that does not come up leaves the old ones
where they are.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from service.config import logging_setup
from service.run.children import Service
from service.run.prepare import Prepared, Standing, release
from service.run.registry import Registration, Running
from workers.config.loader import fill, load
from workers.config.settings import Settings
from workers.embedded import pdeathsig
from workers.errors import ConfigurationInvalid
from workers.runtime.background_tasks import BackgroundTask
from workers.runtime.child_process import Child

_log = logging.getLogger(__name__)

WRONG: Final = 2  # exit codes of ``instep reload``
NOT_UP: Final = 1
DONE: Final = 0
SILENT: Final = 10.0  # s until a service has noticed that it is to reload
_CHECK = 120.0  # s for the check; mappings are code, which may hang
_LINES = 5  # last lines of a check that fails
_LOOK = 0.1  # s between two looks at whether a reload is wanted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a reload."""

    code: int
    problems: tuple[Mapping[str, str], ...] = ()
    failure: str = ""  # why a process did not come up, or the check failed
    replaced: Mapping[str, int] | None = None  # role → processes
    notes: tuple[str, ...] = ()


class Reloader:
    """
    Reloads one service.

    Args:
        given: The environment of its start, without that of ``.env``.
        settings: Those of its start.
        start: Replaces children and tasks; returns why that failed, or None.
    """

    def __init__(
        self,
        given: Mapping[str, str],
        service: Service,
        settings: Settings,
        registration: Registration,
        start: Callable[[Sequence[Child], Sequence[BackgroundTask]], str | None],
    ) -> None:
        self._given = dict(given)
        self._service = service
        self._settings = settings
        self._registration = registration
        self._start = start
        self._release = release()
        self._wanted = 0  # not an Event: a signal handler could meet its own lock
        self._number = 0

    def ask(self) -> None:
        """Have it reloaded; safe in a signal handler."""
        self._wanted += 1

    def run(self, stop: threading.Event) -> None:
        """Reload whenever it was asked for, until *stop*."""
        while not stop.wait(_LOOK):
            wanted = self._wanted
            if wanted == self._number:
                continue
            self._number = wanted
            self._registration.record({"number": wanted, "done": False})
            outcome = self._reload()
            _tell(outcome)
            self._registration.record({"number": wanted, "done": True, **asdict(outcome)})

    def _reload(self) -> Outcome:
        standing = Standing.of(self._settings, upgrades=self._service.upgrade is not None)
        prepared = _prepare(standing, self._given)
        if isinstance(prepared, str):
            return Outcome(NOT_UP, failure=prepared)
        if prepared.problems:
            return Outcome(WRONG, prepared.problems, notes=prepared.notes)
        before = dict(os.environ)
        _become(self._given)
        try:
            return self._replace(prepared)
        except ConfigurationInvalid as error:
            # It was changed meanwhile, or this process has the code of an earlier release.
            _become(before)
            return Outcome(WRONG, tuple(each.as_dict() for each in error.problems))

    def _replace(self, prepared: Prepared) -> Outcome:
        settings = load(os.environ)
        children = self._service.children(prepared)
        failure = self._start(children, self._service.tasks(settings, prepared))
        if failure is not None:
            return Outcome(NOT_UP, failure=failure, notes=prepared.notes)
        self._settings = settings
        self._service.use(settings)
        logging_setup.observe(settings)
        notes = list(prepared.notes)
        if prepared.release != self._release:
            notes.append(
                f"the supervisor, process {os.getpid()}, goes on with release {self._release} "
                f"until its next restart; its processes have {prepared.release}"
            )
        replaced: Counter[str] = Counter()
        for child in children:
            replaced[child.role] += 1
        return Outcome(DONE, replaced=dict(replaced), notes=tuple(notes))


def request(service: Running) -> dict[str, Any] | None:
    """Have *service* reloaded; return its `Outcome`, or None if it does not answer."""
    before = service.outcome()["number"]
    try:
        os.kill(service.pid, signal.SIGHUP)
    except ProcessLookupError:
        return None
    ends = time.monotonic() + SILENT
    while True:
        found = service.outcome()
        begun = found["number"] > before
        if begun and found["done"]:
            return found
        # The file goes with the process.
        if (not begun and time.monotonic() > ends) or not service.path.exists():
            return None
        time.sleep(_LOOK)


def _become(environ: Mapping[str, str]) -> None:
    """Give this process the variables of *environ*, and those of ``.env``."""
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)
    fill(os.environ)


def _prepare(standing: Standing, environ: Mapping[str, str]) -> Prepared | str:
    """Return what the check found, or why there is no result."""
    process = subprocess.Popen(  # noqa: S603  # our own argv
        pdeathsig.module("service.run.prepare"),
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        told, said = process.communicate(json.dumps(asdict(standing)).encode(), _CHECK)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"the check of the configuration did not end within {_CHECK:g} s"
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        lines = "\n".join(said.decode(errors="replace").rstrip().splitlines()[-_LINES:])
        return f"the check of the configuration failed:\n{lines}"
    prepared = Prepared(**{name: found[name] for name in Prepared.__slots__ if name in found})
    return replace(
        prepared,
        problems=tuple(prepared.problems),
        notes=tuple(prepared.notes),
        fetchers=tuple(prepared.fetchers),
    )


def _tell(outcome: Outcome) -> None:
    """Log *outcome*: nobody may wait for it."""
    for problem in outcome.problems:
        _log.error("reload refused", extra={**problem})
    if outcome.failure:
        _log.error("reload failed: the old processes go on", extra={"reason": outcome.failure})
    if outcome.code == DONE:
        _log.info("reloaded", extra={"replaced": outcome.replaced})
