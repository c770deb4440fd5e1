"""The stand-in as a Flask app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache

from flask import Flask, Response, request

from service.sandbox.api.api_version import answer
from service.sandbox.api.gate import Gate
from service.sandbox.api.v1 import v1
from service.sandbox.api.v2 import v2
from service.sandbox.control.routes import Control
from service.sandbox.site.site import Site
from service.sandbox.ui.pages import Pages

_PLACE = re.compile("<(.id)>")
_PLACES = {
    "cid": ":collection",
    "iid": ":item",
    "sid": ":site",
    "fid": ":field",
    "wid": ":webhook",
}


def create_sandbox(site: Site) -> Flask:
    """
    Return an app: v1, v2 under ``/v2``, the control API under ``/_sandbox``, the page at ``/``.

    Faults that break the connection need ``api/http_server.py``; under others they answer 504.
    """
    # Sites differ by their views alone: to make the routes takes 40 times as long.
    app = copy(_routed())
    app.view_functions = {
        **{_endpoint(*route): view for route, view in _api_views(site)},
        **{f"control.{view.__name__}": view for _, _, view in Control(site).rules()},
        **{f"page.{view.__name__}": view for _, view in Pages(site).rules()},
    }
    return app


@cache
def _routed() -> Flask:
    """Return an app with all routes and handlers of errors, whose views are those of no site."""
    site = Site(token="", now=time.time)
    app = Flask("instep.sandbox", static_folder=None)
    for (method, rule), view in _api_views(site):
        app.add_url_rule(
            rule,
            endpoint=_endpoint(method, rule),
            view_func=view,
            methods=[method],
            provide_automatic_options=False,
        )
    app.register_blueprint(Control(site).blueprint())
    app.register_blueprint(Pages(site).blueprint())
    app.register_error_handler(404, _no_route)
    app.register_error_handler(405, _no_route)
    return app


def _api_views(site: Site) -> Iterator[tuple[tuple[str, str], Callable[..., Response]]]:
    """Yield method, rule and view of each route of v1 and v2."""
    for api in (v1(site), v2(site)):
        gate = Gate(site, api)
        for method, rule, view in api.routes:
            yield (method, rule), gate.guard(view, _endpoint(method, rule))


@cache
def _endpoint(method: str, rule: str) -> str:
    """Return the name of a route in the counts."""
    return f"{method} {_PLACE.sub(lambda found: _PLACES[found[1]], rule)}"


def _no_route(_: Exception) -> Response:
    # Both versions answer an unknown route in this form.
    body = {
        "msg": f"Route not found: {request.path}",
        "code": 404,
        "name": "RouteNotFoundError",
        "errorEnum": "RouteNotFound",
    }
    return answer(body, 404)
