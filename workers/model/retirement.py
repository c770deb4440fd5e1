"""
How a record that is gone at its source shows in its item: words, slug and status flags. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

GONE: Final = ":gone"  # the slug under which an item holds it; no field of the CMS has such a one
SHOWN_AS: Final = "(retire)"  # what people see instead
WAYS: Final = ("archive", "draft", "unpublish", "delete", "keep")

_FLAGS: Final = {"archive": "_archived", "draft": "_draft", "unpublish": "_draft"}


def shown_slug(slug: str) -> str:
    """Return how people see the *slug* of a field or of a retirement."""
    return SHOWN_AS if slug == GONE else slug


def flags(value: Any, _: object = None) -> dict[str, bool]:
    """
    Return the status flags that a PATCH carries for a retirement.

    Args:
        value: How the record is retired; or, where it is back, the flags that are taken back.
    """
    if isinstance(value, list):
        return dict.fromkeys(value, False)
    return {_FLAGS[value]: True} if value in _FLAGS else {}


def shows(sent: Mapping[str, bool], held: Any) -> bool:
    """Tell whether an item with the flags *held* shows those that were *sent*."""
    return isinstance(held, dict) and all(held.get(flag) is to for flag, to in sent.items())


def on_wire(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a PATCH carries of *sent*, in which the flags stand beside their retirement."""
    return {slug: value for slug, value in sent.items() if slug != GONE}
