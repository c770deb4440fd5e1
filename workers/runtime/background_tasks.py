"""The threads of a supervisor, and the detection of stuck ones."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST = 0.25  # s that one poll counts for at most, however late it is
_STUCK = 3  # stuck threads of one task, at which the supervisor exits to be restarted

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """Something to do until the event is set; restarted when it ends or fails."""

    name: str
    run: Callable[[threading.Event], None]
    quiet: float | None = None  # s without a look at the event, before another thread takes over
    waits: bool = False  # not started before the supervisor is released
    last: bool = False  # asked to end only once all children have ended


class Asked(threading.Event):
    """An event that knows how long it has not been checked."""

    def __init__(self) -> None:
        super().__init__()
        self.quiet = 0.0  # s

    def is_set(self) -> bool:
        self.quiet = 0.0
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self.quiet = 0.0
        answer = super().wait(timeout)
        self.quiet = 0.0
        return answer


class BackgroundTasks:
    """Runs *tasks*. Used in one thread."""

    def __init__(self, tasks: Sequence[BackgroundTask]) -> None:
        self._tasks = list(tasks)
        self._asked: dict[str, Asked] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._left: dict[str, list[threading.Thread]] = {task.name: [] for task in tasks}

    def poll(self, seconds: float, *, released: bool = True) -> bool:
        """
        Start tasks that do not run, and abandon stuck ones; *seconds*: since the last poll.

        *released*: also start those that wait. Returns False if a task keeps getting stuck.
        """
        for task in self._tasks:
            if task.waits and not released:
                continue
            asked, thread = self._asked.get(task.name), self._threads.get(task.name)
            if asked is not None and thread is not None and thread.is_alive():
                asked.quiet += min(seconds, _MOST)
                if task.quiet is None or asked.quiet <= task.quiet:
                    continue
                _log.error("background task hangs: it is started anew", extra={"task": task.name})
                asked.set()
                self._left[task.name].append(thread)
            self._start(task)
        self._left = {
            name: [each for each in threads if each.is_alive()]
            for name, threads in self._left.items()
        }
        return all(len(threads) < _STUCK for threads in self._left.values())

    def replace(self, tasks: Sequence[BackgroundTask]) -> None:
        """Run *tasks* instead of those of the same names, which are asked to end."""
        names = {task.name for task in tasks}
        self._tasks = [*(task for task in self._tasks if task.name not in names), *tasks]
        for name in names & self._asked.keys():
            self._asked.pop(name).set()
        for name in names:
            self._left.setdefault(name, [])

    def ask(self) -> None:
        """Ask the tasks to end, but for those that are the last."""
        for task in self._tasks:
            if not task.last and task.name in self._asked:
                self._asked[task.name].set()

    def end(self, seconds: float = 3.0) -> None:
        """Ask all tasks to end, and wait *seconds* for them."""
        for asked in self._asked.values():
            asked.set()
        ends = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, ends - time.monotonic()))

    def _start(self, task: BackgroundTask) -> None:
        asked = self._asked[task.name] = Asked()
        thread = threading.Thread(target=_do, args=(task, asked), name=task.name, daemon=True)
        self._threads[task.name] = thread
        thread.start()


def _do(task: BackgroundTask, asked: Asked) -> None:
    try:
        task.run(asked)
    except Exception:
        _log.exception("background task failed", extra={"task": task.name})
    asked.wait(1.0)  # before it is restarted
