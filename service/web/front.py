"""
The ASGI application for granian: it reads every request in full, in time, or refuses it.

It reads on an event loop, where a stalled client costs some memory but no thread, and passes only
complete requests to the Flask application.

| Refused | Status |
|---|---|
| a method in lower case, or ambiguous framing | 400 |
| a body that is cut off or malformed, signed or not | 400 |
| a body that is not complete in time | 408 |
| a body larger than its path allows | 413 |
| no room for the body, or no thread in time | 503: the sender sends again |

Each refusal closes its connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from service.api import errors
from service.api.access import is_api
from service.ingest.intake import LARGE
from service.web import environ as environs
from service.web.refusals import PREFIX
from service.web.threads import Answer, Application, Send, Threads, Turns
from service.web.upload import DRAINED, Receive, Refused, Uploads

# Threads for bodies that are LARGE or compressed: to unpack 32 KB may take half a second and
# 60 MB before the signature can be checked.
HEAVY: Final = 2
PAGES: Final = 4  # threads for all but deliveries: /healthz answers while those are blocked
HELP: Final = 0.05  # s without an answered delivery, after which extra threads start
STUCK: Final = 20.0  # s without an answer from the most threads allowed: they hang for good
TURN: Final = 3.0  # s that one turn of the event loop may take
_NO_FREE_THREAD: Final = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy")


class Front:
    """
    The ASGI application of one process.

    Args:
        application: Any WSGI application.
        limit: Returns the largest body allowed for a path, in bytes.
        report: Called for a refused request, with its path, the reason and the status.
    """

    def __init__(
        self,
        application: Application,
        limit: Callable[[str], int],
        report: Callable[[str, str, int], object],
        uploads: Uploads | None = None,
    ) -> None:
        self._deliveries = Turns(application, "deliveries", stuck=HELP)
        self._heavy = Threads(application, HEAVY, "heavy", most=HEAVY)
        self._pages = Threads(application, PAGES, "pages")
        self._limit = limit
        self._report = report
        self._uploads = uploads or Uploads()
        self._loop: asyncio.AbstractEventLoop | None = None  # known from the first request on
        self._closing = False  # every answer closes its connection
        self._turned = float("inf")  # when the loop was asked for a turn; inf: it has answered

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # neither lifespan nor websockets
        self._loop = loop = asyncio.get_running_loop()
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
            environs.with_body(environ, body)
            answer = await self._threads(path, environ).ask(environ, loop)
            if answer is None:
                raise _NO_FREE_THREAD
        except Refused as refused:
            self._report(path, refused.reason, refused.status)
            answer = _refusal(refused, path)
        finally:
            self._uploads.release(held)
        await (answer.closing() if self._closing else answer).send(send)

    def close_connections(self) -> None:
        """Close each connection after its next answer."""
        self._closing = True

    def is_alive(self) -> bool:
        """Whether the event loop turns and threads answer; the caller has to poll it."""
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

    def _threads(self, path: str, environ: Mapping[str, Any]) -> Threads:
        if not path.startswith(PREFIX):
            return self._pages
        packed = "HTTP_CONTENT_ENCODING" in environ
        return self._heavy if packed or len(environ[environs.BODY]) > LARGE else self._deliveries


def _framing(environ: Mapping[str, Any]) -> int | None:
    """
    Return the length of the body; None: it is chunked. Raises Refused if the framing is ambiguous
    or invalid, or the method is in lower case.
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
    """Refuse at once a body that is too large to drain, or that waits for "100 Continue"."""
    if length is None or length <= limit:
        return
    if length > limit + DRAINED or "HTTP_EXPECT" in environ:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large")


def _refusal(refused: Refused, path: str) -> Answer:
    body = json.dumps({"error": refused.status.phrase}).encode() + b"\n"
    if is_api(path):
        body = errors.body_of(refused.status)
    return Answer(
        refused.status,
        (
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ),
        body,
    )
