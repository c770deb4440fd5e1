"""Addresses of other pages of the console."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for


def link_of(endpoint: str, **values: Any) -> str | None:
    """Return the address of *endpoint*; None: this release has no such page, or one of *values*."""
    if endpoint not in current_app.view_functions or None in values.values():
        return None
    return url_for(endpoint, **values)
