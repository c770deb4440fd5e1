"""What the keys of a destination about publishing need of one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.errors import Problem


def refused(where: str, values: Mapping[str, Any]) -> Problem | None:
    """
    Return the problem of a destination that is to publish and cannot.

    The legacy API lists items without a filter by time, and no live copies; and it is unknown
    whether its publish moves the time of the last edit, by which what is live is told from an edit.
    https://developers.webflow.com/data/v1.0.0/reference/cms/items/list-items
    """
    if values.get("publish", "never") == "never" or values.get("api") != "v1":
        return None
    found = f'"{values["publish"]}" with api = "v1"'
    expected = 'api = "v2": v1 does not show what was edited since the last publish'
    do = 'set api = "v2", or publish = "never" and publish in Webflow'
    return Problem(f"{where}.publish", found, expected, do)
