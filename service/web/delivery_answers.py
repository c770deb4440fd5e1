"""The answers to deliveries, and their responses, which are put together once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from flask import Response
from werkzeug.datastructures import Headers

from service.ingest.receipt import Receipt
from service.senders.base import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STATUSES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "kept": HTTPStatus.OK.value,
        "duplicate": HTTPStatus.OK.value,
        "unwanted": HTTPStatus.OK.value,
        "spooled": HTTPStatus.OK.value,
        "full": HTTPStatus.SERVICE_UNAVAILABLE.value,
        "unavailable": HTTPStatus.SERVICE_UNAVAILABLE.value,
        "refused": HTTPStatus.UNAUTHORIZED.value,
        "too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value,
    }
)
# No Retry-After with a 503: Hasura obeys it for ever, even when its retries are used up.
_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too-large": "the body is larger than max_body of this source",
        "full": "too many objects of this source wait to be fetched; send again later",
        "unavailable": "{fault}; send again later",
    }
)
_ANSWERS: Final = MappingProxyType(
    {
        action: Answer(
            status,
            json.dumps(
                {"error": _ERRORS[action]} if action in _ERRORS else {"status": action},
                separators=(",", ":"),
            )
            + "\n",
            "application/json",
        )
        for action, status in STATUSES.items()
    }
    | {"refused": Answer(STATUSES["refused"])}
)


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """
    The response to a POST with one answer.

    Args:
        state: The attributes of such a response as long as nobody changes it.
        made: Its headers, and *headers* those that it sends.
    """

    state: Mapping[str, Any]
    made: Headers
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Prepared(Response):
    """
    A response to a POST, sent as *sent* says unless a hook changes it: to put headers and body
    together takes an eighth of what Flask does for a delivery.
    """

    __slots__ = ("_sent",)  # no attribute of the response itself: those tell whether it was changed

    def __init__(self, sent: _Sent) -> None:
        self._sent = sent
        vars(self).update(sent.state, _on_close=[])  # not Response's own, which makes it all again

    @cached_property
    def headers(self) -> Headers:  # type: ignore[override]
        return self._sent.made.copy()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if vars(self) != self._sent.state:
            return super().__call__(environ, start)
        start(self._sent.status, list(self._sent.headers))
        return (self._sent.body,)


def response_of(answer: Answer) -> Response:
    """Return the response to any request with *answer*."""
    response = Response(
        answer.body, answer.status, dict(answer.headers), content_type=answer.content_type
    )
    if answer.content_type is None:
        del response.headers["Content-Type"]
    return response


@lru_cache(maxsize=64)
def _sent(answer: Answer) -> _Sent:
    response = response_of(answer)
    response.response = tuple(response.iter_encoded())  # no list: all have the same one
    parts, status, headers = response.get_wsgi_response({"REQUEST_METHOD": "POST"})
    state = {name: value for name, value in vars(response).items() if name != "headers"}
    return _Sent(state, response.headers, status, tuple(headers), b"".join(parts))


def accepted(receipt: Receipt) -> Response:
    """Return the response to a delivery that came to *receipt*."""
    if receipt.answer and STATUSES[receipt.outcome] == HTTPStatus.OK:
        return Prepared(_sent(receipt.answer))
    return Prepared(_sent(_ANSWERS[receipt.outcome]))


def refused(action: str, fault: str = "") -> Response:
    """Return the response to a delivery that was not kept; *fault*: of the store."""
    answer = _ANSWERS[action]
    return response_of(replace(answer, body=answer.body.replace("{fault}", fault)))
