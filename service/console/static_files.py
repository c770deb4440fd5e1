"""``/static/…``: the style sheet, the script and the icon, under names that change with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response, abort, url_for

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LONG: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    type: str
    hash: str


@cache
def known() -> Mapping[str, StaticFile]:
    """Return the files by name."""
    found = {}
    for file in (files(__package__) / "static").iterdir():
        content, suffix = file.read_bytes(), f".{file.name.rpartition('.')[2]}"
        hash = hashlib.sha256(content).hexdigest()[:12]
        found[file.name] = StaticFile(content, _TYPES[suffix], hash)
    return found


def address(name: str) -> str:
    """Return the URL of the file *name*; it changes with the file."""
    stem, _, suffix = name.rpartition(".")
    return url_for("static_files.show", name=f"{stem}.{known()[name].hash}.{suffix}")


def routes() -> Blueprint:
    made = Blueprint("static_files", __name__)
    made.add_url_rule("/static/<name>", "show", _show)
    return made


def _show(name: str) -> Response:
    stem, _, suffix = name.rpartition(".")
    plain, _, hash = stem.rpartition(".")
    file = known().get(f"{plain}.{suffix}")
    if file is None:
        abort(HTTPStatus.NOT_FOUND)
    response = Response(file.content, content_type=file.type)
    # While a new release takes over, a page may ask a process of the other one.
    response.headers["Cache-Control"] = _LONG if hash == file.hash else "no-cache"
    return response
