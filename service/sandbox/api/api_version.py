"""An API version as the gate sees it: its views, its errors and its headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from service.sandbox.faults.faults import NONE, Fault
from service.sandbox.model.refusals import Refused
from service.sandbox.site.site import Site


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """
    A request to a view.

    Args:
        query: One value per name.
        fault: The fault of this request, or NONE.
        scopes: Of the token; None: all.
    """

    method: str
    path: str
    body: bytes
    query: Mapping[str, str]
    headers: Mapping[str, str]
    fault: Fault = NONE
    scopes: frozenset[str] | None = None

    def parsed(self) -> Any:
        """Return the body as JSON; raises Refused if it is none, or nested too deeply."""
        try:
            return json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Refused("malformed", _as_javascript(error), counted=False) from None

    def json(self) -> dict[str, Any]:
        """Return the body as an object; raises Refused if it is none."""
        data = self.parsed()
        if not isinstance(data, dict):
            raise Refused("malformed", "the body is no object", counted=False)
        return data


def _no_constant(name: str) -> None:
    raise ValueError(f"Unexpected token {name[0]} in JSON")


def _as_javascript(error: Exception) -> str:
    """Return why a body is no JSON, in the words of JavaScript: the real API uses them."""
    if isinstance(error, json.JSONDecodeError):
        ended = error.pos >= len(error.doc) or error.msg.startswith("Unterminated")
        if ended:
            return "Unexpected end of JSON input"
        return f"Unexpected token {error.doc[error.pos]} in JSON at position {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"Unexpected token \ufffd in JSON at position {error.start}"
    if isinstance(error, RecursionError):
        return "Maximum call stack size exceeded"
    return str(error)


View = Callable[..., Response]
Route = tuple[str, str, View]  # method, rule and view; a view takes an ApiRequest and the ids


@dataclass(frozen=True, slots=True)
class Views:
    """The views of one subject; ``routes`` names them."""

    site: Site


Named = list[tuple[str | None, Mapping[str, Any]]]  # an item's id, and the fields written to it


@dataclass(frozen=True, slots=True)
class Api:
    """
    One version of the API.

    Args:
        name: ``v1`` or ``v2``.
        routes: Method, rule and view; a view takes an ApiRequest and the ids.
        check: Checks version header and scopes.
        refusal: Returns the answer to a refused request, by path.
        failure: Returns the answer of a ``status`` fault, by path.
        headers: Returns the rate headers; *counted* as in Refused.
        named: Returns the items named in a body.
    """

    name: str
    routes: tuple[Route, ...]
    check: Callable[[ApiRequest], None]
    refusal: Callable[[Refused, str], Response]
    failure: Callable[[Fault, str], Response]
    headers: Callable[..., dict[str, str]]
    named: Callable[[Any], Named]


def answer(data: Any, status: int = 200) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair, valid in JSON but not in UTF-8, is sent back escaped.
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, status, content_type="application/json; charset=utf-8")
