"""From an ASGI scope and its whole body to a WSGI environ (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote_to_bytes

HEADERS: Final = "instep.headers"  # those of the request, by lower-case names
BODY: Final = "instep.body"  # the whole body, as bytes: there is nothing left to read
COMPLETE: Final = "instep.complete"  # when it was whole, as `time.monotonic`

_UNPREFIXED: Final = ("CONTENT_TYPE", "CONTENT_LENGTH")
_SHORT: Final = 64  # bytes of a name that is remembered
_ALWAYS: Final[Mapping[str, Any]] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


def head(scope: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the WSGI environ of a request, still without its body.

    Repeated header fields are joined. Names with an underscore are dropped, as nginx does:
    ``X_Signature`` and ``X-Signature`` have one name in an environ, so one could override the
    other.
    """
    version = scope["http_version"]
    environ = {
        **_ALWAYS,
        "REQUEST_METHOD": scope["method"],
        # Not scope["path"]: it has lost the bytes that are not UTF-8.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "RAW_URI": scope["raw_path"].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.0" if version == "1" else f"HTTP/{version}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": scope["server"][1],
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.url_scheme": scope["scheme"],
    }
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        names = _known(raw_name) if len(raw_name) <= _SHORT else _names(raw_name)
        if names is None:
            continue
        name, lower = names
        value = raw_value.decode("latin-1")
        if name in environ:
            value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = headers[lower] = value
    environ[HEADERS] = headers
    return environ


def _names(raw: bytes) -> tuple[str, str] | None:
    """
    Return the name that an environ has for the header *raw*, and that in lower case; None: it is
    dropped.
    """
    if b"_" in raw:
        return None
    name = raw.decode("latin-1").upper().replace("-", "_")
    return name if name in _UNPREFIXED else f"HTTP_{name}", _lower(name)


# Senders send the same few names again and again.
_known = lru_cache(maxsize=512)(_names)


def header_of(name: str) -> str:
    """Return the header, in lower case, that has *name*, ``HTTP_…``, in an environ."""
    return _known_header(name) if len(name) <= _SHORT else _header(name)


def _header(name: str) -> str:
    return _lower(name[5:])


def _lower(name: str) -> str:
    return name.replace("_", "-").lower()


_known_header = lru_cache(maxsize=512)(_header)


def with_body(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return *environ* with *body*; a chunked body has a length from here on."""
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
        environ[HEADERS].pop("transfer-encoding")
    environ["wsgi.input"] = BytesIO(body)
    environ[BODY] = body
    environ[COMPLETE] = monotonic()
    return environ
