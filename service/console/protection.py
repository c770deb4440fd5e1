"""What every request to the console passes, and what every page of it carries."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import Response, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from service.console.error_pages import Refused
from service.console.pages import is_console
from service.console.sessions import Sessions
from workers.config.settings import MAX_BODY

LIVE: Final = "X-Instep-Live"  # header of a request that the script of a page sends
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Open to who is not logged in; what all may do who are: a preview changes nothing, as /api/preview.
_OPEN: Final = frozenset({"login.show", "login.enter", "static_files.show"})
_OF_ALL: Final = frozenset({"login.enter", "login.leave", "sources.preview"})
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def gate(sessions: Sessions, csrf: CSRFProtect) -> Callable[[], AnyResponse | None]:
    """Return what lets a request to the console pass, or refuses it, before its route."""

    def check() -> AnyResponse | None:
        if not is_console(request.path) or request.endpoint == "static_files.show":
            return None
        request.max_content_length = request.max_form_memory_size = MAX_BODY
        if not sessions.open:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "no token to log in with",
                "the environment variable INSTEP_ADMIN_TOKEN",
                "set it and start again to use the console",
            )
        who = sessions.caller()
        if who is None and request.endpoint not in _OPEN:
            return _ask_for_login()
        if request.method in READS:
            return None
        csrf.protect()
        if who is not None and not who.operates and request.endpoint not in _OF_ALL:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                f'the role "view" of {who.name}',
                'role = "operate", to change something',
                "log in with another token",
            )
        return None

    return check


def _ask_for_login() -> AnyResponse:
    if request.method in READS and LIVE not in request.headers:
        wanted = request.full_path.rstrip("?")
        return redirect(url_for("login.show", next=wanted if wanted != "/" else None))
    raise Refused(
        HTTPStatus.UNAUTHORIZED,
        "no login, or one that has ended",
        "a login of the last 12 hours",
        "log in again; what you were about to change is unchanged",
    )


def cover(response: Response) -> Response:
    """Add to every answer of the console the headers that protect it."""
    if is_console(request.path):
        response.headers.update(HEADERS)
        if request.endpoint != "static_files.show":
            response.headers["Cache-Control"] = "no-store"
    return response
