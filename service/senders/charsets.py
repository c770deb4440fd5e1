"""Bodies in charsets other than UTF-8, as named by content type or XML declaration."""

from __future__ import annotations

import codecs
import json
import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

from service.senders.payload import FORM, mended
from workers.errors import PayloadInvalid

# Names of Python. Not all codecs that it has: some decompress, or run an escape language.
_KNOWN: Final = frozenset(
    {
        *("ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
        *("utf-32", "utf-32-le", "utf-32-be", "koi8-r", "koi8-u", "mac-roman", "hp-roman8"),
        *(f"iso8859-{part}" for part in range(1, 17)),
        *(f"cp{page}" for page in (437, 850, 852, 855, 858, 866, 874, 932, 949, 950)),
        *(f"cp{page}" for page in range(1250, 1259)),
        *("shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "big5", "big5hkscs"),
        *("gb2312", "gbk", "gb18030", "tis-620"),
    }
)
_WIDE: Final = ("utf-16", "utf-32")
# Any bytes are valid in these, so a body never contradicts them; but text that happens to be valid
# UTF-8 is hardly ever Latin, and a wrong label is the usual cause.
_LATIN: Final = ("ascii", "iso8859-1", "cp1252")
_NAME: Final = re.compile(r"[A-Za-z0-9._:+-]{1,40}", re.ASCII)
_PARAMETER: Final = re.compile(r"""\s*charset\s*=\s*["']?([^"']*)["']?\s*""", re.IGNORECASE)
# What an XML body begins with, as far as one byte tells: a byte order mark, or a bracket.
_XML: Final = (b"<", b"\xef", b"\xff", b"\xfe")
_DECLARED: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?<\?xml\s[^>]{0,80}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)


def in_utf8(content_type: str, body: bytes) -> tuple[str | None, bytes]:
    """
    Return *body* in UTF-8, and its new content type; None: both are unchanged.

    The content type takes precedence over an XML declaration; without either the body is UTF-8. A
    body that is valid UTF-8 is read as UTF-8 if it does not fit its declaration, or is declared
    Western European: JSON has no other charset, and ASCII is part of it.

    Raises:
        PayloadInvalid: The charset is unknown, or the body fits neither.
    """
    media, charset, rest = _declared(content_type)
    said = charset or _of_body(body)
    if not said:
        return None, body
    name = _python(said)
    if name.startswith(_WIDE):
        # RFC 2781 makes it big endian without a byte order mark, but few senders follow. Every
        # payload begins with two ASCII characters, and the zero bytes show the order.
        name = json.detect_encoding(body)
    if name in ("utf-8", "utf-8-sig"):
        return None, body
    is_form = media.strip().lower() == FORM
    bytes_meant = unquote_to_bytes(body) if is_form else body
    if name in _LATIN and is_utf8(bytes_meant):
        return None, body
    try:
        text = _form(body, name) if is_form else _decoded(body, name).encode()
    except UnicodeError as error:
        if not is_utf8(bytes_meant):
            place = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
            raise PayloadInvalid(f"the body is not {said}, as it says it is{place}") from None
        text = body
    return ";".join([media or "text/plain", *rest, " charset=utf-8"]), text


@lru_cache(64)  # a source sends nearly always the same
def _declared(content_type: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the media type of *content_type*, its charset or "", and its other parameters."""
    media, *parameters = content_type.split(";")
    charset = next((found[1] for each in parameters if (found := _PARAMETER.fullmatch(each))), "")
    rest = tuple(each for each in parameters if not _PARAMETER.fullmatch(each))
    return media, charset.strip(), rest


def _of_body(body: bytes) -> str:
    """Return the charset that an XML body declares for itself, or ""."""
    if not body.startswith(_XML):
        return ""
    if body.startswith((codecs.BOM_UTF16_LE + b"<\0", codecs.BOM_UTF16_BE + b"\0<")):
        return "utf-16"
    found = _DECLARED.match(body)
    return found[1].decode() if found else ""


@lru_cache(64)
def _python(said: str) -> str:
    try:
        name = codecs.lookup(said).name if _NAME.fullmatch(said) else ""
    except LookupError:
        name = ""
    if name not in _KNOWN:
        raise PayloadInvalid(
            f"found charset {said[:40]}, expected a known one; have the sender send UTF-8"
        )
    return name


def _decoded(body: bytes, name: str) -> str:
    if name.startswith(_WIDE):
        return str(mended(body.decode(name, "surrogatepass")))
    if name != "iso8859-1":
        return body.decode(name)
    # As browsers do: ISO-8859-1 with a euro sign or a curly quote is windows-1252, and the control
    # characters of ISO-8859-1 at these positions are never meant.
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _form(body: bytes, name: str) -> bytes:
    """Return a form in UTF-8, with its escapes decoded from the charset *name*."""
    if name.startswith(_WIDE):
        body, name = _decoded(body, name).encode(), "utf-8"  # its escapes are of bytes
    return b"&".join(
        b"=".join(_escaped(part, name) for part in pair.split(b"=", 1)) for pair in body.split(b"&")
    )


def _escaped(part: bytes, name: str) -> bytes:
    return quote_plus(_decoded(unquote_to_bytes(part.replace(b"+", b" ")), name)).encode()


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
