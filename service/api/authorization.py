"""
What the ``Authorization`` header of a request carries, as bytes; b"" if it carries none.

Not by ``request.authorization``: it raises ValueError for credentials that are not ASCII, and takes
a token with = in it for parameters.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

from flask import request


def bearer() -> bytes:
    """Return the Bearer token."""
    return _of("bearer")


def password() -> bytes:
    """Return the password that a browser sends, of a user of any name."""
    try:
        _, _, found = b64decode(_of("basic"), validate=True).partition(b":")
    except Error:  # no base64
        return b""
    return found


def _of(wanted: str) -> bytes:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    # As WSGI has it: each character is one byte of the header.
    return sent.strip().encode("latin-1", "replace") if scheme.lower() == wanted else b""
