"""Shared by HTTP clients: bearer tokens, bounded bodies, and readable errors."""

from __future__ import annotations

from http.client import HTTPException
from typing import Any

import requests
import urllib3

# All errors of a request without a readable answer.
FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    ValueError,
)


class AnswerTooLong(ValueError):
    pass


class Bearer(requests.auth.AuthBase):
    """Authentication by token; as *auth*, so that no .netrc can replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def read_body(response: requests.Response, largest: int) -> bytes:
    """Return the body of *response*; AnswerTooLong if it has more than *largest* bytes."""
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > largest:
            raise AnswerTooLong(f"the answer is longer than {largest} bytes")
    return bytes(body)


def innermost(error: BaseException) -> str:
    """Return the innermost error as text: requests wraps it up to four times."""
    inner: Any = error
    for _ in range(8):
        wrapped = [getattr(inner, "reason", None), *getattr(inner, "args", ())]
        deeper = next((part for part in reversed(wrapped) if isinstance(part, Exception)), None)
        if deeper is None:
            break
        inner = deeper
    return f"{type(inner).__name__}: {inner}"[:300]
