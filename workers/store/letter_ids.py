"""Ids of dead letters for events that could not be mapped in full."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from workers.model.changes import Incoming


def raw_letter(source: str, body: bytes, index: int) -> str:
    """Return the id of the letter of a raw body; a repeat gets the same."""
    digest = hashlib.sha256(b"%s\0%d\0%s" % (source.encode(), index, body)).hexdigest()
    return f"u{digest[:16]}"


def event_letter(source: str, id: str) -> str:
    """Return the id of the letter of the event *id*; a repeat gets the same."""
    digest = hashlib.sha256(b"%s\0%s" % (source.encode(), id.encode())).hexdigest()
    return f"u{digest[:16]}"


def named(source: str, body: bytes, events: Iterable[Incoming]) -> Iterator[tuple[Incoming, str]]:
    """
    Yield each event of a delivery with the id of its potential dead letter.

    It derives from the event id; without one, or for a second event with the same id, from the body
    and the event's index.
    """
    ids: set[str] = set()
    for event in events:
        if event.id is not None and event.id not in ids:
            ids.add(event.id)
            yield event, event_letter(source, event.id)
        else:
            own = body if event.body is None else event.body.encode()
            yield event, raw_letter(source, own, event.index)
