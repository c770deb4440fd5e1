"""Where the live page of an item is, as far as answers of the CMS have shown it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.record_facts import RecordFacts
from workers.store.search_row import SearchRow


def page_folders(context: Context, collections: Iterable[str]) -> dict[str, str]:
    """Return the address under which the pages of each collection are; "": it is not known."""
    client: Any = context.steps.client
    settings, names = context.settings, list(collections)
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


def live_page(facts: RecordFacts, row: SearchRow, folder: str) -> str | None:
    """Return the address of the record's live page in *folder*; None: none, or not known."""
    flags, published, *_ = (*facts.status.split("|"), "")
    slug = row.shown_slug or _written(facts)
    if not (folder and slug and facts.id and published) or "a" in flags:
        return None
    return folder + quote(slug, safe="")


def _written(facts: RecordFacts) -> str:
    field = facts.fields.get("slug")
    if field is None or field.state not in ("written", "unchanged"):
        return ""
    value = json.loads(field.value)
    return value if isinstance(value, str) else ""
