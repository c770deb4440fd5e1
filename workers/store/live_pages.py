"""Where the live page of an item is, as far as answers of the CMS have shown it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from workers.config.settings import Settings
from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps


def page_folders(steps: Steps, settings: Settings, collections: Iterable[str]) -> dict[str, str]:
    """Return the address under which the pages of each collection are; "": it is not known."""
    client: Any = steps.client
    names = list(collections)
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name in names:
            copy = settings.copy_of(settings.collections[name])
            pipeline.hget(keys.site(name, copy), "domain")
            pipeline.hget(keys.index(name, copy), "slug")
        answers = iter(pipeline.execute())
    known = ((name, next(answers), next(answers)) for name in names)
    return {
        name: f"https://{domain}/{quote(slug)}/" if domain and slug else ""
        for name, domain, slug in known
    }


def page_of(id: str | None, slug: str, status: str, folder: str) -> str | None:
    """
    Return the address of an item's live page in *folder*; None: none, or not known.

    Args:
        id: Of the item; None: it has none.
        status: As the CMS last showed it, see `workers.model.item_status`.
    """
    flags, published, *_ = (*status.split("|"), "")
    if not (folder and slug and id and published) or "a" in flags:
        return None
    return folder + quote(slug, safe="")
