"""
Proofs that are a secret in the request itself, not a digest. The body is not proven.

https://www.rfc-editor.org/rfc/rfc6750#section-2.1 (bearer)
https://www.rfc-editor.org/rfc/rfc7617#section-2 (basic)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from marshmallow import Schema

from service.senders.base import QUERY, SenderConfig
from service.senders.composed import Sender
from service.senders.event_fields import Place
from service.senders.options import event_reader, header_name, text
from service.senders.payload import looks_json, parse
from service.senders.signatures import (
    credentials,
    decode_base64,
    header_bytes,
    matches,
    require_header,
)
from workers.errors import ConfigurationInvalid, PayloadInvalid, SignatureInvalid


class SharedSecretOptions(Schema):
    """For senders that let the user choose the place of the secret; they add ``scheme``."""

    header = header_name(load_default=None)
    parameter = text(load_default=None)


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """
    A secret in the request.

    Args:
        values: Any of them is accepted; for basic "user:password".
        scheme: A name of ``SCHEMES``.
        name: Of the header or the query parameter, if the scheme has one.
        place: In the body, for the scheme body-token.
    """

    values: tuple[bytes, ...] = field(repr=False)
    scheme: str
    name: str = ""
    place: Place | None = None

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        found = SCHEMES[self.scheme](self, headers, body)
        if not any(matches(each, self.values) for each in found):
            raise SignatureInvalid(f"the value of the scheme {self.scheme} is no configured secret")


def shared_secret(config: SenderConfig, default: str) -> SharedSecret:
    """
    Return the proof that the SharedSecretOptions of *config* describe.

    Args:
        config: With the options loaded.
        default: The scheme if ``scheme``, ``header`` and ``parameter`` are missing.

    Raises:
        ConfigurationInvalid: The scheme lacks its name, or a secret has no colon.
    """
    options = config.options
    key = next((key for key in ("header", "parameter") if options.get(key)), None)
    implied = {"header": "header", "parameter": "query", None: default}[key]
    scheme: str = options.get("scheme") or implied
    wanted = _NAMES.get(scheme)
    if wanted and not options.get(wanted):
        expected = f"where the secret stands, as scheme = {scheme!r} says"
        do = f"add the key {wanted}"
        raise ConfigurationInvalid([config.problem(wanted, "nothing", expected, do)])
    name = options[wanted] if wanted else ""
    return SharedSecret(secrets(config, scheme), scheme, name, options.get("field"))


def build_own(config: SenderConfig) -> Sender:
    """
    Return a generic sender, whose scheme is the name of its kind; raises ConfigurationInvalid if a
    secret is malformed, or a place is the header that carries it.
    """
    proof = shared_secret(config, config.kind)
    headers = {"basic": "authorization", "bearer": "authorization", "header": proof.name}
    header = headers.get(config.kind, "")
    return Sender(proof, event_reader(config, header), parse, config.options["body"])


def secrets(config: SenderConfig, scheme: str) -> tuple[bytes, ...]:
    """Return the secrets as *scheme* carries them; raises ConfigurationInvalid."""
    if scheme == "basic":
        return _spelled(config.keys(_login, "user:password"))
    return _spelled(config.keys(str.encode, "text"))


def _spelled(keys: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return *keys*, with non-ASCII ones also in latin-1: no standard defines the charset."""
    latin = (key.decode().encode("latin-1", "ignore") for key in keys if not key.isascii())
    # A key that latin-1 cannot represent would become another, shorter secret.
    return (*keys, *(each for each in latin if each.decode("latin-1").encode() in keys))


def conceal(body: bytes, secrets: Sequence[str]) -> bytes:
    """Return *body* with asterisks for each value, in JSON or a form, that is one of *secrets*."""
    for secret in secrets:
        body = re.sub(b'"%b"' % b"".join(map(_spellings, secret)), b'"***"', body)
    if looks_json(body):
        return body
    return b"&".join(_concealed(pair, secrets) for pair in body.split(b"&"))


def _spellings(letter: str) -> bytes:
    """Return a pattern for every JSON spelling of *letter*."""
    units = letter.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    short = json.dumps(letter, ensure_ascii=False)[1:-1]
    ways = {re.escape(way) for way in (short, rf"\{letter}" if letter == "/" else short)}
    return f"(?:(?i:{escaped})|{'|'.join(sorted(ways))})".encode()


def _concealed(pair: bytes, secrets: Sequence[str]) -> bytes:
    name, _, value = pair.partition(b"=")
    found = unquote_to_bytes(value.replace(b"+", b" "))
    return name + b"=***" if found in [secret.encode() for secret in secrets] else pair


def _login(secret: str) -> bytes:
    user, colon, password = secret.partition(":")
    return secret.encode() if user and colon and password else b""


def _basic(_: SharedSecret, headers: Mapping[str, str], __: bytes) -> list[bytes]:
    try:
        return [decode_base64(credentials(headers, "basic"))]
    except ValueError:
        raise SignatureInvalid("header authorization is not base64") from None


def _query(proof: SharedSecret, headers: Mapping[str, str], _: bytes) -> list[bytes]:
    name = proof.name.encode()
    raw = header_bytes(headers.get(QUERY, ""))
    pairs = (pair.partition(b"=") for pair in raw.split(b"&"))
    found = [value for given, _, value in pairs if unquote_to_bytes(given) == name]
    if len(found) != 1:
        raise SignatureInvalid(f"parameter {proof.name} occurs {len(found)} times in the address")
    # Some encode a plus sign, others do not, and in a form it is a blank.
    return [unquote_to_bytes(found[0]), unquote_to_bytes(found[0].replace(b"+", b" "))]


def _body_token(proof: SharedSecret, headers: Mapping[str, str], body: bytes) -> list[bytes]:
    found: Any = None
    if proof.place is not None:
        try:
            found = proof.place.find({}, parse(headers, body))
        except (PayloadInvalid, ValueError):
            raise SignatureInvalid("no token can be read in the body") from None
    if not isinstance(found, str):
        raise SignatureInvalid("the body holds no token where one is expected")
    return [found.encode()]


SCHEMES: Final[Mapping[str, Callable[[SharedSecret, Mapping[str, str], bytes], list[bytes]]]] = {
    "bearer": lambda _, headers, __: [header_bytes(credentials(headers, "bearer"))],
    "basic": _basic,
    "header": lambda proof, headers, _: [header_bytes(require_header(headers, proof.name))],
    "query": _query,
    "body-token": _body_token,
}
_NAMES: Final = {"header": "header", "query": "parameter"}  # scheme → the setting that it needs
