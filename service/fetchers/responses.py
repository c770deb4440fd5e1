"""
The meaning of an answer to a fetch: the object, or one of two errors with the system's message.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from service.senders.payload import parse_json
from workers.errors import FetchRefused, FetchUnavailable, PayloadInvalid
from workers.model.mask import Mask

LONGEST: Final = 300  # characters of the system's message

# Statuses that affect every object, or every request with this token.
_EVERYBODY: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_WORDS: Final = ("code", "type", "title", "message", "detail")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a system; the names of *headers* are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def judge(what: str, answer: Answer, *, secret: str, pause: float | None, now: datetime) -> Any:
    """
    Return the JSON in *answer*.

    Args:
        what: Method and path, for messages.
        secret: Masked in messages, even if the system repeats it.
        pause: Seconds to wait after a 429 without a Retry-After.

    Raises:
        FetchRefused: A 4xx that concerns only this object, or no 200 with JSON.
        FetchUnavailable: A redirect, a 5xx, or a 4xx that affects every object.
    """
    status = answer.status
    if status == HTTPStatus.OK:
        try:
            return parse_json(answer.body)
        except PayloadInvalid as error:
            text = f"200, but {error}; it begins with {_plain(answer.body[:60])!r}"
            raise FetchRefused(_message(what, text, secret)) from None
    text = (
        f"{status}{_location(answer.headers) if 300 <= status < 400 else _error_text(answer.body)}"
    )
    message = _message(what, text, secret)
    if 300 <= status < 400 or status >= 500 or status in _EVERYBODY:
        limited = status == HTTPStatus.TOO_MANY_REQUESTS
        wait = retry_after(answer.headers, limited=limited, now=now)
        raise FetchUnavailable(message, pause if wait is None and limited else wait)
    raise FetchRefused(message)


def _message(what: str, text: str, secret: str) -> str:
    # Masked before it is cut: half a secret would not be found.
    text = re.sub(r"\s+", " ", Mask((secret,)).text(text))
    return f"{what}: {text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}"


def _plain(body: bytes) -> str:
    return body.decode("utf-8", "replace").strip()


def _location(headers: Mapping[str, str]) -> str:
    try:
        host = urlsplit(headers.get("location", "")).hostname
    except ValueError:
        host = None
    # Never its query, which may hold a signature.
    return f", a redirect{f' to {host}' if host else ''}, which is not followed"


def _error_text(body: bytes) -> str:
    try:
        words = _words(parse_json(body))
    except PayloadInvalid:
        words = _plain(body[: 4 * LONGEST])
    return f", {words}" if words else ""


def _words(document: Any) -> str:
    """
    Return the message of an error document, in any of these shapes.

    Stripe and Airtable have ``{"error": {…}}``, Airtable also ``{"error": "…"}``, Square
    ``{"errors": [{…}]}``, BigCommerce an object of its own, or a list of them.
    """
    if isinstance(document, list):
        return _words(document[0]) if document else ""
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return ""
    inner = _words(document.get("error")) or _words(document.get("errors"))
    found = (document.get(name) for name in _WORDS)
    return inner or ": ".join(text for text in found if isinstance(text, str) and text)


def retry_after(headers: Mapping[str, str], *, limited: bool, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait; *limited*: it is a 429. None: it does not."""
    text = headers.get("retry-after", "").strip()
    if (seconds := _count(text)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        # BigCommerce sends milliseconds, with every answer.
        reset = _count(headers.get("x-rate-limit-time-reset-ms", "").strip()) if limited else None
        return None if reset is None else reset / 1000
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _count(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
