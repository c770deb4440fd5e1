"""What lists of records show of each: a line with its state, its times and what it waits for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from service.operate.moments import at, moment
from service.operate.record_rests import rests, state_of
from service.operate.record_waits import waits
from workers.delivery.context import Context
from workers.model.versions import Version, moment_of
from workers.runtime import heartbeats
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import written_slug
from workers.store.live_pages import page_folders, page_of
from workers.store.record_facts import RecordFacts
from workers.store.record_reader import RecordReader
from workers.store.search_row import SearchRow

AT_ONCE: Final = 50  # records that are read in one round trip: less than 5 ms of the store's time
UNKNOWN: Final = "unknown"  # state of an item that no event has named

Record = tuple[str, str]  # collection, record


def read_hits(context: Context, records: Sequence[Record]) -> dict[Record, dict[str, Any]]:
    """
    Return what a list shows of *records*; those that are no more are left out.

    Each is ``{collection, key, name, slug, item, state, waits_for, next, changed_at, written_at,
    pending, approval, letters, sources, link}``. *changed_at*: of the newest change, as its source
    says it, else when it came; *written_at*: lastUpdated of the last answer to a write; *approval*:
    its delete waits for one; *letters*: ids of its open dead letters; *link*: its live page, where
    the domain of the site is known. Times as text in UTC.
    """
    found: dict[Record, dict[str, Any]] = {}
    for start in range(0, len(records), AT_ONCE):
        found |= _read(context, records[start : start + AT_ONCE])
    return found


def _read(context: Context, records: Sequence[Record]) -> dict[Record, dict[str, Any]]:
    facts = RecordReader(context.steps, context.settings).read_all(records)
    rows = _rows(context, records)
    items = _items(context, [each for each in records if each not in facts])
    unsent = any(each.unsent for each in facts.values())
    alive = heartbeats.workers_alive(context.steps.client) if unsent else 0
    pages = page_folders(context.steps, context.settings, dict(records))
    found: dict[Record, dict[str, Any]] = {}
    for each in records:
        if each in facts:
            found[each] = _known(facts[each], rows[each], alive)
            found[each]["link"] = _live_page(facts[each], rows[each], pages[each[0]])
        elif items[each] is not None:
            found[each] = _unknown(each, rows[each], items[each])
    return found


def _live_page(facts: RecordFacts, row: SearchRow, folder: str) -> str | None:
    written = facts.fields.get("slug")
    slug = row.shown_slug or (written_slug(written) if written else "")
    return page_of(facts.id, slug, facts.status, folder)


def _rows(context: Context, records: Sequence[Record]) -> dict[Record, SearchRow]:
    found: dict[Record, SearchRow] = {}
    for name in dict(records):
        own = [record for collection, record in records if collection == name]
        rows = context.search.rows(name, own)
        found |= {(name, record): row for record, row in zip(own, rows, strict=True)}
    return found


def _items(context: Context, records: Sequence[Record]) -> dict[Record, str | None]:
    """Return the item ids of records of which nothing is held."""
    client: Any = context.steps.client
    settings = context.settings
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for name, record in records:
            copy = settings.copy_of(settings.collections[name])
            pipeline.hget(keys.item_ids(name, copy), record)
        return dict(zip(records, pipeline.execute(), strict=True))


def _known(facts: RecordFacts, row: SearchRow, alive: int) -> dict[str, Any]:
    resting = rests(facts)
    found = [*waits(facts, workers=alive, spooled=0), *resting]
    name, slug = (_value(facts, each) for each in ("name", "slug"))
    return {
        "collection": facts.collection.name,
        "key": facts.key,
        "name": name or row.shown_name or None,
        "slug": slug or row.shown_slug or None,
        "item": facts.id,
        "state": state_of(facts, resting),
        "waits_for": found[0].says if found else None,
        "next": moment(found[0].at) if found else None,
        "changed_at": _changed(facts),
        "written_at": _written(facts),
        "pending": bool(facts.unsent),
        "approval": bool(facts.held and facts.held.waits == "approval"),
        "letters": sorted(facts.letters, key=lambda id: (facts.letters[id].created, id)),
        "sources": sorted({each.source for each in facts.fields.values() if each.source}),
    }


def _unknown(record: Record, row: SearchRow, item: str | None) -> dict[str, Any]:
    times = dict.fromkeys(("waits_for", "next", "changed_at", "written_at"))
    return {
        "collection": record[0],
        "key": record[1],
        "name": row.shown_name or None,
        "slug": row.shown_slug or None,
        "item": item,
        "state": UNKNOWN,
        **times,
        "pending": False,
        "approval": False,
        "letters": [],
        "sources": [],
        "link": None,
    }


def _value(facts: RecordFacts, slug: str) -> str:
    field = facts.fields.get(slug)
    value = json.loads(field.value) if field else None
    return value if isinstance(value, str) else ""


def _changed(facts: RecordFacts) -> str | None:
    fields = list(facts.fields.values())
    told = [each.version for each in fields if each.version and _is_time(each.version)]
    if told:
        return at(moment_of(max(told)))
    came = max((each.came for each in fields), default=0)
    return moment(came) if came else None


def _is_time(version: str) -> bool:
    return Version.parse(version).kind == "t"


def _written(facts: RecordFacts) -> str | None:
    own = [k.updated for each in facts.fields.values() for k in each.known if k.arrival]
    newest = max(filter(None, own), default="")
    return at(moment_of(newest)) if newest else None
