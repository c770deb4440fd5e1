"""The slug of an item that is created without one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Container, Mapping
from itertools import count
from typing import Any

_LONGEST = 240  # of the 256 characters of a slug; the rest is for a suffix


def with_slug(
    fields: Mapping[str, Any], taken: Container[str], *, numbered: bool = False
) -> dict[str, Any]:
    """
    Return *fields*; without a slug, one is made from the name. The suffix of a slug in use is a
    number if *numbered* (v1), else five hex digits (v2).
    """
    if "slug" in fields or not isinstance(fields.get("name"), str):
        return dict(fields)
    return {**fields, "slug": free(slug_of(fields["name"]), taken, numbered=numbered)}


def slug_of(name: str) -> str:
    """Return the slug for *name*, in use or not."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST].strip("-") or "item"


def free(slug: str, taken: Container[str], *, numbered: bool) -> str:
    """Return *slug*, or one made of it that is not *taken*; *numbered* as in ``with_slug``."""
    """Return *slug*, or one made of it that is not *taken*; *numbered* as in ``with_slug``."""
    if slug not in taken:
        return slug
    if numbered:
        return next(one for n in count(2) if (one := f"{slug}-{n}") not in taken)
    return apart(slug)


def apart(slug: str) -> str:
    """Return *slug* with a suffix of five hex digits, as v2 makes a slug in use unique."""
    return f"{slug}-{secrets.token_hex(3)[:5]}"
