"""
``POST /webhooks/<source>``: raw bytes in, status out.

| Outcome | Status |
|---|---|
| kept, duplicate, unwanted, spooled | 200, or the answer that the sender expects |
| the challenge that the source is configured for | its echo, or 403; see ``web.challenges`` |
| proof bad or missing | 401, empty |
| unknown source, or wrong path token | 404; a trailing slash makes no difference |
| another method | 405 |
| body larger than ``max_body``, as sent or unpacked | 413 |
| body incomplete | 400 |
| could not be kept | 503: the sender sends again |
"""

from __future__ import annotations

import hmac
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from time import monotonic
from types import MappingProxyType
from typing import IO, Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.wsgi import get_content_length, get_input_stream

from service.ingest.intake import Intake
from service.ingest.receipt import Receipt
from service.senders.base import QUERY, Answer
from service.web import challenges, delivery_answers
from service.web.delivery_answers import STATUSES
from service.web.environ import BODY, COMPLETE, HEADERS, header_of
from service.web.refusals import Reporter
from workers.config.settings import MAX_BODY, Source
from workers.errors import BodyTooLarge, SignatureInvalid, StoreUnavailable

REASONS: Final[Mapping[type, str]] = MappingProxyType(
    {
        NotFound: "not-found",
        MethodNotAllowed: "method",
        ClientDisconnected: "incomplete",
        BadRequest: "malformed",
    }
)
_PIECE: Final = 65_536  # bytes
_DRAINED: Final = 16_777_216  # bytes of an oversized body that are read and dropped

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Takes deliveries by their WSGI environ; *clock* returns the current time, aware."""

    intake: Intake
    clock: Callable[[], datetime]
    reporter: Reporter

    def answer(self, source: Source, environ: dict[str, Any]) -> Response:
        """Take one delivery of *source* and return the response."""
        started = monotonic()
        name = source.name
        try:
            body = read_body(environ, source.max_body or MAX_BODY)
            headers = read_headers(environ)
            if echo := _echo(source, environ["REQUEST_METHOD"], headers, body):
                return delivery_answers.response_of(echo)
            now = self.clock()
            receipt = self.intake.receive(name, headers, body, now=now)
        except (RequestEntityTooLarge, BodyTooLarge):
            _log_outcome("too-large", source=name, ms=_ms(started))
            self.reporter.count_refusal(name, "too-large", STATUSES["too-large"])
            return delivery_answers.refused("too-large")
        except SignatureInvalid as error:
            reason = str(error)
            _log_outcome("refused", source=name, reason=reason, ms=_ms(started))
            checked = partial(self.intake.checked, name, headers, body, now=now)
            self.reporter.count_refusal(name, "refused", STATUSES["refused"], reason, checked)
            return delivery_answers.refused("refused")
        except StoreUnavailable as error:
            _log_outcome("unavailable", source=name, reason=str(error), ms=_ms(started))
            return delivery_answers.refused("unavailable", error.shown)
        _log_receipt(name, receipt, _ms(started))
        self.reporter.time_answer(name, receipt.outcome, environ.get(COMPLETE, started))
        return delivery_answers.accepted(receipt)


def blueprint(deliveries: Deliveries, sources: Mapping[str, Source]) -> Blueprint:
    """Return the routes of *deliveries*."""
    routes = Blueprint("webhooks", __name__)

    def receive(source: str, path_token: str | None = None) -> Response:
        environ = request.environ
        return deliveries.answer(_find(sources, source, path_token, environ), environ)

    for rule in (
        "/webhooks/<source>",
        "/webhooks/<source>/",
        "/webhooks/<source>/<path:path_token>",
    ):
        routes.add_url_rule(
            rule, view_func=receive, methods=["POST"], provide_automatic_options=False
        )
    for source in sources.values():
        _ask(routes, source)
    return routes


def _ask(routes: Blueprint, source: Source) -> None:
    """Add the routes of a challenge with another method; without them that is a 405."""

    def asked(path_token: str | None = None) -> Response:
        environ = request.environ
        _find({source.name: source}, source.name, path_token, environ)
        echo = _echo(source, request.method, read_headers(environ), b"")
        if echo is None:
            raise BadRequest
        return delivery_answers.response_of(echo)

    methods = set(challenges.METHODS.get(source.challenge or "", ())) - {"POST"}
    if methods:
        address = f"/webhooks/{source.name}"
        for rule in (
            (f"{address}/<path:path_token>",) if source.path_token else (address, f"{address}/")
        ):
            routes.add_url_rule(
                rule,
                endpoint=f"asked {source.name}",
                view_func=asked,
                methods=methods,
                provide_automatic_options=False,
            )


def read_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case names, and the raw query under ``QUERY``."""
    # Not the headers of a Request: their capitalized names cost more than all the rest.
    known: Mapping[str, str] | None = environ.get(HEADERS)
    if known is not None:
        headers = {**known}  # the front has read them
    else:
        headers = {
            header_of(name): value for name, value in environ.items() if name.startswith("HTTP_")
        }
    for name, lower in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        headers.pop(lower, None)
        if value := environ.get(name):
            headers[lower] = value
    headers[QUERY] = environ.get("QUERY_STRING", "")
    return headers


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """
    Return the raw body.

    Raises:
        RequestEntityTooLarge: It is longer than *limit* bytes.
        ClientDisconnected: It is shorter than its Content-Length.
    """
    whole: bytes | None = environ.get(BODY)
    if whole is not None and len(whole) <= limit:
        return whole  # the front has read it
    # Not MAX_CONTENT_LENGTH: behind granian it silently truncates a chunked body. Without a length
    # only a chunked body has a detectable end.
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    stream = get_input_stream(environ, safe_fallback=not chunked)
    length = get_content_length(environ)
    body = b"" if length is not None and length > limit else b"".join(_pieces(stream, limit + 1))
    if len(body) > limit or (length is not None and length > limit):
        # A client whose connection breaks while it sends never sees the answer.
        deque(_pieces(stream, _DRAINED), maxlen=0)
        raise RequestEntityTooLarge
    if length is not None and len(body) < length:
        raise ClientDisconnected
    return body


def _pieces(stream: IO[bytes], most: int) -> Iterator[bytes]:
    while most > 0 and (piece := stream.read(min(most, _PIECE))):
        yield piece
        most -= len(piece)


def _find(
    sources: Mapping[str, Source], name: str, token: str | None, environ: Mapping[str, Any]
) -> Source:
    """Return the source at this path; a wrong token answers like an unknown source."""
    source = sources.get(name)
    if source is None or not _is_plain(environ):
        raise NotFound
    if token is None and source.path_token is None:
        return source
    given = (token or "").encode("utf-8", "surrogatepass")
    right = (source.path_token or "").encode()
    found = [hmac.compare_digest(given, each) for each in (right, right + b"/")]
    if not right or not any(found):
        raise NotFound
    return source


def _is_plain(environ: Mapping[str, Any]) -> bool:
    """Whether the path begins with one slash and does not end with an encoded one."""
    path: str = environ["PATH_INFO"]
    if not path.endswith("/"):
        return not path.startswith("//")
    raw: str = environ.get("RAW_URI", path).partition("?")[0]
    return not path.startswith("//") and raw.endswith("/")


def _ms(started: float) -> float:
    return round((monotonic() - started) * 1000, 1)


def _log_receipt(source: str, receipt: Receipt, ms: float) -> None:
    _log_outcome(
        receipt.outcome,
        unmapped=not receipt.mapped,
        source=source,
        ms=ms,
        events=receipt.events,
        accepted=receipt.accepted,
        problems=len(receipt.problems),
        collections=receipt.collections,
        keys=receipt.keys,
        records=receipt.records,
        event_ids=receipt.ids,
    )


def _log_outcome(action: str, *, unmapped: bool = False, **values: Any) -> None:
    """Log a delivery: one line, with the names that its attempts have too."""
    status = STATUSES[action]
    level = logging.INFO if status == HTTPStatus.OK else logging.WARNING
    outcome = "unmapped" if unmapped else action
    _log.log(level, "delivery", extra={"outcome": outcome, "status": status, **values})


def _echo(source: Source, method: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
    wanted = source.challenge
    if wanted is None or method not in challenges.METHODS[wanted]:
        return None
    return challenges.echo(wanted, headers, body, source.verify_token)
