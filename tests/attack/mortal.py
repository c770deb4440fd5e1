"""A client of the store whose process may die, and steps whose store has the simulated time."""

import socket
from functools import cache

import hiredis
import redis

from workers.store.scripts import Steps
from workers.store.step_library import Library, library

BEGIN = 1_780_000_000.0  # the first moment of the simulated time
LATEST_SWEEP = 1.0  # s after the one before
SWEEPS = 60.0  # s between those that are played, where the clock does not leap


class Died(BaseException):
    """The process is gone; nothing that it does from here on reaches anybody."""


class Mortal(redis.Redis):
    """
    A client that tells *point* of each command, before and after it.

    Steps go by a socket of their own: redis-py takes longer for a call than the store.
    """

    point = staticmethod(lambda _: None)
    _raw = None

    def fcall(self, *call):
        self.point("before a command")
        answer = self._ask(("FCALL", *call))
        self.point("after a command")
        return answer

    def _ask(self, command):
        if self._raw is None:
            path = self.connection_pool.connection_kwargs["path"]
            self._raw = socket.socket(socket.AF_UNIX)
            self._raw.connect(path)
            self._reader = hiredis.Reader(encoding="utf-8")
        self._raw.sendall(hiredis.pack_command(tuple(map(_as_bytes, command))))
        while (answer := self._reader.gets()) is False:
            self._reader.feed(self._raw.recv(1 << 20))
        if isinstance(answer, hiredis.ReplyError):
            raise redis.ResponseError(str(answer))
        return answer

    def close(self):
        if self._raw is not None:
            self._raw.close()
        super().close()

    def execute_command(self, *args, **options):
        self.point("before a command")
        answer = super().execute_command(*args, **options)
        self.point("after a command")
        return answer


def _as_bytes(part):
    return part if isinstance(part, bytes) else str(part).encode()


class Clock:
    """
    The simulated time; nothing but `go` lets it pass.

    ``t``: seconds; ``jump``: how far the store's clock is ahead; ``sweep``: called as time passes,
    and within a second of a leap of that clock. (A sweeper runs each second, at which little of
    what it does there is to be done.)
    """

    def __init__(self):
        self.t, self.jump, self._next = BEGIN, 0.0, BEGIN
        self.sweep = lambda: None

    def leap(self, jump):
        """Set the store's clock anew."""
        self.jump, self._next = jump, self.t + LATEST_SWEEP

    def note_sweep(self):
        self._next = self.t + SWEEPS

    def go(self, seconds):
        end = self.t + seconds
        while end >= self._next:
            self.t = max(self.t, self._next)
            self.note_sweep()
            self.sweep()
        self.t = max(self.t, end)

    @property
    def store_us(self):
        return round((self.t + self.jump) * 1_000_000)


class ClockedSteps(Steps):
    """Steps whose store has the simulated time, whatever time they really take."""

    def __init__(self, client, clock):
        super().__init__(client)
        self._clock = clock
        client.set_response_callback("TIME", lambda *_, **__: divmod(clock.store_us, 1_000_000))

    def run(self, step, request, *more):
        self._clock.go(0.002)
        return super().run(step, request, *more)

    @property
    def library(self):
        return timed()

    @property
    def _offset_ms(self):
        return self._clock.store_us // 1000


@cache
def timed():
    """Steps whose clock is their first argument; markers do not end, records are packed at once."""
    timed = library().text.replace("redis.call('TIME')", "{0, 0}")
    # By the store it ends after so long of a time that is not simulated: see World._await_sweep.
    timed = timed.replace("MARKER_MS = 5000", "MARKER_MS = 3600000")
    timed = timed.replace("REST_MS = 600000", "REST_MS = 0")
    assert (timed.count("{0, 0}"), timed.count("REST_MS = 0 ")) == (1, 1)
    return Library(timed, library().flags)
