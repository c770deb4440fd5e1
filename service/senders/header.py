"""A system of one's own that sends a secret in a header. The body is not proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.senders.base import Event, Given
from service.senders.options import HeaderName, OwnOptions, reading
from service.senders.payload import parse
from service.senders.proof import header_bytes, matches, require_header
from service.senders.reading import Reading
from workers.errors import SignatureInvalid


class Options(OwnOptions):
    header = HeaderName(required=True)


@dataclass(frozen=True, slots=True)
class FixedHeader:
    values: tuple[bytes, ...] = field(repr=False)
    header: str
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        if not matches(header_bytes(require_header(headers, self.header)), self.values):
            raise SignatureInvalid(f"header {self.header} is not one of the configured secrets")

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, parse(headers, body))


def build(given: Given) -> FixedHeader:
    name = given.options["header"]
    return FixedHeader(given.keys(str.encode, "text"), name, reading(given, name))
