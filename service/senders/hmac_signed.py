"""
A system of one's own that signs: an HMAC over a text with the body in it, sent in a header.

Settings and defaults stand in the schema; of id and timestamp, the text has what the headers
``id_header`` and ``timestamp_header`` say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.senders import proof
from service.senders.base import Event, Given, Kind
from service.senders.options import OWN, HeaderName, OwnOptions, Text, choice, reading, seconds
from service.senders.payload import parse
from service.senders.reading import Reading
from service.senders.template import SignedText, Template
from workers.errors import ConfigurationInvalid

_KEYS: Final[Mapping[str, tuple[Callable[[str], bytes], str]]] = {
    "text": (str.encode, "text"),
    "hex": (proof.decode_hex, 'hex digits, as key_encoding = "hex" says'),
    "base64": (proof.decode_base64, 'base64 with padding, as key_encoding = "base64" says'),
}


class Options(OwnOptions):
    header = HeaderName(required=True)
    algorithm = choice("sha256", "sha512", "sha1")
    encoding = choice("hex", "base64")
    prefix = Text(load_default="")
    key_encoding = choice("text", "hex", "base64")
    signed = SignedText(load_default=lambda: Template.parse("{body}"))
    id_header = HeaderName(load_default=None)
    timestamp_header = HeaderName(load_default=None)
    timestamp_unit = choice("s", "ms")
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class HmacSigned:
    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    scheme: Mapping[str, str]  # algorithm, encoding and prefix
    signed: Template
    parts: Mapping[str, str]  # names in the template → headers
    stamp: str | None  # header
    tolerance: float
    unit: str
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        found = proof.require_header(headers, self.header)
        if self.stamp:
            stamp = proof.require_header(headers, self.stamp)
            proof.require_recent(stamp, now=now, tolerance=self.tolerance, unit=self.unit)
        values = {
            name: proof.header_bytes(proof.require_header(headers, at))
            for name, at in self.parts.items()
        }
        signed = self.signed.fill(values | {"body": body})
        proof.require_signature(found, signed, self.keys, **self.scheme)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, parse(headers, body))


def build(given: Given) -> HmacSigned:
    options = given.options
    signed: Template = options["signed"]
    parts = {name: options[f"{name}_header"] for name in ("id", "timestamp")}
    problems = [
        given.problem(
            f"{name}_header",
            "nothing",
            f"a header: signed has {{{name}}} in it",
            f"name the header, or take {{{name}}} out of signed",
        )
        for name in parts
        if name in signed.names and not parts[name]
    ]
    if problems:
        raise ConfigurationInvalid(problems)
    return HmacSigned(
        keys=given.keys(*_KEYS[options["key_encoding"]]),
        header=options["header"],
        scheme={key: options[key] for key in ("algorithm", "encoding", "prefix")},
        signed=signed,
        parts={name: at for name, at in parts.items() if name in signed.names},
        stamp=options["timestamp_header"],
        tolerance=options["tolerance"],
        unit=options["timestamp_unit"],
        reading=reading(given, options["header"]),
    )


KIND = Kind(Options, build, "the key", "HMAC of a template over the body", **OWN, covers_body=True)
