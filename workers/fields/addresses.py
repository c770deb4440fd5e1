"""
Addresses as they are compared, and those of the CMS's own space. Pure.

A file that is imported gets an address there that ends in its name: ``…/<id>_<name>``.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_PARTS: Final = re.compile(r"(?s)([A-Za-z][A-Za-z0-9+.\-]*:)?(//[^/?#]*)?([^?#]*)(.*)")
# Where the CMS keeps files now, and where it kept them before.
_OWN_SPACE: Final = re.compile(
    r"(?:.+\.)?website-files\.com|(?:.+\.)?webflow\.(?:com|io)|uploads-ssl\..+|cdn\.prod\..+"
    r"|d3e54v103j8qbb\.cloudfront\.net|daks2k3a4ib2z\.cloudfront\.net"
)
_EMBEDDER: Final = "cdn.embedly.com"
_FILE_ID: Final = re.compile(r"(?:[0-9a-f]{24}_)+")
_EXTENSION: Final = re.compile(r"\.[0-9a-z]{2,5}$")
_ID: Final = re.compile(r"[0-9a-f]{16,}")
_LONG: Final = 40  # characters of a name from which on it may have been cut


def link(address: str) -> str:
    """Return *address* without a trailing slash, its scheme and host in lower case."""
    found = _PARTS.fullmatch(address)
    if found is None:  # cannot be: every part may be empty
        return address
    scheme, place, path, rest = (part or "" for part in found.groups())
    user, at, host = place.rpartition("@")
    bare = path.rstrip("/")
    # "/" alone is the home page, which is not nothing.
    kept = bare if bare or place else path[:1]
    shown = f"{scheme.lower()}{user}{at}{host.lower()}{kept}{rest}"
    return shown.rstrip("/") if rest else shown


def is_same_source(sent: str, answer: str) -> bool:
    """
    Tell whether a picture or a video is the one that was *sent*, though it may have been moved.

    In the space of the CMS a picture is told by its name, where both have one.
    """
    one, other = _bare(sent), _bare(answer)
    if one == other:
        return True
    host = _host(other)
    if host == _EMBEDDER:
        return _host(one) in unquote(other)
    if not _OWN_SPACE.fullmatch(host):
        return False
    wanted, held = name_of(sent), name_of(answer)
    if not wanted or not held:
        return True
    short, long = sorted((wanted, held), key=len)
    return wanted == held or (len(short) >= _LONG and long.startswith(short))


def name_of(address: str) -> str:
    """Return the letters and digits of the name of a file, without its id; "": it has no name."""
    path = _PARTS.fullmatch(address)
    name = unquote(unquote((path[3] if path else "").rsplit("/", 1)[-1])).lower()
    stem = _EXTENSION.sub("", _FILE_ID.sub("", name))
    # What has no extension may get any name: it is made by what answers.
    if stem == name or _ID.fullmatch(stem):
        return ""
    return "".join(one for one in stem if one.isascii() and one.isalnum())


def _bare(address: str) -> str:
    return link(address.strip()).removeprefix("https:").removeprefix("http:")


def _host(bare: str) -> str:
    found = _PARTS.fullmatch(bare)
    place = (found[2] or "") if found else ""
    return place[2:].rpartition("@")[2].partition(":")[0]
