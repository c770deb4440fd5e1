"""The ids of dead letters of events that could not be read whole. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from workers.model.changes import Incoming


def raw_letter(source: str, body: bytes, index: int) -> str:
    """Return the id of the dead letter of a raw body: a repeat is the same letter."""
    digest = hashlib.sha256(b"%s\0%d\0%s" % (source.encode(), index, body)).hexdigest()
    return f"u{digest[:16]}"


def event_letter(source: str, id: str) -> str:
    """Return the id of the dead letter of the event *id*: a repeat is the same letter."""
    digest = hashlib.sha256(b"%s\0%s" % (source.encode(), id.encode())).hexdigest()
    return f"u{digest[:16]}"


def named(source: str, body: bytes, events: Iterable[Incoming]) -> Iterator[tuple[Incoming, str]]:
    """
    Yield the *events* of one delivery, each with the id of the dead letter that it would have.

    It is named by the event id; of several events with one id the first has that name, and any
    other is named by the body and its place in it, as one without an id is.
    """
    ids: set[str] = set()
    for event in events:
        if event.id is not None and event.id not in ids:
            ids.add(event.id)
            yield event, event_letter(source, event.id)
        else:
            own = body if event.body is None else event.body.encode()
            yield event, raw_letter(source, own, event.index)
