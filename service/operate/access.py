"""Who calls: the tokens of the accesses and of the operator, and what each may see and do."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from service.config.build import Configuration
from service.operate.scope import Scope, scope_of
from workers.config.access_schema import ADMIN


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


@dataclass(frozen=True, slots=True)
class _Token:
    value: bytes = field(repr=False)
    caller: Caller


class Callers:
    """The callers that the configuration knows; false in a boolean context: there are none."""

    def __init__(self, configuration: Configuration) -> None:
        self._tokens = _tokens(configuration)

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def of_token(self, token: bytes) -> Caller | None:
        """Return whose *token* it is; None: nobody's."""
        # All of them, each in constant time: the time tells neither how much was right nor of which
        # one.
        found = [each for each in self._tokens if hmac.compare_digest(token, each.value)]
        return found[0].caller if found else None

    def of_fingerprint(self, name: str, fingerprint: str, key: bytes) -> Caller | None:
        """Return the caller *name* while its token is the one of *fingerprint*; None: it is not."""
        for each in self._tokens:
            own = _fingerprint(each.value, key)
            if each.caller.name == name and hmac.compare_digest(own, fingerprint):
                return each.caller
        return None

    def fingerprint(self, name: str, key: bytes) -> str:
        """Return what tells the token of the caller *name* from another, to who has the *key*."""
        return next(
            _fingerprint(each.value, key) for each in self._tokens if each.caller.name == name
        )


def _fingerprint(token: bytes, key: bytes) -> str:
    return hmac.new(key, b"fingerprint " + token, "sha256").hexdigest()[:32]


def _tokens(configuration: Configuration) -> tuple[_Token, ...]:
    settings = configuration.settings
    known = [
        _Token(
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
        known.append(_Token(settings.admin_token.encode(), admin))
    return tuple(known)
