"""
The status of an item as text, as the steps of the store take it.

https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

from typing import Protocol


class _View(Protocol):
    @property
    def archived(self) -> bool: ...
    @property
    def draft(self) -> bool: ...
    @property
    def published(self) -> str | None: ...
    @property
    def updated(self) -> str | None: ...


def status_of(view: _View) -> str:
    """Return ``"<flags>|<lastPublished>|<lastUpdated>"``, as ``item_status.lua`` reads it."""
    flags = ("a" if view.archived else "") + ("d" if view.draft else "")
    return f"{flags}|{view.published or ''}|{view.updated or ''}"
