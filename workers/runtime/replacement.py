"""
Replaces the children of a supervisor by others while they run.

The new ones start one after another beside the old. Once all are ready the old ones are asked to
end; if one does not come up, the new ones are ended, and the old go on.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from workers.runtime.child_process import Child, ChildProcess
from workers.runtime.forked_process import ForkServer

STARTING = 60.0  # s that a child may take until it is ready
GRACE = 4.0  # s between SIGTERM and SIGKILL


class Replacement:
    """New *children*, forked by *server*; with *released* also those that wait are started."""

    def __init__(self, children: Sequence[Child], server: ForkServer, *, released: bool) -> None:
        self.children = [ChildProcess(spec, server) for spec in children]
        self.failure: str | None = None  # why a child did not come up
        self._released = released
        self._begun = time.monotonic()
        self._starting = 0  # index

    @property
    def complete(self) -> bool:
        """Whether all children are ready."""
        return self.failure is None and self._starting == len(self.children)

    def poll(self) -> None:
        """Start the next child once the one before is ready; notice one that fails."""
        if self.failure is not None or self.complete:
            return
        for child in self.children[: self._starting]:
            child.read_beats()
        child = self.children[self._starting]
        child.read_beats()
        if not self._released and child.spec.waits:
            self._next()
            return
        child.poll()
        if child.failure or child.status is not None:
            self.failure = _failure(child)
        elif child.ready:
            self._next()
        elif time.monotonic() - self._begun > STARTING:
            self.failure = f"{child.spec.role}: not ready within {STARTING:g} s"

    def _next(self) -> None:
        self._starting += 1
        self._begun = time.monotonic()


def _failure(child: ChildProcess) -> str:
    status = child.status
    how = f"ended with status {status}"
    if status is None:
        how = "failed"
    elif status < 0:
        how = f"was ended by signal {-status}"
    said = f":\n{child.failure}" if child.failure else ""
    return f"{child.spec.role}: a new process {how}{said}"


class Departure:
    """
    The end of *children* that are no longer needed, and of their fork server.

    On SIGUSR1 one begins nothing more. SIGTERM follows, with *drain* after `Child.drain` s, in
    which it finishes what it has begun; then SIGKILL after *grace* seconds more, `Child.grace` if
    those are fewer.
    """

    def __init__(
        self, children: Sequence[ChildProcess], *, drain: bool, grace: float = GRACE
    ) -> None:
        self._grace = grace
        self._begun = time.monotonic()
        self._left = [(child, child.spec.drain if drain else 0.0) for child in children]
        self._servers = [child.server for child in children]
        self._told: set[int] = set()  # ids of those that got SIGTERM
        for child in children:
            if child.spec.drain:
                child.signal(signal.SIGUSR1)

    @property
    def children(self) -> list[ChildProcess]:
        return [child for child, _ in self._left]

    def poll(self, *, kill: bool = False) -> bool:
        """Send the signals that are due, or *kill* at once; returns whether all have ended."""
        passed = time.monotonic() - self._begun
        for child, seconds in self._left:
            if passed >= seconds and id(child) not in self._told:
                self._told.add(id(child))
                child.signal(signal.SIGTERM)
                child.signal(signal.SIGCONT)  # a stopped process would not get SIGTERM
            if kill or passed >= seconds + min(self._grace, child.spec.grace):
                child.signal(signal.SIGKILL)
            child.read_beats()
        for child, _ in self._left:
            if not child.alive():
                child.close()
        self._left = [(child, seconds) for child, seconds in self._left if child.alive()]
        if self._left:
            return False
        for server in self._servers:
            server.close()
        return True
