"""
Checks that senders share. Comparisons are of bytes, in constant time; whatever a header holds, the
only exception is SignatureInvalid.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from workers.errors import SignatureInvalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}
_STAMP = re.compile(r"\d{1,13}", re.ASCII)


def require_header(headers: Mapping[str, str], name: str) -> str:
    """Return the header *name* (lower case); raises SignatureInvalid if missing or empty."""
    value = headers.get(name)
    if not value:
        raise SignatureInvalid(f"header {name} is missing")
    return value


def require_one(headers: Mapping[str, str], *names: str) -> None:
    """
    Require each of the headers *names* exactly once.

    For unsigned headers that identify an event: without them, or with a second value, a replayed
    request would pass for a new one.

    Raises:
        SignatureInvalid: One is missing, empty or repeated.
    """
    for name in names:
        # The server joins the values of a repeated header by commas.
        if "," in require_header(headers, name):
            raise SignatureInvalid(f"header {name} occurs more than once")


def require_attribute(header: str, name: str) -> str:
    """
    Return the attribute *name* of *header*: ``name=value`` between commas or semicolons, quoted or
    not; raises SignatureInvalid if it is missing, empty or repeated.
    """
    # The server joins a repeated header by a comma: then each attribute is there twice.
    pairs = [part.partition("=")[::2] for part in re.split("[,;]", header)]
    found = [value.strip() for key, value in pairs if key.strip() == name]
    if len(found) != 1 or not found[0]:
        raise SignatureInvalid(f"the signature header has {len(found)} {name}, expected one")
    value = found[0]
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


def header_bytes(value: str) -> bytes:
    """Return the bytes of a header as they arrived; WSGI decodes them as latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def matches(found: bytes, wanted: Sequence[bytes]) -> bool:
    """Return whether *found* is one of *wanted*, always comparing all of them."""
    return sum([hmac.compare_digest(found, each) for each in wanted]) > 0


def signatures(
    signed: bytes, keys: Sequence[bytes], *, algorithm: str = "sha256", encoding: str = "hex"
) -> list[bytes]:
    """Return the HMAC of *signed* under each key, as text in *encoding* (hex or base64)."""
    encode = binascii.hexlify if encoding == "hex" else base64.b64encode
    found: list[bytes] = []
    for key in keys:
        code = _begun(key, algorithm).copy()
        code.update(signed)
        found.append(encode(code.digest()))
    return found


# Not hmac.digest, which looks for the algorithm in OpenSSL each time: that takes longer than all
# else of a small body.
@lru_cache(maxsize=256)
def _begun(key: bytes, algorithm: str) -> hmac.HMAC:
    return hmac.new(key, digestmod=algorithm)


def require_signature(
    found: str,
    signed: bytes,
    keys: Sequence[bytes],
    *,
    algorithm: str = "sha256",
    encoding: str = "hex",
    prefix: str = "",
) -> None:
    """
    Require *found* to be *prefix* and the HMAC of *signed* under one of *keys*.

    The texts are compared, not the decoded bytes, so that a digest has only one spelling; hex may
    also be all upper case.

    Raises:
        SignatureInvalid: It is not.
    """
    raw, start = header_bytes(found), prefix.encode()
    if not raw.startswith(start):
        raise SignatureInvalid(f"the signature does not start with {prefix!r}")
    raw = raw[len(start) :]
    wanted = signatures(signed, keys, algorithm=algorithm, encoding=encoding)
    if encoding == "hex" and raw == raw.upper():
        raw = raw.lower()
    if not matches(raw, wanted):
        raise SignatureInvalid("the signature is not that of the body under a configured secret")


def require_recent(stamp: str, *, now: datetime, tolerance: float = 300.0, unit: str = "s") -> None:
    """
    Require *stamp* to lie within *tolerance* of *now*, before or after.

    Args:
        stamp: Unix time in *unit*, as ASCII digits.
        now: Aware.
        tolerance: In seconds, inclusive.
        unit: "s" or "ms". Ages count in whole units, like the stamp.

    Raises:
        SignatureInvalid: It is no such number, too old or too new.
    """
    # Not int() alone: it accepts signs, blanks, underscores and digits of other scripts.
    if not _STAMP.fullmatch(stamp):
        raise SignatureInvalid("the timestamp is not 1 to 13 digits")
    step = _UNITS[unit]
    age = ((now - _EPOCH) // step - int(stamp)) * step.total_seconds()
    if abs(age) > tolerance:
        word = "old" if age > 0 else "new"
        raise SignatureInvalid(f"the timestamp is {abs(age):.0f} s too {word} for {tolerance:g} s")


def credentials(headers: Mapping[str, str], scheme: str) -> str:
    """
    Return the part of Authorization after *scheme* (lower case; matched in any case). Raises
    SignatureInvalid if the header is missing or names another scheme.
    """
    name, _, value = require_header(headers, "authorization").partition(" ")
    if name.lower() != scheme:
        raise SignatureInvalid(f"header authorization is not of the scheme {scheme}")
    return value


def decode_base64(text: str) -> bytes:
    """
    Return the bytes of *text*, their one canonical base64 form.

    Raises:
        ValueError: Other characters, missing padding, or stray bits at the end.
    """
    decoded = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    if base64.b64encode(decoded).decode() != text:
        raise ValueError("not canonical base64")
    return decoded


def decode_hex(text: str) -> bytes:
    """Return the bytes of hex *text*; raises ValueError."""
    return binascii.unhexlify(text.encode("ascii"))
