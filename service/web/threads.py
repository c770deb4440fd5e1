"""
The threads that run the Flask application, beside the event loop that reads requests.

Pages and large bodies have a thread each, so that none waits for another (`Threads`). Ordinary
deliveries wait for the store alone, and share one thread by its fibers (`Turns`).
"""

from __future__ import annotations

import logging
import threading
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final

from workers import fibers
from workers.model.values import value_class

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PATIENCE: Final = 10.0  # s; most senders have timed out by then
STUCK: Final = 0.25  # s without an answer from any thread, after which extra threads start
LINGER: Final = 0.25  # s that an idle extra thread waits for more work
TOGETHER: Final = 64  # deliveries under way in the fibers of a process
MOST: Final = 24  # threads at most, extra ones included; each may need a connection to the store

_log = logging.getLogger(__name__)


@value_class
class Answer:
    """A complete response, as ASGI has it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    def closing(self) -> Answer:
        """Return the same answer, after which the connection is closed."""
        others = tuple(each for each in self.headers if each[0].lower() != b"connection")
        return replace(self, headers=(*others, (b"connection", b"close")))

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@value_class
class _Asked:
    environ: Environ
    loop: AbstractEventLoop
    answer: Future[Answer | None]
    since: float


class Threads:
    """
    A few threads that take requests from one queue.

    When all of them hang, extra threads start, so that a store that does not answer delays only the
    requests that need it. They end once one of the others answers again.

    Not a ThreadPoolExecutor: its futures cost a sixth of the throughput of one connection.

    Args:
        application: Any WSGI application.
        count: Number of threads; they end with the process.
        patience: Seconds that a request may wait for a thread.
        stuck: See STUCK.
        most: Number of threads, extra ones included.
        linger: See LINGER.
    """

    def __init__(
        self,
        application: Application,
        count: int,
        name: str,
        patience: float = PATIENCE,
        stuck: float = STUCK,
        most: int = MOST,
        linger: float = LINGER,
    ) -> None:
        self._application = application
        self._count = count
        self._name = name
        self._patience = patience
        self._stuck = stuck
        self._most = most
        self._linger = linger
        self._asked: SimpleQueue[_Asked] = SimpleQueue()
        self._done: deque[tuple[Future[Answer | None], Answer | None]] = deque()
        self._called = False  # the loop, to look at what is done
        self._by_own = 0  # requests answered by other than extra threads
        # Used by the event loop alone.
        self._open = 0  # requests not answered yet
        self._answered = 0  # requests answered since the start
        self._watched = False
        self._moved = monotonic()  # when one was last answered, or came while none was open
        self._helpers: list[threading.Thread] = []
        for number in range(count):
            self._start(self._run, number)

    def ask(self, environ: Environ, loop: AbstractEventLoop) -> Future[Answer | None]:
        """Return the answer to come; None: no thread was free in time, so nothing was done."""
        answer: Future[Answer | None] = loop.create_future()
        if not self._open:
            self._moved = monotonic()
        self._open += 1
        self._put(_Asked(environ, loop, answer, monotonic()))
        if self._open > self._count and not self._watched:
            self._watched = True
            loop.call_later(self._stuck, self._look, loop, self._answered)
        return answer

    def is_stuck(self, seconds: float) -> bool:
        """Return whether the most threads allowed are busy and none has answered for *seconds*."""
        return self._open >= self._most and monotonic() - self._moved > seconds

    def _look(self, loop: AbstractEventLoop, answered: int) -> None:
        """Start extra threads if no request was answered since the count was *answered*."""
        self._helpers = [each for each in self._helpers if each.is_alive()]
        working = self._count + len(self._helpers)
        wanted = min(self._open, working + self._asked.qsize(), self._most)
        self._watched = self._open > self._count
        if self._watched:
            loop.call_later(self._stuck, self._look, loop, self._answered)
        for number in range(working, wanted if self._answered == answered else 0):
            self._helpers.append(self._start(self._help, number))

    def _put(self, asked: _Asked) -> None:
        self._asked.put(asked)

    def _start(self, target: Callable[[], None], number: int) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"{self._name}-{number}", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        while True:
            self._serve_own(self._asked.get())

    def _help(self) -> None:
        # Under load there is always more: those who stayed for it would take turns with the others
        # for good, which takes longer than their work.
        by_own = self._by_own
        with suppress(Empty):
            while self._by_own == by_own:
                self._serve(self._asked.get(timeout=self._linger))

    def _serve_own(self, asked: _Asked) -> None:
        self._serve(asked)
        self._by_own += 1

    def _serve(self, asked: _Asked) -> None:
        late = monotonic() - asked.since > self._patience
        answer = None if late else _call(self._application, asked.environ)
        self._done.append((asked.answer, answer))
        if self._called:
            return  # the loop is about to take this one as well
        self._called = True
        # The loop is closed: the process is ending.
        with suppress(RuntimeError):
            asked.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._called = False
        self._moved = monotonic()
        while self._done:
            future, answer = self._done.popleft()
            self._open -= 1
            self._answered += 1
            if not future.done():
                future.set_result(answer)


class Turns(Threads):
    """
    One thread, whose fibers take requests: where one waits for the store, the next one begins.

    Should the thread itself hang, extra threads start, as in `Threads`.

    Args:
        together: Number of requests under way at most.
    """

    def __init__(
        self, application: Application, name: str, *, together: int = TOGETHER, **named: Any
    ) -> None:
        self._host = fibers.Host()
        self._together = together
        self._under_way = 0  # used by the fibers alone
        super().__init__(application, 1, name, **named)

    def is_stuck(self, seconds: float) -> bool:
        """Like that of `Threads`, or whether one request has held the thread for *seconds*."""
        return super().is_stuck(seconds) or self._host.is_stuck(seconds)

    def _put(self, asked: _Asked) -> None:
        super()._put(asked)
        self._host.call(self._begin)

    def _run(self) -> None:
        self._host.run()

    def _begin(self) -> None:
        if self._under_way < self._together:
            with suppress(Empty):  # an extra thread has taken it
                self._host.begin(partial(self._serve_one, self._asked.get_nowait()))

    def _serve_one(self, asked: _Asked) -> None:
        self._under_way += 1
        self._serve_own(asked)
        self._under_way -= 1
        if not self._asked.empty():
            self._host.call(self._begin)


def _call(application: Application, environ: Environ) -> Answer:
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started[:] = [status, headers]

    try:
        parts = application(environ, start)
        try:
            body = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
        status, headers = started
        return Answer(
            int(status[:3]),
            tuple([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]),
            body,
        )
    # Whatever it is: the thread must go on, and the client must get an answer.
    except BaseException:
        _log.exception("the application failed")
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, ((b"content-length", b"0"),))
