"""What the store knows an item to hold before a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.operate.record_entries import lived_values
from service.operate.record_fields import fields_of
from workers.config.settings import Settings
from workers.errors import StoreUnavailable
from workers.model.changes import Change
from workers.model.retirement import shown_slug
from workers.store.record_history import RecordHistory
from workers.store.record_reader import RecordReader
from workers.store.scripts import Steps

MOST = 100  # records that are read for one payload


def before(steps: Steps, settings: Settings, changes: Sequence[Change]) -> list[dict[str, Any]]:
    """
    Return slug → value for each of *changes*: what its item is known to hold; None: unknown.

    Without a store nothing is known.
    """
    try:
        held = dict(_read(steps, settings, changes))
    except StoreUnavailable:
        held = {}
    return [
        {
            field.slug: held.get((each.collection, each.record), {}).get(shown_slug(field.slug))
            for field in each.fields
        }
        for each in changes
    ]


def _read(
    steps: Steps, settings: Settings, changes: Sequence[Change]
) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    reader, history = RecordReader(steps, settings), RecordHistory(steps, settings)
    places = dict.fromkeys((each.collection, each.record) for each in changes)
    for place in list(places)[:MOST]:
        facts = reader.read(*place)
        if facts is not None:
            lived = lived_values(history.read(place[0], facts.record).entries)
            rows = fields_of(facts, None, lived)
            yield place, {slug: row["held"] for slug, row in rows.items()}
