"""
What the first bytes of a file, and the headers of its answer, prove against it as a picture.

Webflow takes JPEG, PNG, GIF, WebP, SVG and AVIF of up to 4 MB. Whatever is not certain passes: the
CMS decides.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LARGEST: Final = 4 * 1024 * 1024  # bytes; 4 MB as the more generous reading
FIRST: Final = 1024  # bytes that tell a type
_TOTAL: Final = re.compile(r"bytes \d+-\d+/(\d{1,18})")
_OTHERS: Final = {
    b"%PDF-": "a PDF",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"8BPS": "a Photoshop file",
    b"PK\x03\x04": "a ZIP archive",
}
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc"), "a HEIC picture"),
    **dict.fromkeys((b"isom", b"mp41", b"mp42", b"M4V ", b"qt  "), "a video"),
}


def refusal(status: int, headers: Mapping[str, str], first: bytes) -> str | None:
    """
    Return why a file is certainly no picture for the CMS; None: it may be one.

    Args:
        status: Of the answer to a GET of its first bytes: 200 or 206, or it proves nothing.
        headers: Names in lower case.
        first: How its body begins.
    """
    if status not in (200, 206):
        return None
    size = _size(status, headers)
    if size is not None and size > LARGEST:
        return f"found {size:,} bytes, expected a picture of at most 4 MB"
    other = _other_type(headers.get("content-type", "").lower(), first)
    return other and f"found {other}, expected a JPEG, PNG, GIF, WebP, SVG or AVIF picture"


def _size(status: int, headers: Mapping[str, str]) -> int | None:
    if status == 206:
        found = _TOTAL.fullmatch(headers.get("content-range", "").strip())
        return int(found[1]) if found else None
    length = headers.get("content-length", "")
    is_whole = headers.get("content-encoding", "identity") == "identity"
    return int(length) if is_whole and re.fullmatch(r"[0-9]{1,18}", length) else None


def _other_type(content_type: str, first: bytes) -> str | None:
    for begins, name in _OTHERS.items():
        if first.startswith(begins):
            return name
    if first[4:8] == b"ftyp" and b"avif" not in first[8:64]:
        return _BRANDS.get(first[8:12])
    if first[:2] == b"BM" and first[6:10] == bytes(4):
        return "a BMP picture"
    # Body and header both say so: an SVG may be called text, and a page may hold one.
    begins = first.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content_type.startswith("text/html") and begins.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return None
