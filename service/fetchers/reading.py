"""
One request to the system that sent a notice, and what is taken out of notice and answer.

A notice is proven, and all the same chooses no address: of what it says, only checked parts get
into the path of a request, and the host is the configuration's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests

from service.fetchers.answers import Answer, judge
from service.senders.payload import pluck
from workers.deadline import Deadline, DeadlineAdapter
from workers.errors import FetchRefused, FetchUnavailable, PayloadInvalid
from workers.exchange import FAILURES, AnswerTooLong, innermost, read_body

SECONDS: Final = 14.0  # for a fetch in all, like a request to the CMS
LARGEST: Final = 16 * 1024 * 1024  # bytes of an answer
LONGEST_PART: Final = 255  # characters

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Api:
    """
    A system over HTTP. Redirects are not followed, and proxies and .netrc do not count.

    Every call opens a connection and closes it: there is nothing to close, or to share by mistake.

    Args:
        root: Its address, without a slash at the end.
        headers: Of every request, the token in one of them.
        secret: The token, which is in no message.
        pause: Seconds to leave it alone after a 429 that names no time.
        seconds: For one request in all.
    """

    root: str
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    pause: float | None = None
    seconds: float = SECONDS

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """
        Return the JSON that stands at *path*.

        Raises:
            FetchRefused: The answer says that it cannot be had, or is not JSON, or too long.
            FetchUnavailable: There is no whole answer in time, or nobody would get one.
        """
        request = requests.Request("GET", self.root + path, params=query, headers=headers)
        return self._ask(path, request)

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON that *path* answers to *body*; raises like ``get``."""
        request = requests.Request(
            "POST",
            self.root + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._ask(path, request)

    def _ask(self, path: str, request: requests.Request) -> Any:
        what = f"{request.method} {path}"
        own = {"User-Agent": "instep", "Accept": "application/json"}
        request.headers = own | dict(self.headers) | dict(request.headers or {})
        deadline = Deadline()
        deadline.start(self.seconds, float("inf"))
        try:
            answer = _exchange(request, deadline)
        except AnswerTooLong as error:
            raise FetchRefused(f"{what}: {error}") from None
        except FAILURES as error:
            reason = deadline.reason or innermost(error)
            raise FetchUnavailable(f"{what}: {reason.replace(self.secret, '***')}") from None
        finally:
            deadline.stop()
        now = datetime.now(UTC)
        return judge(what, answer, secret=self.secret, pause=self.pause, now=now)


def _exchange(request: requests.Request, deadline: Deadline) -> Answer:
    adapter = DeadlineAdapter(deadline)
    try:
        # Not a session's send: it reads a redirect's body whole, and asks the environment for
        # proxies and .netrc for a token.
        with adapter.send(request.prepare(), stream=True) as response:
            body = read_body(response, LARGEST)
    finally:
        adapter.close()
    if deadline.expired:  # a body without a length ends where the socket was shut
        raise OSError("the time is up")
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, lower, body)


def part(text: str) -> str:
    """
    Return *text* as one part of a path.

    Raises:
        FetchRefused: It is empty, dots, too long, or would be several parts, to us or to a server
            that undoes the quoting before it looks.
    """
    dots = not text.strip(".")
    if dots or len(text) > LONGEST_PART or not text.isprintable() or set("/\\%") & set(text):
        raise FetchRefused(f"the notice names {text[:60]!r}, expected an id")
    return quote(text, safe="")


def named(payload: Any, path: str) -> str:
    """
    Return the text at the dotted *path* of a notice.

    Raises:
        FetchRefused: There is none.
    """
    return pick("the notice", payload, path, str)


def pick(what: str, value: Any, path: str, kind: type[T]) -> T:
    """
    Return what stands at the dotted *path* of *value*, which came by *what*.

    Raises:
        FetchRefused: Nothing stands there, or something that is not a *kind*.
    """
    try:
        return pluck(value, path, kind)
    except PayloadInvalid as error:
        raise FetchRefused(f"{what}: {error}") from None
