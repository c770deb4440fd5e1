"""``/login`` and ``/logout``."""

from __future__ import annotations

import logging
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from service.console.pages import existing
from service.console.sessions import Sessions
from service.operate.access import Callers
from workers.store.login_attempts import LoginAttempts

_log = logging.getLogger(__name__)
_LONGEST: Final = 500  # characters of a path to go on to


def routes(sessions: Sessions, callers: Callers, attempts: LoginAttempts) -> Blueprint:
    """Return the routes of the login; *attempts* slows down who guesses."""
    made = Blueprint("login", __name__)

    def show() -> AnyResponse | str:
        if sessions.caller() is not None:
            return redirect(_next(request.args.get("next", "")))
        return render_template("console/login.html", next=request.args.get("next", ""))

    def enter() -> AnyResponse:
        wanted, address = request.form.get("next", ""), _address()
        attempt = attempts.begin(address)
        if attempt.wait:
            _log.warning("login", extra={"outcome": "too many attempts", "address": address})
            return _refused(wanted, attempt.wait)
        token = request.form.get("token", "").strip()
        found = callers.of_token(token.encode("utf-8", "surrogatepass")) if token else None
        if found is None:
            _log.warning("login", extra={"outcome": "unknown token", "address": address})
            return _refused(wanted)
        _log.info("login", extra={"outcome": "ok", "by": found.name, "address": address})
        attempts.forgive(attempt)
        sessions.begin(found)
        return redirect(_next(wanted), HTTPStatus.SEE_OTHER)

    def leave() -> AnyResponse:
        sessions.end()
        flash("You are logged out.")
        return redirect(url_for("login.show"), HTTPStatus.SEE_OTHER)

    made.add_url_rule("/login", "show", show, methods=["GET"])
    made.add_url_rule("/login", "enter", enter, methods=["POST"])
    made.add_url_rule("/logout", "leave", leave, methods=["POST"])
    return made


def _refused(wanted: str, wait: int = 0) -> Response:
    status = HTTPStatus.TOO_MANY_REQUESTS if wait else HTTPStatus.UNAUTHORIZED
    page = render_template("console/login.html", next=wanted, wrong=not wait, wait=wait)
    return Response(page, status, {"Retry-After": str(wait)} if wait else {})


def _next(wanted: str) -> str:
    """Return where to go after the login: *wanted* if it is a path of ours, else the front page."""
    return f"{request.root_path}{wanted}" if _is_own(wanted) else url_for(existing()[0].endpoint)


def _is_own(wanted: str) -> bool:
    # A browser takes \ for /, drops tabs and line ends, and reads //host as another host.
    plain = wanted.isprintable() and "\\" not in wanted and len(wanted) <= _LONGEST
    if not (plain and wanted.startswith("/") and not wanted.startswith("//")):
        return False
    return wanted.partition("?")[0] not in ("/login", "/logout")


def _address() -> str:
    """
    Return the address to count attempts by: of IPv6 the network.

    A proxy adds the address that it sees at the end. Who is connected directly may write anything
    there: against that stands the bound of all addresses together.
    """
    last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    for text in (last, request.remote_addr or ""):
        found = _read(text)
        if found is None:
            continue
        if isinstance(found, IPv6Address):
            if found.ipv4_mapped:  # as a socket of both kinds shows who comes by IPv4
                return str(found.ipv4_mapped)
            return found.exploded[:19]  # /64: what one customer gets
        return str(found)
    return "unknown"


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in *text*, which may name a port: ``1.2.3.4:80``, ``[::1]:80``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text.partition("%")[0])  # a link-local one names its interface
    except ValueError:
        return None
