"""
Who is logged in: a signed cookie.

Its key is made from INSTEP_ADMIN_TOKEN, so all web processes agree, and a new token logs everybody
out. It names an access, and carries a fingerprint of that access's token. A copy of it is none any
more once somebody has logged out: the store knows which logins were ended.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from flask import Flask, Request, g, request, session
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface

from service.operate.access import Caller, Callers
from workers.errors import StoreUnavailable
from workers.store.ended_logins import EndedLogins

COOKIE: Final = "instep_console"
LONGEST: Final = timedelta(hours=12)
# Paths that no cookie opens: to look for one takes a quarter of what Flask does for a delivery.
WITHOUT: Final = ("/webhooks/", "/api/")
_NAME, _FINGERPRINT, _SINCE, _ID = "access", "token", "since", "login"

_NOTHING: Final = NullSession()  # nothing can be put into it, so all requests can have the same


class _CookieInterface(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(WITHOUT):
            return None  # Flask then takes one that holds nothing
        return super().open_session(app, request)

    def make_null_session(self, app: Flask) -> NullSession:
        return _NOTHING

    def get_cookie_name(self, app: Flask) -> str:
        return COOKIE

    def get_cookie_httponly(self, app: Flask) -> bool:
        return True

    def get_cookie_samesite(self, app: Flask) -> str:
        return "Lax"

    def get_cookie_secure(self, app: Flask) -> bool:
        scheme = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
        return request.is_secure or scheme.strip().lower() == "https"

    def get_cookie_path(self, app: Flask) -> str:
        return request.root_path or "/"


@lru_cache(maxsize=4)
def cookie_key(admin_token: str) -> bytes:
    """Return the key of the cookies."""
    # Anybody gets a signed cookie with the form of the login: a fast hash would let them try
    # tokens against it, millions a second.
    salt = b"instep console cookie"
    return hashlib.scrypt(admin_token.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


class Sessions:
    """
    Begins, ends and reads logins.

    Args:
        admin_token: None: there are no logins.
    """

    def __init__(self, callers: Callers, admin_token: str | None, ended: EndedLogins) -> None:
        self._callers, self._ended = callers, ended
        self._key = None if admin_token is None else cookie_key(admin_token)

    def attach(self, app: Flask) -> None:
        """Let *app* sign its cookies."""
        app.session_interface = _CookieInterface()
        app.secret_key = self._key
        app.config.update(PERMANENT_SESSION_LIFETIME=LONGEST, SESSION_REFRESH_EACH_REQUEST=False)

    @property
    def open(self) -> bool:
        """Whether anybody can log in."""
        return self._key is not None

    def begin(self, caller: Caller) -> None:
        """Log *caller* in; what the session held before is gone."""
        assert self._key is not None  # noqa: S101  # the login is closed without it
        session.clear()
        session.permanent = True
        session[_NAME] = caller.name
        session[_FINGERPRINT] = self._callers.fingerprint(caller.name, self._key)
        session[_SINCE] = int(time.time())
        session[_ID] = secrets.token_urlsafe(16)

    def end(self) -> None:
        """Log out; raises StoreUnavailable: a copy of the cookie would go on being a login."""
        if (id := session.get(_ID)) is not None:
            self._ended.end(str(id))
        session.clear()

    def caller(self) -> Caller | None:
        """Return who sent this request; None: nobody who is logged in."""
        if self._key is None:
            return None
        if "console_caller" not in g:
            g.console_caller = self._read(self._key)
        found: Caller | None = g.console_caller
        return found

    def _read(self, key: bytes) -> Caller | None:
        name, since = session.get(_NAME), session.get(_SINCE)
        # A cookie is signed anew with each change of it: its own age tells nothing.
        if not isinstance(since, int) or not 0 <= _age(since) < LONGEST.total_seconds():
            return None
        given: Any = session.get(_FINGERPRINT)
        found = self._callers.of_fingerprint(str(name), str(given), key)
        return None if found is None or self._is_ended(str(session.get(_ID))) else found

    def _is_ended(self, id: str) -> bool:
        try:
            return self._ended.has(id)
        except StoreUnavailable:
            return False  # nothing can be changed meanwhile; what to do about it must be readable


def _age(since: int) -> float:
    # Machines need not agree to the second.
    return max(0.0, time.time() - since) if since - time.time() < 60 else -1.0


def caller() -> Caller:
    """Return who sent this request to a page; it has passed `protection.gate`."""
    found: Caller = g.console_caller
    return found
