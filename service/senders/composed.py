"""A sender: a proof, and a reader of proven requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from service.senders.base import Event
from service.senders.event_fields import FORM, EventReader
from service.senders.payload import parse_form_json, parse_json, pluck
from service.senders.signatures import require_header, require_one, require_signature


class Proof(Protocol):
    """Verifies that a request comes from the source."""

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise SignatureInvalid if the proof is missing, forged, altered or stale."""


def json_only(_: Mapping[str, str], body: bytes) -> Any:
    """Return *body* as JSON, whatever its content type; raises PayloadInvalid."""
    return parse_json(body)


def json_object(_: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return *body* as a JSON object, whatever its content type; raises PayloadInvalid."""
    return pluck(parse_json(body), "", dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """
    A sender with the settings of one source: it proves a request, then splits it into events.

    Header names are lower case everywhere; the raw query is among them, under ``QUERY``.

    Args:
        parse: Turns a body into a payload.
        field: The field of a form that holds the payload.
    """

    proof: Proof
    reader: EventReader
    parse: Callable[[Mapping[str, str], bytes], Any] = json_only
    field: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Names of the headers to store with a dead letter; never one with a proof."""
        return self.reader.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise SignatureInvalid if the proof is missing, forged, altered or stale."""
        self.proof.require(headers, body, now=now)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        """Yield the events of a proven request; raises PayloadInvalid if the body is unreadable."""
        if self.field is None:
            return self.reader.events(headers, self.parse(headers, body))
        fields, payload = parse_form_json(body, self.field)
        named = {f":{FORM}{name}": value for name, value in fields.items()}
        return self.reader.events({**headers, **named}, payload)


@dataclass(frozen=True, slots=True)
class BodyHmac:
    """
    HMAC-SHA256 of the body in a header. No time is signed: only the event id stops a replay.

    Args:
        encoding: hex or base64.
        prefix: Precedes the signature in the header.
        before: Precedes the body in the signed text.
        single: Unsigned headers that must be present exactly once.
    """

    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    encoding: str = "base64"
    prefix: str = ""
    before: bytes = b""
    single: tuple[str, ...] = ()

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        found = require_header(headers, self.header)
        require_signature(
            found, self.before + body, self.keys, encoding=self.encoding, prefix=self.prefix
        )
        require_one(headers, *self.single)
