"""
A generic sender that signs: an HMAC over a text that includes the body, sent in a header.

With ``attribute`` the header is a list, ``signature=…,algorithm=…``, and the signature one of its
attributes. In the signed text, id and timestamp are the values of the headers ``id_header`` and
``timestamp_header``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from service.senders import signatures
from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.options import (
    OWN,
    OwnOptions,
    choice,
    event_reader,
    header_name,
    seconds,
    text,
)
from service.senders.payload import parse
from service.senders.signing_template import Template, signed_text
from workers.errors import ConfigurationInvalid

_KEYS: Final[Mapping[str, tuple[Callable[[str], bytes], str]]] = {
    "text": (str.encode, "text"),
    "hex": (signatures.decode_hex, 'hex digits, as key_encoding = "hex" says'),
    "base64": (signatures.decode_base64, 'base64 with padding, as key_encoding = "base64" says'),
}


class HmacOptions(OwnOptions):
    header = header_name(required=True)
    attribute = text(load_default=None)
    algorithm = choice("sha256", "sha512", "sha1")
    encoding = choice("hex", "base64")
    prefix = text(load_default="")
    key_encoding = choice("text", "hex", "base64")
    signed = signed_text("{body}")
    id_header = header_name(load_default=None)
    timestamp_header = header_name(load_default=None)
    timestamp_unit = choice("s", "ms")
    tolerance = seconds(300.0)


@dataclass(frozen=True, slots=True)
class HmacSignature:
    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    attribute: str | None  # of the header, with the signature; None: the whole header
    scheme: Mapping[str, str]  # algorithm, encoding and prefix
    signed: Template
    parts: Mapping[str, str]  # names in the template → headers
    stamp: str | None  # header
    tolerance: float
    unit: str

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        found = signatures.require_header(headers, self.header)
        if self.attribute is not None:
            found = signatures.require_attribute(found, self.attribute)
        if self.stamp:
            stamp = signatures.require_header(headers, self.stamp)
            signatures.require_recent(stamp, now=now, tolerance=self.tolerance, unit=self.unit)
        values = {"body": body}
        for name, at in self.parts.items():
            values[name] = signatures.header_bytes(signatures.require_header(headers, at))
        signed = self.signed.fill(values)
        signatures.require_signature(found, signed, self.keys, **self.scheme)


def build(config: SenderConfig) -> Sender:
    options = config.options
    signed: Template = options["signed"]
    parts = {name: options[f"{name}_header"] for name in ("id", "timestamp")}
    problems = [
        config.problem(
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
    signature = HmacSignature(
        keys=config.keys(*_KEYS[options["key_encoding"]]),
        header=options["header"],
        attribute=options["attribute"],
        scheme={key: options[key] for key in ("algorithm", "encoding", "prefix")},
        signed=signed,
        parts={name: at for name, at in parts.items() if name in signed.names},
        stamp=options["timestamp_header"],
        tolerance=options["tolerance"],
        unit=options["timestamp_unit"],
    )
    return Sender(signature, event_reader(config, options["header"]), parse, options["body"])


KIND = SenderKind(
    build,
    "the key",
    "HMAC of a template over the body",
    **OWN,
    options=HmacOptions,
    covers_body=True,
)
