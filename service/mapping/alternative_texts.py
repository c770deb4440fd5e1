"""Alternative texts of pictures that have a path of their own."""

from __future__ import annotations

from typing import Any

from marshmallow import missing

from service.mapping.coercion import as_text
from service.mapping.display import found


def texts(value: Any) -> Any:
    """
    Return the text, or a list of texts by position, in the result of a path; None: it gives none.

    Raises:
        ValueError: It is no text.
    """
    if isinstance(value, list):
        return [_text(each) for each in value]
    return _text(value)


def put(files: Any, alts: Any) -> Any:
    """Return *files*, one or a list as a field writes them, with *alts* where there are any."""
    if isinstance(files, list):
        each = alts if isinstance(alts, list) else [alts] * len(files)
        padded = [*each, *[None] * (len(files) - len(each))]
        return [put(file, alt) for file, alt in zip(files, padded, strict=False)]
    alt = next(iter(alts), None) if isinstance(alts, list) else alts
    return {**files, "alt": alt} if alt and isinstance(files, dict) else files


def _text(value: Any) -> str | None:
    if value is missing or value is None:
        return None
    text = as_text(value)
    if not isinstance(text, str):
        raise ValueError(f"found {found(value)}; expected text")
    return text
