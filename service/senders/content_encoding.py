"""
Decodes a body: unpacked, and in UTF-8, as its headers say.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4 (Content-Encoding)
https://www.rfc-editor.org/rfc/rfc8259#section-8.1 (JSON is UTF-8, whatever is declared)
https://encoding.spec.whatwg.org/#names-and-labels (ISO-8859-1 is read as windows-1252)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from service.senders.charsets import in_utf8, is_utf8
from workers.errors import BodyTooLarge, PayloadInvalid

CODING: Final = "content-encoding"
TYPE: Final = "content-type"
MAX_MEMBERS: Final = 100  # of one gzip body, each a gzip file of its own

_PIECE: Final = 65_536  # bytes
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS + 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_CODINGS: Final[Mapping[str, tuple[int, ...]]] = {
    "gzip": (_GZIP,),
    "x-gzip": (_GZIP,),
    # RFC 9110 means zlib's format; some send raw deflate, and receivers accept both.
    "deflate": (_ZLIB, _RAW),
}


def unpack(headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """
    Return *body* without its content encoding.

    Args:
        headers: With lower-case names.
        limit: Largest result, in bytes; no more is held in memory.

    Raises:
        BodyTooLarge: Unpacked it is larger.
        PayloadInvalid: The encoding is unsupported, or not the declared one.
    """
    names = [name.strip().lower() for name in headers.get(CODING, "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return body
    if len(names) > 1 or names[0] not in _CODINGS:
        found = ", ".join(names)[:60]
        raise PayloadInvalid(
            f"found Content-Encoding: {found}, expected gzip, deflate or none; "
            "have the sender send the body without it"
        )
    problem = ""
    for bits in _CODINGS[names[0]]:
        try:
            return b"".join(_pieces(body, bits, limit))
        except zlib.error as error:
            problem = problem or str(error)
    # Some proxies unpack a body and leave the header; packed data is never valid UTF-8.
    if is_utf8(body):
        return body
    raise PayloadInvalid(f"the body is not {names[0]}, as its Content-Encoding says: {problem}")


def readable(headers: Mapping[str, str], body: bytes) -> tuple[Mapping[str, str], bytes]:
    """
    Return an unpacked *body* in UTF-8, and headers to match; both unchanged if it is UTF-8 already.
    Raises PayloadInvalid if its charset is unknown, or not the declared one.
    """
    kind, text = in_utf8(headers.get(TYPE, ""), body)
    return headers if kind is None else {**headers, TYPE: kind}, text


def _pieces(body: bytes, bits: int, limit: int) -> Iterator[bytes]:
    """Yield the unpacked *body*; raise zlib.error if it is cut off or malformed."""
    unpacker, members = zlib.decompressobj(bits), 1
    room = limit + 1
    for at in range(0, len(body), _PIECE):
        rest = body[at : at + _PIECE]
        while rest:
            if unpacker.eof:
                rest = rest.lstrip(b"\0") if bits == _GZIP else rest  # some pad with zeros
                if not rest:
                    break
                unpacker, members = _next(bits, members), members + 1
            piece = unpacker.decompress(rest, room)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            room -= len(piece)
            if room <= 0:
                raise BodyTooLarge(f"unpacked the body is larger than {limit} bytes")
            yield piece
    if not unpacker.eof:
        raise zlib.error("it is cut off")


def _next(bits: int, members: int) -> zlib._Decompress:
    if bits != _GZIP or members == MAX_MEMBERS:
        raise zlib.error("more follows behind its end")
    return zlib.decompressobj(bits)
