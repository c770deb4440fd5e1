"""One delivery in full: its body as kept, and what became of each event."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from service.config.build import Configuration
from service.ingest import spool_list
from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.previews import shown
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.model.changes import Incoming
from workers.store.delivery_list import UNNAMED, DeliveryList
from workers.store.letter_ids import named
from workers.store.refusals import UNKNOWN

BODY: Final = 65_536  # bytes of a body that are shown
EVENTS: Final = 100  # events that are shown
_NAMES: Final = {":fetcher": "fetcher", ":topics": "topics", ":version": "version"}


def show_delivery(
    context: Context,
    id: str,
    *,
    scope: Scope | None = None,
    configuration: Configuration | None = None,
    body_most: int | None = BODY,
) -> dict[str, Any] | None:
    """
    Return a delivery as in the list, with its body and its events; None: there is none.

    Args:
        scope: What may be seen; None: everything.
        configuration: By which its events are mapped; None: that of this process.
        body_most: Bytes of the body; None: all.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    entry = find_delivery(DeliveryEntries(context, configuration, scope), id)
    if entry is None:
        return None
    page = entry.as_dict() | {"keys": entry.keys}
    if entry.outcome == "refused":
        told = entry.listed.refusal if entry.listed else None
        return page | _refused(told or {})
    return page | {"proof": _proof(entry)} | _body(entry, body_most) | _events(entry)


def is_spooled(id: str) -> bool:
    """Tell whether *id* is that of a delivery in a spool, for which the store is not asked."""
    return id.rpartition("-")[2].startswith("s")


def find_delivery(entries: DeliveryEntries, id: str) -> DeliveryEntry | None:
    """Return the delivery *id*; None: there is none, or no longer."""
    source, _, rest = id.rpartition("-")
    if (UNKNOWN if source == UNNAMED else source) not in entries.sources:
        return None
    if is_spooled(id):
        file, _, number = rest[1:].rpartition(".")
        if not (number.isascii() and number.isdecimal() and len(number) <= 18):
            return None
        data = entries.context.settings.store.data
        found = spool_list.find(data, file.replace(".", "-"), int(number))
        return entries.of_spool(found) if found and found.entry.source == source else None
    listed = DeliveryList(entries.context.steps).find(id)
    return entries.of(listed) if listed else None


def _refused(told: Mapping[str, Any]) -> dict[str, Any]:
    checked = told.get("checked") or {}
    return {
        "refusal": told["reason"],
        "times": told.get("times", 1),
        "checked": checked,
        "body": None,
    }


def _proof(entry: DeliveryEntry) -> dict[str, Any] | None:
    """Return the scheme and the position of the secret that proved it, as far as they are known."""
    source = entry.entries.context.settings.sources.get(entry.source)
    if source is None:
        return None
    mark = entry.waiting.entry.secret if entry.waiting else entry.summary.secret
    place = source.marks.index(mark) + 1 if mark in source.marks else None
    if place is None and not mark and len(source.secrets) == 1:
        place = 1
    return {"scheme": source.sender, "secret": place, "of": len(source.secrets)}


def _body(entry: DeliveryEntry, most: int | None) -> dict[str, Any]:
    if entry.waiting is not None:
        headers, body = entry.waiting.entry.headers, entry.waiting.entry.body
    elif entry.kept is not None and entry.kept.readable:
        headers, body = entry.kept.headers, entry.kept.body
    else:
        return {"headers": {}, "body": None, "encoding": None, "bytes": None, "cut": False}
    part = body if most is None else body[:most]
    names = {_NAMES.get(name, name): value for name, value in headers.items()}
    text, encoding = _text(part, cut=len(part) < len(body))
    facts = {"body": text, "encoding": encoding, "bytes": len(body)}
    return {"headers": names, **facts, "cut": len(part) < len(body)}


def _text(body: bytes, *, cut: bool) -> tuple[str, str]:
    for end in range(len(body), len(body) - (4 if cut else 1), -1):
        try:
            return body[: max(0, end)].decode(), "text"
        except UnicodeDecodeError:  # the cut may be inside a letter
            continue
    return base64.b64encode(body).decode(), "base64"


def _events(entry: DeliveryEntry) -> dict[str, Any]:
    """Return the events as today's mappings have them, with what became of each when it came."""
    body = entry.kept.body if entry.kept else b""
    pairs = list(named(entry.source, body, entry.events))
    found = [_event(entry, *pair) for pair in pairs[:EVENTS]]
    return {"found": found, "more": max(0, len(pairs) - EVENTS)}


def _event(entry: DeliveryEntry, event: Incoming, letter: str) -> dict[str, Any]:
    found = None if entry.waiting else entry.entries.context.letters.show(letter)
    return {
        "event": event.id,
        "topic": event.topic,
        "became": _became(entry, event, left_out=found is not None),
        "changes": [{"retire": None} | shown(each) for each in entry.entries.seen(event.changes)],
        "problems": [{"path": each.path, "message": each.message} for each in event.problems],
        "fetches": [{"fetcher": each.fetcher, "object": each.object} for each in event.fetches],
        "dead_letter": {"id": found.id, "state": found.state} if found else None,
        "why": _why(entry, event),
    }


def _why(entry: DeliveryEntry, event: Incoming) -> str | None:
    """Return why no mapping takes *event* as it is now; None: one does, or it has problems."""
    if event.changes or event.problems or event.fetches:
        return None
    rules = entry.entries.configuration.mappings.rules
    options = [rule.options for rule in rules if rule.options.source == entry.source]
    if not options:
        return f"there is no mapping for {entry.source}"
    if any(each.takes((event.topic,)) for each in options):
        return "its topic is taken, but no mapping finds a record or a field in it"
    topics = ", ".join(sorted({topic for each in options for topic in each.topics or ()}))
    return f"its topic is {event.topic or 'none'}; the mappings of {entry.source} take {topics}"


def _became(entry: DeliveryEntry, event: Incoming, *, left_out: bool) -> str:
    if entry.kept is None or event.again is None:
        return "waits"
    if event.again.place in entry.kept.repeats:
        return "repeated"
    if entry.kept.took(event.again.place):
        return "accepted in part" if left_out else "accepted"
    return "left out" if left_out else "unwanted"
