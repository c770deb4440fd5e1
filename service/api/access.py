"""
Who calls: the token of a request.

Every path under ``/api`` needs ``Authorization: Bearer TOKEN``, with the token of an
``[access.NAME]`` or INSTEP_ADMIN_TOKEN. No cookie is read, so a page of another site cannot use the
session of an operator.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from flask import g, request

from service.api import errors
from service.api.authorization import bearer
from service.operate.access import Caller, Callers
from workers.config.settings import MAX_BODY

PREFIX: Final = "/api"
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHANGES_NOTHING: Final = frozenset({f"{PREFIX}/preview"})


def is_api(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def caller() -> Caller:
    """Return who sent this request; it has passed `gate`."""
    found: Caller = g.caller
    return found


def gate(callers: Callers) -> Callable[[], None]:
    """Return what lets a request under ``/api`` pass, or refuses it, before any route is chosen."""

    def check() -> None:
        if not is_api(request.path):
            return
        request.max_content_length = MAX_BODY
        if not callers:
            raise errors.refused(
                HTTPStatus.FORBIDDEN,
                "no token to compare with",
                "the environment variable INSTEP_ADMIN_TOKEN, or [access.NAME] in instep.toml",
                "set one of them and start again",
            )
        g.caller = who = _caller(callers)
        reads = request.method in _READS or request.path in _CHANGES_NOTHING
        if not (who.operates or reads):
            raise errors.refused(
                HTTPStatus.FORBIDDEN,
                f'the role "view" of {who.name}',
                'role = "operate", for a request that changes something',
                "use another token",
            )

    return check


def _caller(callers: Callers) -> Caller:
    token = bearer()
    found = callers.of_token(token)
    if found is not None:
        return found
    raise errors.refused(
        HTTPStatus.UNAUTHORIZED,
        "an unknown token" if token else "no token",
        'the header "Authorization: Bearer TOKEN"',
        "send INSTEP_ADMIN_TOKEN or the token of an [access.NAME]",
        {"WWW-Authenticate": 'Bearer realm="Instep"'},
    )
