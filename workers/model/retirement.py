"""Retirement: how an item shows that its record is gone at the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

GONE: Final = ":gone"  # pseudo-slug of a retirement; not valid in the CMS
SHOWN_AS: Final = "(retire)"  # for display
WAYS: Final = ("archive", "draft", "unpublish", "delete", "keep")

_FLAGS: Final = {"archive": "_archived", "draft": "_draft", "unpublish": "_draft"}


def shown_slug(slug: str) -> str:
    return SHOWN_AS if slug == GONE else slug


def flags(value: Any, _: object = None) -> dict[str, bool]:
    """
    Return the status flags that a PATCH carries for a retirement.

    *value*: the way of retirement or, if the record is back, a list of the flags to clear.
    """
    if isinstance(value, list):
        return dict.fromkeys(value, False)
    return {_FLAGS[value]: True} if value in _FLAGS else {}


def shows(sent: Mapping[str, bool], held: Any) -> bool:
    """Tell whether the flags *held* include those *sent*."""
    return isinstance(held, dict) and all(held.get(flag) is to for flag, to in sent.items())


def on_wire(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *sent* for a PATCH: without the retirement, whose flags are separate."""
    return {slug: value for slug, value in sent.items() if slug != GONE}
