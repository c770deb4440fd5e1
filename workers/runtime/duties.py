"""What a supervisor does in threads of its own, and how one that is stuck is noticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST = 0.25  # s that one look counts for, however long the last one is ago
_STUCK = 3  # threads of one duty: then the supervisor ends, for whoever started it to start it anew

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
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


class Duties:
    """Runs *duties*; in one thread."""

    def __init__(self, duties: Sequence[Duty]) -> None:
        self._duties = duties
        self._asked: dict[str, Asked] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._left: dict[str, list[threading.Thread]] = {duty.name: [] for duty in duties}

    def tend(self, seconds: float, *, released: bool = True) -> bool:
        """
        Start what does not run, *seconds* after the last time, and leave what is stuck.

        Args:
            released: Those that wait are started too.

        Returns:
            Whether it helps to go on: False where thread after thread of one duty is stuck.
        """
        for duty in self._duties:
            if duty.waits and not released:
                continue
            asked, thread = self._asked.get(duty.name), self._threads.get(duty.name)
            if asked is not None and thread is not None and thread.is_alive():
                asked.quiet += min(seconds, _MOST)
                if duty.quiet is None or asked.quiet <= duty.quiet:
                    continue
                _log.error("duty hangs: it is begun anew", extra={"duty": duty.name})
                asked.set()
                self._left[duty.name].append(thread)
            self._start(duty)
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

    def _start(self, duty: Duty) -> None:
        asked = self._asked[duty.name] = Asked()
        thread = threading.Thread(target=_do, args=(duty, asked), name=duty.name, daemon=True)
        self._threads[duty.name] = thread
        thread.start()


def _do(duty: Duty, asked: Asked) -> None:
    try:
        duty.run(asked)
    except Exception:
        _log.exception("duty failed", extra={"duty": duty.name})
    asked.wait(1.0)  # not over and over
