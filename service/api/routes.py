"""Routes of one noun, described for OpenAPI as they are added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser, abort

from service.api.access import PREFIX
from service.api.schemas import ErrorAnswer

View = Callable[..., Any]
_ALWAYS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
_WITH_BODY: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

_NONE: Final[Mapping[HTTPStatus, type[Schema]]] = MappingProxyType({})


@cache
def _made(schema: type[Schema]) -> Schema:
    """Return the one instance of *schema*: to make it takes longer than to add its route."""
    return schema()


class _Parser(FlaskParser):
    # A parameter that is not there is refused: else one that is misspelt would be left out.
    DEFAULT_UNKNOWN_BY_LOCATION = {"query": RAISE, "json": RAISE}  # noqa: RUF012  # as inherited

    def load_json(self, req: Any, schema: Schema) -> Any:
        try:
            return super().load_json(req, schema)
        # Not only what json raises itself: a number of 5,000 digits, lists in lists in lists.
        except (RecursionError, ValueError) as error:
            abort(HTTPStatus.BAD_REQUEST, exc=error, messages={"json": ["Invalid JSON body."]})


class _Blueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Copies and describes what its routes say of themselves once somebody asks for it."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, *given: Any, **more: Any) -> None:
        self._to_store: list[Callable[[], None]] = []
        super().__init__(*given, **more)

    def _store_endpoint_docs(self, *given: Any, **more: Any) -> None:
        self._to_store.append(partial(super()._store_endpoint_docs, *given, **more))

    def register_views_in_doc(self, api: Any, *given: Any, **more: Any) -> None:
        for store in self._to_store:
            api.describe_later(store)
        api.describe_later(partial(super().register_views_in_doc, api, *given, **more))


def answered(schema: type[Schema], found: Mapping[str, Any]) -> Response:
    """Return the answer 200 of a view whose usual one is another."""
    return jsonify(_made(schema).dump(found))


class Routes:
    """
    The routes of one noun.

    A view takes the query as a dict, then the body as a dict, where the route has them.
    """

    def __init__(self, noun: str, description: str) -> None:
        self.blueprint: Any = _Blueprint(
            f"api-{noun}", __name__, url_prefix=PREFIX, description=description
        )

    def get(
        self,
        path: str,
        view: View,
        answer: type[Schema],
        *,
        query: type[Schema] | None = None,
        errors: Sequence[HTTPStatus] = (),
        others: Mapping[HTTPStatus, type[Schema]] = _NONE,
    ) -> None:
        """Add a route that shows something; *others*: answers with a form of their own."""
        answers = {HTTPStatus.OK: answer, **others}
        self._add("GET", path, view, answers, query, None, errors)

    def post(
        self,
        path: str,
        view: View,
        answers: Mapping[HTTPStatus, type[Schema]],
        *,
        body: type[Schema],
        errors: Sequence[HTTPStatus] = (),
    ) -> None:
        """Add a route that does something; *answers*: by status, the usual one first."""
        self._add("POST", path, view, answers, None, body, (*errors, *_WITH_BODY))

    def _add(
        self,
        method: str,
        path: str,
        view: View,
        answers: Mapping[HTTPStatus, type[Schema]],
        query: type[Schema] | None,
        body: type[Schema] | None,
        errors: Sequence[HTTPStatus],
    ) -> None:
        routes = self.blueprint
        # From the inside: the first argument of the view is the outermost.
        if body is not None:
            view = routes.arguments(_made(body), location="json")(view)
        if query is not None:
            view = routes.arguments(_made(query), location="query")(view)
        (usual, schema_of), *others = answers.items()
        view = routes.response(usual.value, _made(schema_of))(view)
        alternatives: dict[HTTPStatus, type[Schema]] = dict.fromkeys(
            (*_ALWAYS, *errors), ErrorAnswer
        )
        if query is not None or body is not None:
            alternatives[HTTPStatus.UNPROCESSABLE_ENTITY] = ErrorAnswer
        _describe(view, [*alternatives.items(), *others])
        routes.add_url_rule(path, view_func=view, methods=[method])


def _describe(view: Any, answers: Sequence[tuple[HTTPStatus, type[Schema]]]) -> None:
    """
    Add *answers* to the description of *view*.

    As ``Blueprint.alt_response`` does, that copies the description for each of them and wraps the
    view once more.
    """
    responses = view._apidoc["response"]["responses"]
    for status, schema in answers:
        described = {"schema": _made(schema), "description": status.phrase, "content_type": None}
        responses.setdefault(status.value, []).append(described)
