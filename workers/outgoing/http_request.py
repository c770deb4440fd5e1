"""
One HTTP request to an address of the operator's, whole and in time.

Its host comes from instep.toml alone: nothing that a source sends chooses it. Its path and query
may be a secret, as those of a chat are, so messages name the host alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import requests

from workers.errors import OutgoingError
from workers.model.mask import Mask
from workers.transport.deadline import Deadline, DeadlineAdapter
from workers.transport.http_answer import FAILURES, innermost
from workers.transport.plain_session import PlainSession, is_proxy_set

SECONDS: Final = 10.0  # for the whole request
LARGEST: Final = 4096  # bytes of an answer that are read
LONGEST: Final = 200  # characters of an answer that are shown


@dataclass(frozen=True, slots=True)
class Address:
    """An http(s) *url*; as text only its scheme and host."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        rest = "/***" if parts.path.strip("/") or parts.query else ""
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"

    def mask(self, *secrets: str) -> Mask:
        """Return a mask of the address, its path, and *secrets*."""
        path = urlsplit(self.url)._replace(scheme="", netloc="").geturl()
        return Mask((self.url, path, *secrets))


@dataclass(frozen=True, slots=True)
class Reply:
    """
    The answer to a request.

    Args:
        text: How it begins, without secrets.
        retry_after: Seconds that it asks to wait; None: it asks for nothing.
    """

    status: int
    text: str = ""
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        redirect = " (a redirect, which is not followed)" if 300 <= self.status < 400 else ""
        return f"{self.status}{redirect}{f': {self.text}' if self.text else ''}"


def request(
    method: Literal["GET", "POST", "PUT", "PATCH"],
    address: Address,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    secret: str = "",
    secrets: Iterable[str] = (),
    seconds: float = SECONDS,
) -> Reply:
    """
    Send one request and return its answer, whatever the status.

    Redirects are not followed, and no cookie, .netrc or retry is used; proxies of the environment
    are.

    Args:
        secret, secrets: Masked in what is returned and raised, like the address.
        seconds: For the whole exchange, up to the last byte that is read.

    Raises:
        OutgoingError: No answer in time.
    """
    deadline, mask = Deadline(), address.mask(secret, *secrets)
    own = {"User-Agent": "instep", **(headers or {})}
    deadline.start(seconds, float("inf"))
    try:
        reply, text = _exchange(requests.Request(method, address.url, own, data=body), deadline)
    except FAILURES as error:
        reason = mask.text(deadline.reason or innermost(error))
        raise OutgoingError(f"{method} {address}: {reason}", sent=deadline.sent) from None
    finally:
        deadline.stop()
    # Masked before it is cut: half a secret would not be found.
    return Reply(reply.status, " ".join(mask.text(text).split())[:LONGEST], reply.retry_after)


def _exchange(request: requests.Request, deadline: Deadline) -> tuple[Reply, str]:
    with PlainSession() as session:
        session.trust_env = is_proxy_set()
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter(deadline))
        prepared = request.prepare()  # not by the session, which would add what .netrc says
        settings: dict[str, Any] = {}
        settings |= session.merge_environment_settings(
            str(prepared.url), {}, stream=True, verify=None, cert=None
        )
        with session.send(prepared, allow_redirects=False, **settings) as response:
            body = _beginning(response)
    if deadline.expired:  # a body without a length ends where the socket was shut
        raise OSError("the time is up")
    after = response.headers.get("Retry-After", "")
    wait = float(after) if after.isascii() and after.isdigit() else None
    return Reply(response.status_code, retry_after=wait), body.decode(errors="replace")


def _beginning(response: requests.Response) -> bytes:
    """Return the first bytes of the body; the rest is not read."""
    body = bytearray()
    for chunk in response.iter_content(LARGEST):
        body += chunk
        if len(body) >= LARGEST:
            break
    return bytes(body[:LARGEST])
