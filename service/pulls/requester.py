"""
The requests of one run of a pull: paced, repeated where that may help, and counted.

Answers of 429 and 503 are obeyed as they ask, up to `LONGEST_WAIT`; beyond that the run ends, and
the schedule waits as long. A redirect is followed on the same host alone: the credentials go along.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests

from service.fetchers.requests_once import ask
from service.fetchers.responses import Answer, retry_after
from service.pulls.auth import Credentials
from workers.config.pull import Pull
from workers.errors import FetchError, FetchRefused, PullFailed
from workers.model.mask import Mask
from workers.outgoing.http_request import Address
from workers.policy.backoff import backoff

SECONDS: Final = 60.0  # for one whole request
LARGEST: Final = 64 * 2**20  # bytes of an answer
TRIES: Final = 5  # of one request
LONGEST_WAIT: Final = 300.0  # s that is waited for within a run
REDIRECTS: Final = 3
_BASE, _CAP = 1.0, 30.0  # s of the backoff
_SHOWN: Final = 120  # characters of a refusal that are shown
_WAITING: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_KEPT: Final = (HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)


@dataclass(eq=False)
class Requester:
    """
    Sends requests in one thread.

    Args:
        moved: Called before each request, as a sign of life.
        sleep, now: In s; *now* is monotonic.
        spread: Returns a random number in [0, 1).
    """

    pull: Pull
    _: KW_ONLY
    moved: Callable[[], object] = lambda: None
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], float] = time.monotonic
    spread: Callable[[], float] = random.random
    calls: int = 0  # requests to the source; those for a token are not counted
    _next: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self.credentials = Credentials(self.pull, self._token)
        self._mask = Mask((*self.pull.hidden, *_addresses(self.pull)))

    def get(self, url: str, body: bytes | None, headers: Mapping[str, str] | None = None) -> Answer:
        """
        Return the answer to a request for a page: 200, or 304 if *headers* ask for it.

        Raises:
            PullFailed: Another answer, or none, after as many tries as may help.
        """
        renewed = followed = tries = 0
        while True:
            self._pace()
            own = {**self._headers(body), **(headers or {}), **self.credentials.headers()}
            self.calls += 1
            answer = self._once(requests.Request(self.pull.method, url, own, data=body))
            if isinstance(answer, Answer):
                if _is_good(answer, conditional=bool(headers)):
                    return answer
                if answer.status == HTTPStatus.UNAUTHORIZED and not renewed:
                    renewed = self.credentials.renew()
                    if renewed:
                        continue
                if 300 <= answer.status < 400 and followed < REDIRECTS:
                    url, followed = self._redirected(url, answer), followed + 1
                    continue
            tries += 1
            self._wait(answer, tries)

    def same_host(self, url: str) -> bool:
        """Tell whether the credentials may go to *url*."""
        return _may_follow(self.pull.url, url)

    def _token(self, request: requests.Request) -> Answer:
        for tries in range(1, TRIES + 1):
            answer = self._once(request)
            if isinstance(answer, Answer) and answer.status == HTTPStatus.OK:
                return answer
            self._wait(answer, tries)
        raise AssertionError  # pragma: no cover  # the last wait raises

    def _headers(self, body: bytes | None) -> dict[str, str]:
        own = {"User-Agent": "instep", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        if body is not None:
            own["Content-Type"] = "application/json"
        return own | dict(self.pull.headers)

    def _pace(self) -> None:
        """Space the requests evenly: so no restart exceeds the limit either."""
        self.moved()
        if (wait := self._next - self.now()) > 0:
            self.sleep(wait)
        self._next = self.now() + 60.0 / self.pull.requests_per_minute

    def _once(self, request: requests.Request) -> Answer | str:
        """Return the answer; a text says why there is none."""
        what = f"{request.method} {Address(str(request.url))}"
        try:
            # The mask knows all secrets; ask() has room for one.
            return ask(what, request, seconds=SECONDS, secret=self.pull.url, largest=LARGEST)
        except FetchRefused as error:  # it is too long, and no shorter the next time
            raise PullFailed(self._masked(str(error))) from None
        except FetchError as error:
            return self._masked(str(error))

    def _wait(self, answer: Answer | str, tries: int) -> None:
        """Wait until *answer* may be another; raises PullFailed if it will not be."""
        wait = backoff(tries, base=_BASE, cap=_CAP, spread=self.spread())
        if isinstance(answer, str):
            if tries >= TRIES:
                raise PullFailed(answer)
        else:
            asked = self._judge(answer, tries)
            wait = wait if asked is None else asked
        self.sleep(wait)
        self.moved()

    def _judge(self, answer: Answer, tries: int) -> float | None:
        """Return the seconds that *answer* asks to wait; raises PullFailed if it is final."""
        status = answer.status
        waits = status in _WAITING
        asked = retry_after(answer.headers, limited=True, now=datetime.now(UTC)) if waits else None
        again = waits or status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT
        if not again or tries >= TRIES or (asked or 0) > LONGEST_WAIT:
            said = answer.body[:4096].decode(errors="replace").split()
            text = self._masked(" ".join(said))[:_SHOWN]
            raise PullFailed(f"the source answers {status}{text and f': {text}'}", asked)
        return asked

    def _redirected(self, url: str, answer: Answer) -> str:
        found = urljoin(url, answer.headers.get("location", ""))
        host = urlsplit(found).hostname
        if "location" not in answer.headers or not _may_follow(url, found):
            raise PullFailed(
                f"the source answers {answer.status}, a redirect to {host}, which is not followed; "
                "if that is right, set it as url"
            )
        if self.pull.method == "POST" and answer.status not in _KEPT:
            raise PullFailed(f"the source answers {answer.status}, which would turn POST into GET")
        return found

    def _masked(self, text: str) -> str:
        mask, token = self._mask.text(text), self.credentials.token
        return Mask((token,)).text(mask) if token else mask


def _is_good(answer: Answer, *, conditional: bool) -> bool:
    good = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED) if conditional else (HTTPStatus.OK,)
    return answer.status in good


def _addresses(pull: Pull) -> tuple[str, ...]:
    parts = urlsplit(pull.url)
    return tuple({pull.url, parts._replace(scheme="", netloc="").geturl()} - {"", "/"})


def _may_follow(before: str, after: str) -> bool:
    """Tell whether *after* is on the host of *before*; TLS may begin there, and never ends."""
    try:
        one, other = _host(before), _host(after)
    except ValueError:
        return False
    return one == other or (one[0] == "http" and other == ("https", one[1], 443) and one[2] == 80)


def _host(url: str) -> tuple[Any, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
