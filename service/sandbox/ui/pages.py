"""
The page at ``/``, for people: its files, and the data that it loads.

It needs nothing from other hosts, and its policy forbids such requests. Only on request
(``/?pictures=web``) are pictures loaded from the URLs that were imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files as resources

from flask import Blueprint, Response, request

from service.sandbox.api.api_version import answer
from service.sandbox.api.local_callers import admit
from service.sandbox.site.site import Site
from service.sandbox.ui.pictures import draw
from service.sandbox.ui.view import view

_PARTS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'{pictures}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Pages:
    def __init__(self, site: Site) -> None:
        self._site = site

    def blueprint(self) -> Blueprint:
        made = Blueprint("page", __name__)
        for rule, shown in self.rules():
            made.add_url_rule(rule, endpoint=shown.__name__, view_func=shown, methods=["GET"])
        made.before_request(admit)
        made.after_request(_sealed)
        return made

    def rules(self) -> tuple[tuple[str, Callable[..., Response]], ...]:
        """Return rule and view of each route."""
        return (
            ("/", self.page),
            ("/_sandbox/<any('page.css', 'page.js', 'icon.svg'):name>", self.part),
            ("/_sandbox/picture/<id>", self.picture),
            ("/_sandbox/view", self.view),
        )

    def page(self) -> Response:
        return Response(_read("page.html"), content_type="text/html; charset=utf-8")

    def part(self, name: str) -> Response:
        return Response(_read(name), content_type=_PARTS[name])

    def picture(self, id: str) -> Response:
        with self._site.lock:
            file = self._site.files.find(id)
        made = Response(draw(id, file.url if file else ""), content_type="image/svg+xml")
        made.headers["Cache-Control"] = "max-age=86400, immutable"
        return made

    def view(self) -> Response:
        with self._site.lock:
            data = view(self._site, request.args)
        made = answer(data)
        made.set_etag(hashlib.sha256(made.get_data()).hexdigest()[:32])
        return made.make_conditional(request)  # type: ignore[return-value]


def _read(name: str) -> bytes:
    return resources("service.sandbox.ui").joinpath("page", name).read_bytes()


def _sealed(response: Response) -> Response:
    web = request.path == "/" and request.args.get("pictures") == "web"
    policy = _POLICY.format(pictures=" https: http:" if web else "")
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers["Content-Security-Policy"] = policy
    response.headers.update(_HEADERS)
    return response
