"""The threads in which the Flask application answers, beside the event loop that reads."""

from __future__ import annotations

import logging
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PATIENCE: Final = 10.0  # s; most senders gave up by then

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, in the words of ASGI."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True)
class _Asked:
    environ: Environ
    loop: AbstractEventLoop
    answer: Future[Answer | None]
    since: float


class Threads:
    """
    A few threads that take requests from one queue.

    Not a ThreadPoolExecutor: its futures cost a sixth of the requests that one connection gets
    answered.

    Args:
        application: Any WSGI application.
        count: Of threads; they end with the process.
        patience: Seconds that a request may wait for one of them.
    """

    def __init__(
        self, application: Application, count: int, name: str, patience: float = PATIENCE
    ) -> None:
        self._application = application
        self._patience = patience
        self._asked: SimpleQueue[_Asked] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def ask(self, environ: Environ, loop: AbstractEventLoop) -> Future[Answer | None]:
        """Return the answer to come; None: no thread was free in time, and nothing was done."""
        answer: Future[Answer | None] = loop.create_future()
        self._asked.put(_Asked(environ, loop, answer, monotonic()))
        return answer

    def _run(self) -> None:
        while True:
            asked = self._asked.get()
            late = monotonic() - asked.since > self._patience
            answer = None if late else _call(self._application, asked.environ)
            try:
                asked.loop.call_soon_threadsafe(_settle, asked.answer, answer)
            except RuntimeError:  # the loop is closed: the process ends
                return


def _settle(future: Future[Answer | None], answer: Answer | None) -> None:
    if not future.done():
        future.set_result(answer)


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
            tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers),
            body,
        )
    # Whatever it is, the thread must live on, and the client must hear something.
    except Exception:
        _log.exception("the application failed")
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, ((b"content-length", b"0"),))
