"""Errors: pages under the paths of the console, JSON under all others."""

from __future__ import annotations

from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from service.api import errors
from service.api.access import is_api
from service.console import error_pages
from service.console.pages import is_console
from service.operate.page import FilterInvalid
from service.web import webhooks
from service.web.refusals import Reporter
from workers.errors import RequestRefused, StoreUnavailable


def register(app: Flask, reporter: Reporter) -> None:
    """Let *app* answer every error."""
    app.register_error_handler(HTTPException, lambda error: _of_http(error, reporter))
    app.register_error_handler(StoreUnavailable, _of_store)
    app.register_error_handler(RequestRefused, _of_operation)
    app.register_error_handler(FilterInvalid, _of_filter)


def _of_http(error: HTTPException, reporter: Reporter) -> Response:
    """Answer with the headers that HTTP requires, such as Allow with a 405."""
    if is_api(request.path):
        return errors.of_http(error)
    if _is_page():
        return error_pages.of_http(error)
    path: str = request.environ["PATH_INFO"]
    reason = webhooks.REASONS.get(type(error))
    if reason and reporter.source_of(path):
        reporter.report(path, reason, error.code or 0)
    response = Response(status=error.code)
    response.headers.update(
        [pair for pair in error.get_headers() if pair[0].lower() != "content-type"]
    )
    page = jsonify(error=error.name)
    response.set_data(page.get_data())
    response.content_type = page.content_type
    return response


def _of_store(error: StoreUnavailable) -> ResponseReturnValue:
    if is_api(request.path):
        return errors.of_store(error)
    if _is_page():
        return error_pages.of_store(error)
    return jsonify(error=error.shown), 503


def _of_operation(error: RequestRefused) -> Response:
    return error_pages.of_operation(error) if _is_page() else errors.of_operation(error)


def _of_filter(error: FilterInvalid) -> Response:
    return error_pages.of_filter(error) if _is_page() else errors.of_filter(error)


def _is_page() -> bool:
    return is_console(request.path) and "console" in current_app.blueprints
