"""Errors as pages: what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from flask import Response, render_template
from werkzeug.exceptions import HTTPException

from service.operate.page import FilterInvalid
from workers.errors import RequestRefused, StoreUnavailable, UnknownName

LONGEST: Final = 500  # characters
Words = tuple[str, str, str]

_REST: Final = ("an error", "another request", "go back, and try again")
_WORDS: Final[Mapping[int, Words]] = MappingProxyType(
    {
        400: ("a request that cannot be read", "a form of this console", "load the page again"),
        404: ("no such page", "a page of this console", "choose one of the pages"),
        405: (
            "a request of another kind",
            "one that a page here sends",
            "go back, and use a button",
        ),
        413: (
            "a larger form",
            "one of at most 1 MiB",
            "select all that match, or fewer at a time; for a payload use `instep preview`",
        ),
        500: ("an unexpected error", "a page", "see the log; if it repeats, report it"),
    }
)


class Refused(HTTPException):
    """An answer of its own status and words; for ``raise``."""

    def __init__(
        self,
        status: HTTPStatus,
        found: str,
        expected: str,
        do: str,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(status.phrase)
        self.code = status.value
        self.words = (found, expected, do)
        self.headers = headers


def missing(found: str, expected: str, do: str) -> Refused:
    """Return the exception that answers 404, for ``raise``."""
    return Refused(HTTPStatus.NOT_FOUND, repr(found), expected, do)


def of_http(error: HTTPException) -> Response:
    """Answer *error* with the headers that HTTP requires, such as Allow with a 405."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, Refused):
        response = page(status, error.words)
        response.headers.update(error.headers)
        return response
    response = page(status, _WORDS.get(status, _REST))
    kept = [pair for pair in error.get_headers() if pair[0].lower() == "allow"]
    response.headers.extend(kept)
    return response


def of_store(error: StoreUnavailable) -> Response:
    words = (error.shown, "a store that answers", "see /readyz, then load the page again")
    return page(HTTPStatus.SERVICE_UNAVAILABLE, words)


def of_operation(error: RequestRefused) -> Response:
    """Answer what ``service.operate`` refused."""
    unknown = isinstance(error, UnknownName)
    status = HTTPStatus.NOT_FOUND if unknown else HTTPStatus.CONFLICT
    return page(status, (error.found, error.expected, error.do))


def of_filter(error: FilterInvalid) -> Response:
    """Answer a filter that selects nothing because it is wrong."""
    return page(HTTPStatus.NOT_FOUND, (error.found, error.expected, error.do))


def page(status: HTTPStatus, words: Words) -> Response:
    """Return the page of an error."""
    found, expected, do = (each if len(each) <= LONGEST else f"{each[:LONGEST]}…" for each in words)
    text = render_template(
        "console/error.html", status=status, found=found, expected=expected, do=do
    )
    return Response(text, status)
