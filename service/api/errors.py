"""Errors of the API: ``{"error": {"found", "expected", "do"}}``, whatever the status."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from service.operate.page import FilterInvalid
from workers.errors import RequestRefused, SelectionInvalid, StoreUnavailable, UnknownName

LONGEST: Final = 500  # characters: a request may repeat a body of 1 MiB
_SEE: Final = "see /api/openapi.json"
# Status → what was found, what was expected, what to do.
_WORDS: Final[Mapping[int, tuple[str, str, str]]] = MappingProxyType(
    {
        400: ("a request that cannot be read", "complete HTTP/1.1, and JSON in the body", _SEE),
        404: ("no such path", "a path of the API", _SEE),
        405: ("another method", "a method of the header Allow", _SEE),
        408: ("a request that is not complete in time", "a complete request", "send it again"),
        413: ("a larger body", "a body of at most 1 MiB", "send a smaller one"),
        415: ("another content type", "application/json", "set the header Content-Type"),
        500: ("an unexpected error", "an answer", "see the log; if it repeats, report it"),
        503: ("no free thread or room", "one in time", "send it again in a moment"),
    }
)
_OF: Final[Mapping[type[RequestRefused], HTTPStatus]] = MappingProxyType(
    {
        UnknownName: HTTPStatus.NOT_FOUND,
        SelectionInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_MISSING: Final = fields.Field.default_error_messages["required"]
_UNKNOWN: Final = Schema.error_messages.get("unknown", "Unknown field.")
_REST: Final = ("an error", "another request", _SEE)


class _Refused(HTTPException):
    def __init__(
        self, status: HTTPStatus, words: tuple[str, str, str], headers: Mapping[str, str]
    ) -> None:
        super().__init__(status.phrase)
        self.code = status.value
        self.words = words
        self.headers = headers


def refused(
    status: HTTPStatus, found: str, expected: str, do: str, headers: Mapping[str, str] | None = None
) -> HTTPException:
    """Return the exception that answers *status*, for ``raise``."""
    return _Refused(status, (found, expected, do), headers or {})


def missing(found: str, expected: str, do: str) -> HTTPException:
    """Return the exception that answers 404, for ``raise``."""
    return refused(HTTPStatus.NOT_FOUND, repr(found), expected, do)


def of_filter(error: FilterInvalid) -> Response:
    """Answer a filter whose form is right, but what it names is not there."""
    return _response(HTTPStatus.NOT_FOUND, (error.found, error.expected, error.do))


def of_operation(error: RequestRefused) -> Response:
    """Answer what ``service.operate`` refused."""
    status = next((_OF[kind] for kind in _OF if isinstance(error, kind)), HTTPStatus.CONFLICT)
    return _response(status, (error.found, error.expected, error.do))


def of_store(error: StoreUnavailable) -> Response:
    words = (error.shown, "a store that takes and gives", "see /readyz, and send it again")
    return _response(HTTPStatus.SERVICE_UNAVAILABLE, words)


def of_http(error: HTTPException) -> Response:
    """Answer *error* with the headers that HTTP requires, such as Allow with a 405."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, _Refused):
        response = _response(status, error.words)
        response.headers.update(error.headers)
        return response
    response = _response(status, _words(error, status))
    kept = [pair for pair in error.get_headers() if pair[0].lower() == "allow"]
    response.headers.extend(kept)
    return response


def body_of(status: int) -> bytes:
    """Return the body of an error that never reached the application."""
    return json.dumps(shape(_WORDS.get(status, _REST))).encode() + b"\n"


def _words(error: HTTPException, status: HTTPStatus) -> tuple[str, str, str]:
    messages = getattr(error, "data", {}).get("messages")
    if not messages:
        return _WORDS.get(status, _REST)
    flat = [*_flat(messages)]
    found = "; ".join(f"{where} {name}: {message}" for where, name, message in flat)
    return found, "parameters and a body as /api/openapi.json describes them", _advice(flat)


def _advice(messages: Sequence[tuple[str, str, str]]) -> str:
    """Return what to do about *messages*: which parameters to give, to leave out, to correct."""
    done: dict[str, list[str]] = {"give": [], "leave out": [], "correct": []}
    for where, name, message in messages:
        kind = {_MISSING: "give", _UNKNOWN: "leave out"}.get(message, "correct")
        named = f"{name} in the {'query' if where == 'query' else 'body'}"
        done[kind].append(named if name else "the body")
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in done.items() if names)


def _flat(messages: Any, where: str = "", path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield ``("query", "limit", "Not a valid integer.")`` for each message of marshmallow."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # The outermost name is where it stands: query or json.
            inside = f"{path}.{name}" if path else str(name)
            yield from _flat(inner, where or str(name), inside if where else "")
    elif isinstance(messages, list):
        for each in messages:
            yield from _flat(each, where, path)
    else:
        yield where, path, str(messages)


def _response(status: HTTPStatus, words: tuple[str, str, str]) -> Response:
    text = json.dumps(shape(words))
    return Response(f"{text}\n", status, content_type="application/json")


def shape(words: tuple[str, str, str]) -> dict[str, Any]:
    """Return the body of an error."""
    shown = (each if len(each) <= LONGEST else f"{each[:LONGEST]}…" for each in words)
    return {"error": dict(zip(("found", "expected", "do"), shown, strict=True))}
