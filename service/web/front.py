"""
In front of the Flask application: every request whole and in time, or refused.

An ASGI application for granian. It reads on an event loop, where a client that stalls costs some
memory and no thread, and asks the Flask application only about requests that are complete.

| Refused | Status |
|---|---|
| a method in lower case, or framing that two readers could read in two ways | 400 |
| a body that is cut off or malformed, whatever its proof | 400 |
| a body that is not whole in time | 408 |
| a body larger than its path allows | 413 |
| no room for the body, or no thread in time | 503: the sender sends again |

Each closes its connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from service.ingest.intake import LARGE
from service.web import environ as environs
from service.web.refusals import PREFIX
from service.web.threads import Answer, Application, Send, Threads
from service.web.upload import DRAINED, Receive, Refused, Uploads

DELIVERIES: Final = 4  # threads; concurrency is what lets writes share an fsync
# Threads for bodies that are LARGE, or packed: what 32 KB unpack to may take half a
# second and 60 MB, before it can be told that it is not signed.
HEAVY: Final = 2
PAGES: Final = 4  # threads for all but deliveries, so that health answers whatever those do
HELP: Final = 0.05  # s in which no delivery is answered: others may be, by the spool
STUCK: Final = 20.0  # s in which no thread answers, as many as there may be: they never will
TURN: Final = 3.0  # s that the event loop has for one turn
_NO_FREE_THREAD: Final = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy")


class Front:
    """
    Args:
        application: Any WSGI application.
        limit: Returns how many bytes the body of a request to this path may have.
        report: Is told of a refused request: its path, why, and the status.
        uploads: The bodies of this process.
    """

    def __init__(
        self,
        application: Application,
        limit: Callable[[str], int],
        report: Callable[[str, str, int], object],
        uploads: Uploads | None = None,
    ) -> None:
        self._deliveries = Threads(application, DELIVERIES, "deliveries", stuck=HELP)
        self._heavy = Threads(application, HEAVY, "heavy", most=HEAVY)
        self._pages = Threads(application, PAGES, "pages")
        self._limit = limit
        self._report = report
        self._uploads = uploads or Uploads()
        self._loop: asyncio.AbstractEventLoop | None = None  # known from the first request on
        self._turned = float("inf")  # when the loop did what `is_alive` asked for; inf: it has

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # neither lifespan nor websockets
        self._loop = self._loop or asyncio.get_running_loop()
        environ = environs.head(scope)
        path: str = environ["PATH_INFO"]
        held = 0
        try:
            body = b""
            length = _framing(environ)
            if length != 0:
                limit = self._limit(path)
                _refuse_length(environ, length, limit)
                body, held = await self._uploads.collect(receive, length, limit)
            answer = await self._ask(path, environs.with_body(environ, body))
        except Refused as refused:
            self._report(path, refused.reason, refused.status)
            answer = _refusal(refused)
        finally:
            self._uploads.release(held)
        await answer.send(send)

    def is_alive(self) -> bool:
        """Whether the event loop turns and some thread answers; asked again and again, in one."""
        if any(each.is_stuck(STUCK) for each in (self._deliveries, self._heavy, self._pages)):
            return False
        if self._loop is None:
            return True
        if self._turned == float("inf"):
            self._turned = monotonic()
            self._loop.call_soon_threadsafe(self._turn)
        return monotonic() - self._turned < TURN

    def _turn(self) -> None:
        self._turned = float("inf")

    async def _ask(self, path: str, environ: dict[str, Any]) -> Answer:
        answer = await self._threads(path, environ).ask(environ, asyncio.get_running_loop())
        if answer is None:
            raise _NO_FREE_THREAD
        return answer

    def _threads(self, path: str, environ: Mapping[str, Any]) -> Threads:
        if not path.startswith(PREFIX):
            return self._pages
        packed = "HTTP_CONTENT_ENCODING" in environ
        return self._heavy if packed or len(environ[environs.BODY]) > LARGE else self._deliveries


def _framing(environ: Mapping[str, Any]) -> int | None:
    """
    Return the length of the body; None: it is chunked.

    Raises:
        Refused: Two readers of this head could see two bodies, or none of its method.
    """
    encoding = environ.get("HTTP_TRANSFER_ENCODING")
    length: str | None = environ.get("CONTENT_LENGTH")
    malformed = (
        (encoding is not None and encoding.strip().lower() != "chunked")
        or (encoding is not None and length is not None)
        or (length is not None and not (length.isascii() and length.isdigit()))
        or not environ["REQUEST_METHOD"].isupper()
    )
    if malformed:
        raise Refused(HTTPStatus.BAD_REQUEST, "malformed")
    return None if encoding is not None else int(length or 0)


def _refuse_length(environ: Mapping[str, Any], length: int | None, limit: int) -> None:
    """Refuse at once what is not worth being read to its end, or waits for our word to begin."""
    if length is None or length <= limit:
        return
    if length > limit + DRAINED or "HTTP_EXPECT" in environ:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large")


def _refusal(refused: Refused) -> Answer:
    body = json.dumps({"error": refused.status.phrase}).encode() + b"\n"
    return Answer(
        refused.status,
        (
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ),
        body,
    )
