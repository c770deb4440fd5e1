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

from service.fetchers.responses import judge
from service.senders.payload import pluck
from workers.errors import FetchRefused, PayloadInvalid

SECONDS: Final = 14.0  # for a fetch in all, like a request to the CMS
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
        return self._ask("GET", path, headers or {}, {"params": query})

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON that *path* answers to *body*; raises like ``get``."""
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", path, headers, {"data": json.dumps(body).encode()})

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], parts: Mapping[str, Any]
    ) -> Any:
        # Not at the top: every process builds fetchers, one of them fetches, and what it takes
        # costs the others 0.3 s at each start.
        import requests

        from service.fetchers.requests_once import ask

        what = f"{method} {path}"
        own = {"User-Agent": "instep", "Accept": "application/json"}
        whole = own | dict(self.headers) | dict(headers)
        request = requests.Request(method, self.root + path, whole, **parts)
        answer = ask(what, request, seconds=self.seconds, secret=self.secret)
        now = datetime.now(UTC)
        return judge(what, answer, secret=self.secret, pause=self.pause, now=now)


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
