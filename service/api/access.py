"""
Who calls: the token of a request, and what it may see and do.

Every path under ``/api`` needs ``Authorization: Bearer TOKEN``, with the token of an
``[access.NAME]`` or INSTEP_ADMIN_TOKEN. No cookie is read, so a page of another site cannot use the
session of an operator.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import g, request

from service.api import errors
from service.api.authorization import bearer
from service.config.build import Configuration
from service.operate.scope import Scope, scope_of
from workers.config.access_schema import ADMIN
from workers.config.settings import MAX_BODY

PREFIX: Final = "/api"
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHANGES_NOTHING: Final = frozenset({f"{PREFIX}/preview"})


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Args:
        name: As the audit list names it.
        operates: Whether it may change anything.
    """

    name: str
    operates: bool
    scope: Scope


def is_api(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def caller() -> Caller:
    """Return who sent this request; it has passed `gate`."""
    found: Caller = g.caller
    return found


def gate(configuration: Configuration) -> Callable[[], None]:
    """Return what lets a request under ``/api`` pass, or refuses it, before any route is chosen."""
    known = _known(configuration)

    def check() -> None:
        if not is_api(request.path):
            return
        request.max_content_length = MAX_BODY
        if not known:
            raise errors.refused(
                HTTPStatus.FORBIDDEN,
                "no token to compare with",
                "the environment variable INSTEP_ADMIN_TOKEN, or [access.NAME] in instep.toml",
                "set one of them and start again",
            )
        g.caller = who = _caller(known)
        reads = request.method in _READS or request.path in _CHANGES_NOTHING
        if not (who.operates or reads):
            raise errors.refused(
                HTTPStatus.FORBIDDEN,
                f'the role "view" of {who.name}',
                'role = "operate", for a request that changes something',
                "use another token",
            )

    return check


def _known(configuration: Configuration) -> tuple[tuple[bytes, Caller], ...]:
    settings = configuration.settings
    known = [
        (
            access.token.encode(),
            Caller(
                access.name,
                access.role == "operate",
                scope_of(configuration, access.destinations),
            ),
        )
        for access in settings.access.values()
    ]
    if settings.admin_token is not None:
        admin = Caller(ADMIN, operates=True, scope=scope_of(configuration, ()))
        known.append((settings.admin_token.encode(), admin))
    return tuple(known)


def _caller(known: tuple[tuple[bytes, Caller], ...]) -> Caller:
    token = bearer()
    # All of them, each in constant time: the time tells neither how much was right nor of which.
    found = [each for own, each in known if hmac.compare_digest(token, own)]
    if found:
        return found[0]
    raise errors.refused(
        HTTPStatus.UNAUTHORIZED,
        "an unknown token" if token else "no token",
        'the header "Authorization: Bearer TOKEN"',
        "send INSTEP_ADMIN_TOKEN or the token of an [access.NAME]",
        {"WWW-Authenticate": 'Bearer realm="Instep"'},
    )
