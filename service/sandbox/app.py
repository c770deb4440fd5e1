"""The stand-in as a Flask app."""

from __future__ import annotations

import re

from flask import Flask, Response, request

from service.sandbox.api.api_version import Api, answer
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
    app = Flask("instep.sandbox", static_folder=None)
    apis: tuple[Api, ...] = (v1(site), v2(site))
    for api in apis:
        _mount(app, Gate(site, api), api)
    app.register_blueprint(Control(site).blueprint())
    app.register_blueprint(Pages(site).blueprint())
    app.register_error_handler(404, _no_route)
    app.register_error_handler(405, _no_route)
    return app


def _mount(app: Flask, gate: Gate, api: Api) -> None:
    for method, rule, view in api.routes:
        route = f"{method} {_PLACE.sub(lambda found: _PLACES[found[1]], rule)}"
        app.add_url_rule(
            rule,
            endpoint=route,
            view_func=gate.guard(view, route),
            methods=[method],
            provide_automatic_options=False,
        )


def _no_route(_: Exception) -> Response:
    # Both versions answer an unknown route in this form.
    body = {
        "msg": f"Route not found: {request.path}",
        "code": 404,
        "name": "RouteNotFoundError",
        "errorEnum": "RouteNotFound",
    }
    return answer(body, 404)
