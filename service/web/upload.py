"""
Reads the body of a request, complete and in time, or refuses it.

No proof can be checked before the body is there, so every client is untrusted. A body has a
deadline, and beyond that a minimum rate. All bodies together share a bound in bytes, which does not
count the first 64 KiB of each: ordinary deliveries pass however many large ones wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

SECONDS: Final = 15.0  # for one body; longer as long as it keeps this rate:
RATE: Final = 65_536  # bytes/s, averaged over the whole body
DRAINED: Final = 16_777_216  # bytes of an oversized body that are read and dropped
PIECES: Final = 4_096  # pieces of one body; more if they have this size on average:
SMALL: Final = 64  # bytes; each piece costs as much as a small request
FREE: Final = 65_536  # bytes of each body that the bound does not count
HELD: Final = 67_108_864  # bytes beyond those, of all bodies of this process together
SILENT: Final = 0.5  # s without a byte, after which a large body may be cancelled for others. If
# that is not enough, all but the oldest of those that have waited twice as long for room
PAUSE: Final = 0.05  # s between two checks for room
LOOK: Final = 0.25  # s between two checks of the deadlines

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Refused(Exception):
    """
    A request refused before it reaches the application.

    Args:
        status: Of the answer.
        reason: One of ``workers.store.refusals.REASONS``.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(eq=False, slots=True)
class Upload:
    """A body that is being received."""

    task: asyncio.Task[Any]
    began: float
    moved: float  # when its last piece came
    came: int = 0  # bytes received, dropped ones included
    pieces: int = 0
    held: int = 0  # bytes that the bound counts
    late: bool = False
    # Set while it waits for room: its sender is then not to blame for the silence.
    room: asyncio.Future[None] | None = None
    body: bytearray = field(default_factory=bytearray)


class Uploads:
    """
    All bodies of one process that are being received or wait for their answer; the arguments are
    the constants of this module.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        rate: int = RATE,
        bound: int = HELD,
        silent: float = SILENT,
    ) -> None:
        self._seconds = seconds
        self._rate = rate
        self._bound = bound
        self._silent = silent
        self._held = 0
        self._uploads: set[Upload] = set()
        self._watched = False
        self._looks = False
        self._first: Upload | None = None

    async def collect(self, receive: Receive, length: int | None, limit: int) -> tuple[bytes, int]:
        """
        Return the whole body, and how many bytes of it count against the bound until `release`.

        Args:
            receive: Of ASGI.
            length: The Content-Length; None: chunked.
            limit: Largest body allowed, in bytes.

        Raises:
            Refused: Too large, incomplete or late; or there is no room.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101  # a coroutine runs in one
        upload = Upload(task, now, now)
        self._uploads.add(upload)
        if not self._watched:
            self._watched = True
            loop.call_later(LOOK, self._watch, loop)
        try:
            body = await self._read(upload, receive, length, limit)
        except asyncio.CancelledError:
            self._let_go(upload)
            if not upload.late:
                raise
            task.uncancel()
            if upload.room:
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy") from None
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "late") from None
        except BaseException:
            self._let_go(upload)
            raise
        finally:
            self._uploads.discard(upload)
        return body, upload.held

    def release(self, held: int) -> None:
        """Stop counting *held* bytes: their request is answered."""
        self._held -= held

    async def _read(
        self, upload: Upload, receive: Receive, length: int | None, limit: int
    ) -> bytes:
        most = limit + DRAINED
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                # Cut off, or malformed framing: what has come is not the body.
                raise Refused(HTTPStatus.BAD_REQUEST, "incomplete")
            piece: bytes = message.get("body", b"")
            upload.came += len(piece)
            upload.pieces += 1
            # Content-Length is reached: the empty message that follows need not be awaited.
            more = message.get("more_body", False) and upload.came != length
            if not more and upload.came == len(piece) <= min(limit, FREE):
                return self._whole(piece, length)
            if upload.came <= limit:
                await self._keep(upload, piece)
            else:
                self._let_go(upload)
            if upload.came > most or (
                upload.pieces > PIECES and upload.came < upload.pieces * SMALL
            ):
                break
        if more or upload.came > limit:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large")
        return self._whole(bytes(upload.body), length)

    def _whole(self, body: bytes, length: int | None) -> bytes:
        if length is not None and len(body) != length:
            raise Refused(HTTPStatus.BAD_REQUEST, "incomplete")
        return body

    async def _keep(self, upload: Upload, piece: bytes) -> None:
        loop = asyncio.get_running_loop()
        upload.body += piece
        beyond = max(0, len(upload.body) - FREE)
        self._held += beyond - upload.held
        upload.held = beyond
        # The oldest never waits: two that hold what the other needs would deadlock.
        while beyond and self._held > self._bound and upload is not self._first:
            upload.room = loop.create_future()
            if not self._looks:
                self._looks = True
                loop.call_later(PAUSE, self._look_for_room, loop)
            await upload.room
        upload.room = None
        upload.moved = loop.time()

    def _look_for_room(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel as many bodies as needed, then wake those for which there is room."""
        now = loop.time()
        for each in self._in_the_way(now):
            if self._held > self._bound:
                self._cancel(each)
        large = [each for each in self._uploads if each.held]
        self._first = min(large, key=lambda each: each.began, default=None)
        waiting = [each for each in large if each.room]
        for each in waiting:
            if each.room and (self._held <= self._bound or each is self._first):
                _wake(each.room)
        self._looks = bool(waiting)
        if self._looks:
            loop.call_later(PAUSE, self._look_for_room, loop)

    def _in_the_way(self, now: float) -> list[Upload]:
        """Return the bodies to cancel: silent ones, longest first, then those that waited long."""
        large = [each for each in self._uploads if each.held and not each.late]
        silent = [each for each in large if not each.room and each.moved < now - self._silent]
        waiting = [each for each in large if each.room and each.began < now - 2 * self._silent]
        return [
            *sorted(silent, key=lambda each: each.moved),
            *sorted(waiting, key=lambda each: each.began)[1:],
        ]

    def _let_go(self, upload: Upload) -> None:
        self._held -= upload.held
        upload.held = 0
        upload.body = bytearray()

    def _cancel(self, upload: Upload) -> None:
        if not upload.late:
            upload.late = True
            self._let_go(upload)
            upload.task.cancel()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for upload in list(self._uploads):
            if now > upload.began + self._seconds + upload.came / self._rate:
                self._cancel(upload)
        self._watched = bool(self._uploads)
        if self._watched:
            loop.call_later(LOOK, self._watch, loop)


def _wake(room: asyncio.Future[None]) -> None:
    if not room.done():
        room.set_result(None)
