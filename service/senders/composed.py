"""What a sender is: a proof, and a reader of what is proven."""

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
    """Tells whether a request comes from the source."""

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """
        Return if it does.

        Raises:
            SignatureInvalid: The proof is missing, forged, altered or stale.
        """


def json_only(_: Mapping[str, str], body: bytes) -> Any:
    """
    Return *body* as JSON, whatever its content type says.

    Raises:
        PayloadInvalid: It is none.
    """
    return parse_json(body)


def json_object(_: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """
    Return *body* as a JSON object, whatever its content type says.

    Raises:
        PayloadInvalid: It is none.
    """
    return pluck(parse_json(body), "", dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """
    A sender with the settings of one source: it proves a request, then splits it into events.

    Header names are lower case everywhere; beside them, under ``QUERY``, stands the raw query.

    Args:
        proof: Tells whether a request comes from the source.
        reader: Reads the events in a payload.
        parse: Makes a payload of a body.
        field: Of a form, that holds the payload.
    """

    proof: Proof
    reader: EventReader
    parse: Callable[[Mapping[str, str], bytes], Any] = json_only
    field: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Names that ``events`` reads: kept with a dead letter, so never one that is a proof."""
        return self.reader.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """
        Return if the request is proven to come from the source.

        Raises:
            SignatureInvalid: The proof is missing, forged, altered or stale.
        """
        self.proof.require(headers, body, now=now)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        """
        Yield what a proven request says.

        Raises:
            PayloadInvalid: The body cannot be read at all.
        """
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
        keys: Of the HMAC.
        header: That holds it.
        encoding: hex or base64.
        prefix: Stands before it in the header.
        before: Stands before the body in the signed text.
        single: Headers that are not signed and yet must be there, once.
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
