"""
A system of one's own that sends ``Authorization: Bearer <secret>``. The body is not proven.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.senders.base import Event, Given
from service.senders.options import OwnOptions, reading
from service.senders.payload import parse
from service.senders.proof import credentials, header_bytes, matches
from service.senders.reading import Reading
from workers.errors import SignatureInvalid


class Options(OwnOptions):
    pass


@dataclass(frozen=True, slots=True)
class Bearer:
    tokens: tuple[bytes, ...] = field(repr=False)
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        if not matches(header_bytes(credentials(headers, "bearer")), self.tokens):
            raise SignatureInvalid("the bearer token is not one of the configured secrets")

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, parse(headers, body))


def build(given: Given) -> Bearer:
    return Bearer(given.keys(str.encode, "text"), reading(given, "authorization"))
