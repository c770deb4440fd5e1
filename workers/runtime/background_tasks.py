"""What a supervisor does in threads of its own, and how one that is stuck is noticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST = 0.25  # s that one look counts for, however long the last one is ago
_STUCK = 3  # threads of one task: then the supervisor ends, for whoever started it to start it anew

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """
    Something to do until the event is set; started anew when it ends or fails.

    Args:
        quiet: Seconds for which it may not look at the event; another thread then takes its place.
            None: it need not look.
        waits: It is not started before the supervisor is released.
    """

    name: str
    run: Callable[[threading.Event], None]
    quiet: float | None = None
    waits: bool = False


class Asked(threading.Event):
    """An event that knows for how long nobody has looked at it."""

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
    """Runs *tasks*; in one thread."""

    def __init__(self, tasks: Sequence[BackgroundTask]) -> None:
        self._tasks = tasks
        self._asked: dict[str, Asked] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._left: dict[str, list[threading.Thread]] = {task.name: [] for task in tasks}

    def poll(self, seconds: float, *, released: bool = True) -> bool:
        """
        Start what does not run, *seconds* after the last time, and leave what is stuck.

        Args:
            released: Those that wait are started too.

        Returns:
            Whether it helps to go on: False where thread after thread of one task is stuck.
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

    def end(self) -> None:
        for asked in self._asked.values():
            asked.set()
        for thread in self._threads.values():
            thread.join(5.0)

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
    asked.wait(1.0)  # not over and over
