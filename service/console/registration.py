"""Puts the console into an application: its pages, its login, and what protects them."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFProtect

from service.console import formats, login, plurals, protection, static_files
from service.console.pages import existing, is_console
from service.console.sentences import phrase, sentence
from service.console.sessions import Sessions
from service.operate.access import Callers
from service.operate.parts import Parts
from workers.config.access_schema import ADMIN
from workers.store.ended_logins import EndedLogins
from workers.store.login_attempts import LoginAttempts

_FORMATS: Final = {
    name: getattr(formats, name)
    for name in (
        *("moment", "clock", "number", "duration", "size", "tone", "shape", "words", "plain"),
        *("is_long", "is_moment", "clock_words"),
    )
}


def register(app: Flask, parts: Parts) -> Sessions:
    """Add the console to *app*, whose error handlers answer by `service.console.error_pages`."""
    callers = Callers(parts.configuration)
    client = parts.context.steps.client
    sessions = Sessions(callers, parts.configuration.settings.admin_token, EndedLogins(client))
    sessions.attach(app)
    # What needs a token of a form is decided by the gate: webhooks and the API have none.
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,  # the login itself ends after 12 h
        WTF_CSRF_SSL_STRICT=False,  # asks for a Referer, which the pages forbid
    )
    csrf = CSRFProtect(app)
    app.before_request(protection.gate(sessions, csrf))
    app.after_request(protection.cover)
    app.context_processor(lambda: _context(sessions))
    app.jinja_env.globals.update(_FORMATS, static=static_files.address)
    app.jinja_env.globals.update(noun=plurals.noun, many=plurals.many)
    app.jinja_env.filters.update(number=formats.number, sentence=sentence, phrase=phrase)
    app.jinja_env.finalize = formats.whole
    app.register_blueprint(Blueprint("console", __name__, template_folder="templates"))
    app.register_blueprint(static_files.routes())
    attempts = LoginAttempts(client)
    app.register_blueprint(login.routes(sessions, callers, attempts))
    for page in existing():
        app.register_blueprint(page.routes(parts))
    return sessions


def _context(sessions: Sessions) -> dict[str, Any]:
    """Return what every page of the console knows, and the documentation shown in it."""
    if not is_console(request.path) and not request.path.startswith("/docs"):
        return {}
    who = sessions.caller()
    # The page of an error has no endpoint where there is no such path.
    return {
        "who": who,
        "pages": existing() if who is not None else (),
        "here": (request.endpoint or "").partition(".")[0],
        "is_admin": who is not None and who.name == ADMIN,
    }
