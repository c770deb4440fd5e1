"""
The first bytes of a picture, from an address that a source sent.

Whoever can send an event chooses this address, so no request goes to a host of the own network:
each address of its name is looked at before the connection is made, and it is made to that very
address. Redirects are followed by the same rule.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

import requests

from workers.fields.picture_files import FIRST, refusal
from workers.transport.deadline import Deadline, DeadlineAdapter
from workers.transport.http_answer import FAILURES
from workers.transport.plain_session import PlainSession

REDIRECTS: Final = 3
_PART: Final = 65_536  # bytes that are asked for: an answer of 206 tells the size of the whole
_HEADERS: Final = {
    "User-Agent": "instep",
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
    "Range": f"bytes=0-{_PART - 1}",
}


def picture_refusal(url: str, *, seconds: float, public: bool = True) -> str | None:
    """
    Return why what is at *url* is certainly no picture for the CMS; None: it may be one, or nothing
    could be told.

    Args:
        seconds: For all of it, but for the look-up of the name, which nothing can end.
        public: Only hosts of the public internet are asked; False in tests.
    """
    deadline = Deadline()
    deadline.start(seconds, float("inf"))
    try:
        return _refusal(url, deadline, public)
    except FAILURES:
        return None
    finally:
        deadline.stop()


def _refusal(url: str, deadline: Deadline, public: bool) -> str | None:
    with PlainSession() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter(deadline, public=public))
        for _ in range(REDIRECTS + 1):
            if urlsplit(url).scheme.lower() not in ("http", "https"):
                return None
            prepared = requests.Request("GET", url, _HEADERS).prepare()
            with session.send(prepared, allow_redirects=False, stream=True) as response:
                target = response.headers.get("Location")
                if not (300 <= response.status_code < 400 and target):
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    first = next(response.iter_content(FIRST), b"")
                    return refusal(response.status_code, headers, first)
            url = urljoin(url, target)
    return None
