"""
The key ``locales`` of a collection: which variants of an item are written.

https://developers.webflow.com/data/docs/working-with-localization
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from workers.errors import Problem

_TAG = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
EXPECTED = '"primary", "all" or a list of tags as GET /sites lists them, such as ["en", "de-AT"]'


def are_locales(value: Any) -> bool:
    """Tell whether *value* is valid for ``locales``."""
    if not isinstance(value, list):
        return value in ("primary", "all")
    tags = {tag.lower() for tag in value if is_tag(tag)}
    return 0 < len(value) == len(tags)


def repeated_tag(value: Any) -> str | None:
    """Return the problem of a list that repeats a tag, ignoring case."""
    tags = [tag.lower() for tag in value if is_tag(tag)] if isinstance(value, list) else []
    twice = next((tag for tag in tags if tags.count(tag) > 1), None)
    return None if twice is None else f"the tag {twice} twice"


def is_tag(value: Any) -> bool:
    """Tell whether *value* is a locale tag, such as ``de`` or ``de-AT``."""
    return isinstance(value, str) and _TAG.fullmatch(value) is not None


def unknown_to_v1(where: str, values: Mapping[str, Any], destinations: Mapping[str, Any]) -> Any:
    """Return a Problem if *values*, of a collection, has locales but its destination uses v1."""
    name = values.get("destination", "")
    table = destinations.get(name)
    locales = values.get("locales", "primary")
    if locales == "primary" or not isinstance(table, dict) or table.get("api") != "v1":
        return None
    expected = f'"primary", since destinations.{name} has api = "v1", which has no locales'
    return Problem(where, json.dumps(locales), expected, 'use api = "v2", or leave it out')
