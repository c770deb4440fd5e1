"""Puts the API into an application: its routes, its description, its errors and its access."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final, cast

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api

from service.api import (
    access,
    audit,
    deletes,
    deliveries,
    letters,
    overview,
    pauses,
    previews,
    problems,
    reconciles,
    record,
    records,
    redirects,
    runs,
    settings,
    sources,
    status,
    undo,
)
from service.api.schemas import ErrorAnswer
from service.operate.access import Callers
from service.operate.parts import Parts

NOUNS: Final = (
    *(overview, status, record, records, deliveries, problems, letters, deletes, runs, reconciles),
    *(sources, settings, audit, pauses, previews, undo, redirects),
)
_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token of an [access.NAME] of instep.toml, or INSTEP_ADMIN_TOKEN.",
}


class _Api(Api):  # type: ignore[misc]  # flask-smorest has no types
    """Described when that is asked for: it takes longer than all else of a start."""

    ERROR_SCHEMA = ErrorAnswer
    # Each route names the errors that it answers.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        self._to_describe: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        super().__init__(app)

    def describe_later(self, describe: Callable[[], None]) -> None:
        self._to_describe.append(describe)

    def _openapi_json(self) -> Any:
        with self._lock:
            while self._to_describe:
                self._to_describe.pop(0)()
            return super()._openapi_json()

    def _register_responses(self) -> None:
        self.describe_later(super()._register_responses)

    def _register_error_handlers(self) -> None:
        """Leave errors to the application, which answers those of other paths in another form."""


def register(app: Flask, parts: Parts) -> None:
    """Add ``/api/…`` to *app*; its own error handlers answer by `service.api.errors`."""
    app.config.update(
        API_TITLE="Instep",
        API_VERSION=version("instep"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=access.PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "What instep shows and does, as JSON."},
            "security": [{"bearer": []}],
        },
    )
    # Names stand in the order of instep.toml, as in `instep status`.
    cast(DefaultJSONProvider, app.json).sort_keys = False
    app.before_request(access.gate(Callers(parts.configuration)))
    app.url_map.converters["delivery"] = deliveries.DeliveryId
    api: Any = _Api(app)
    described = {"type": "string", "pattern": deliveries.DeliveryId.pattern}
    api.register_converter(deliveries.DeliveryId, lambda _: described)
    api.spec.components.security_scheme("bearer", _BEARER)
    for noun in NOUNS:
        api.register_blueprint(noun.routes(parts).blueprint)
