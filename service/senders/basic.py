"""
A system of one's own that logs in by HTTP basic auth. The body is not proven.

https://www.rfc-editor.org/rfc/rfc7617#section-2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.senders.base import Event, Given
from service.senders.options import OwnOptions, reading
from service.senders.payload import parse
from service.senders.proof import credentials, decode_base64, matches
from service.senders.reading import Reading
from workers.errors import SignatureInvalid


class Options(OwnOptions):
    pass


@dataclass(frozen=True, slots=True)
class Basic:
    logins: tuple[bytes, ...] = field(repr=False)  # "user:password"
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        try:
            login = decode_base64(credentials(headers, "basic"))
        except ValueError:
            raise SignatureInvalid("header authorization is not base64") from None
        if not matches(login, self.logins):
            raise SignatureInvalid("user and password are not one of the configured secrets")

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, parse(headers, body))


def build(given: Given) -> Basic:
    return Basic(given.keys(_login, "user:password"), reading(given, "authorization"))


def _login(secret: str) -> bytes:
    user, colon, password = secret.partition(":")
    return secret.encode() if user and colon and password else b""
