"""
Read the field errors from an error response of the CMS.

The documented shapes and the real ones differ: ``details`` (v2) holds strings, ``{param,
description}``, ``{field, message}`` or ``{message}``; v1 has ``problem_data`` and, as text,
``problems``; and a malformed request gets a message only, such as ``Validation Error: ["Value
(fieldData.price)'s type should be number"]``.

https://developers.webflow.com/data/reference/error-handling
https://developers.webflow.com/data/v1.0.0/reference/errors
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.model.changes import FieldProblem
from workers.webflow.answer_text import parsed

LONGEST = 500  # characters kept of one message
MOST = 200  # problems kept of one answer

_FLAGS = {"isDraft": "_draft", "isArchived": "_archived"}
# slug: Unique value is already in database
_HEADED = re.compile(r"(?P<path>(?:[\w.\[\]-]*\.)?[a-z_][a-z0-9_-]*):\s+(?P<text>.+)", re.DOTALL)
_QUOTED = (
    re.compile(r"Field '(?P<path>[^']+)':\s*(?P<text>.+)", re.DOTALL),
    re.compile(r"Value \([^)]*\) \D*propert(?:y|ies) '(?P<path>[^']+)'"),
    re.compile(r"Value \((?P<path>[^)]+)\)"),
    re.compile(r"'(?P<path>(?:fields|fieldData)\.[^']+)'"),
)
# items[3].fieldData.price, fields.price, gallery[0].url: only the slug is of use
_PREFIX = re.compile(r"^(?:items(?:\[\d+\]|\.\d+)\.?)?(?:(?:fieldData|fields)(?:\.|$))?")
_SLUG = re.compile(r"[\w-]+")


def complaints(document: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield the field errors of the error body *document*; path "" where no field is named."""
    found = False
    for place in ("problem_data", "details", "problems"):
        entries = document.get(place)
        for entry in entries[:MOST] if isinstance(entries, list) else ():
            if (problem := _problem(entry)) is not None:
                found = True
                yield problem
        if found:
            return
    for text in _shape_errors(document):
        problem = from_text(text)
        if problem.path:
            yield problem


def slug_of(path: str) -> str:
    """Return the slug in *path* as the CMS writes it; "" if there is none."""
    match = _SLUG.match(_PREFIX.sub("", path.strip()))
    slug = match.group() if match else ""
    return _FLAGS.get(slug, slug)


def from_text(text: str) -> FieldProblem:
    """Return *text* as a problem of the field that it names, if any."""
    text = text[:LONGEST]
    for pattern in _QUOTED:
        match = pattern.search(text)
        if match:
            said = match.groupdict().get("text", text)
            return FieldProblem(slug_of(match["path"]), said)
    return FieldProblem("", text)


def _problem(entry: Any) -> FieldProblem | None:
    if isinstance(entry, str):
        return _from_line(entry)
    if not isinstance(entry, dict):
        return None
    path = _first(entry, "param", "field", "slug", "path")
    text = _first(entry, "description", "message", "msg")
    if path:
        return FieldProblem(slug_of(path), text[:LONGEST])
    return from_text(text) if text else None


def _from_line(text: str) -> FieldProblem:
    """Parse a list entry: the field may be quoted, or head the line."""
    problem = from_text(text)
    headed = _HEADED.match(problem.message)
    if problem.path or headed is None:
        return problem
    return FieldProblem(slug_of(headed["path"]), headed["text"])


def _first(entry: Mapping[str, Any], *names: str) -> str:
    return next((entry[name] for name in names if isinstance(entry.get(name), str)), "")


def _shape_errors(document: Mapping[str, Any]) -> Iterator[str]:
    for name in ("message", "msg"):
        said = document.get(name)
        if not isinstance(said, str):
            continue
        start = said.find("[")
        try:
            listed = parsed(said[start:]) if start >= 0 else None
        except (ValueError, RecursionError):
            listed = None
        texts = listed if isinstance(listed, list) else [said]
        yield from (text for text in texts[:MOST] if isinstance(text, str))
