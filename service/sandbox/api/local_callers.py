"""
Access to the page and the control API: programs of this machine, and the page itself.

Neither asks for a token, so pages of other sites in a browser of this machine must be kept out: by
the Host, if such a site points its name at this address, and by Origin, Sec-Fetch-Site and content
type, if it sends a request across.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from marshmallow import ValidationError

from service.sandbox.api.api_version import answer

_READS = ("GET", "HEAD")
_OWN = ("same-origin", "none")  # of Sec-Fetch-Site: by the page, or by the person


def admit() -> Response | None:
    """Return the refusal of the current request, or None."""
    reason = _far() or _foreign_host() or _foreign_page() or _foreign_body()
    return answer({"error": reason}, 403) if reason else None


def sent() -> Any:
    """Return the body of the current request; raises ValidationError if it is no JSON."""
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        told = f"found no JSON ({error}), expected an object"
        raise ValidationError({"body": [told]}) from None


def _far() -> str | None:
    if _is_loopback(request.remote_addr or "127.0.0.1"):
        return None
    return "this answers loopback addresses only"


def _foreign_host() -> str | None:
    name = _name(request.host)
    bound = request.environ.get("SERVER_NAME", "")
    if name == "localhost" or name.endswith(".localhost") or name == bound or _is_loopback(name):
        return None
    return f"found Host {name!r}, expected localhost, 127.0.0.1 or the name that is listened on"


def _foreign_page() -> str | None:
    if request.method in _READS:
        return None  # no other page can read the answer
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    if site in _OWN and origin in (None, f"{request.scheme}://{request.host}"):
        return None
    return "this takes no orders from the pages of other sites"


def _foreign_body() -> str | None:
    # A page cannot send application/json to another site without a preflight request.
    if request.method in _READS or request.mimetype in ("", "application/json"):
        return None
    return f"found content type {request.mimetype!r}, expected application/json"


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
