"""
A request to the system that sent a notice, and access to the notice and the answer.

Even a proven notice chooses no address: only checked parts of it enter the path of a request, and
the host comes from the configuration.
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

SECONDS: Final = 14.0  # for a whole fetch, like a request to the CMS
LONGEST_PART: Final = 255  # characters

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Api:
    """
    An HTTP API. Redirects are not followed; proxies and .netrc are ignored.

    Each call opens and closes its own connection, so there is nothing to close or share.

    Args:
        root: The base URL, without a slash at the end.
        headers: Of every request; one holds the token.
        secret: The token, masked in messages.
        pause: Seconds to wait after a 429 without a Retry-After.
        seconds: For one whole request.
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
        Return the JSON at *path*.

        Raises:
            FetchRefused: The object is not available, or the answer is no JSON, or too long.
            FetchUnavailable: No complete answer in time, or an error that affects every object.
        """
        return self._ask("GET", path, headers or {}, {"params": query})

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON answer to a POST of *body*; raises like ``get``."""
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", path, headers, {"data": json.dumps(body).encode()})

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], parts: Mapping[str, Any]
    ) -> Any:
        # Not at the top: every process builds fetchers, but only one fetches, and the import costs
        # each of the others 0.3 s at its start.
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
    Return *text* as one segment of a path; raises FetchRefused if it is empty, only dots, too long,
    or would be several segments, also to a server that decodes the path first.
    """
    dots = not text.strip(".")
    if dots or len(text) > LONGEST_PART or not text.isprintable() or set("/\\%") & set(text):
        raise FetchRefused(f"the notice names {text[:60]!r}, expected an id")
    return quote(text, safe="")


def named(payload: Any, path: str) -> str:
    """Return the text at the dotted *path* of a notice; raises FetchRefused if there is none."""
    return pick("the notice", payload, path, str)


def pick(what: str, value: Any, path: str, kind: type[T]) -> T:
    """
    Return the value at the dotted *path*; *what* names its origin in messages. Raises FetchRefused
    if it is missing, or not a *kind*.
    """
    try:
        return pluck(value, path, kind)
    except PayloadInvalid as error:
        raise FetchRefused(f"{what}: {error}") from None
