"""
Deliveries with more changes than one step takes.

Handed over in pieces, stored whole by one step, and accepted event by event in slices by any
process (``sliced_deliveries.lua``).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

MOST = 500  # cost (`size_of`) of a delivery that one step accepts: some 10 ms of store time
SLICE = 240  # the same, for one slice; a single event may have more
CHANGE = 2  # a record costs as much as so many of its fields
BYTES = 64 * 1024 * 1024  # waiting in slices; beyond that deliveries are refused
HANDED_MS = 600_000  # time to live of pieces being handed over

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slice:
    """The result of a slice."""

    wake: tuple[str, ...] = ()  # destinations for which the caller enqueues a job
    more: bool = False  # more work is left


def are_many(events: Sequence[Event]) -> bool:
    """Tell whether *events* are too many for one step."""
    return len(events) > 1 and cost_of(events) > MOST


def cost_of(events: Iterable[Event]) -> int:
    """Return the cost of a delivery with these *events*."""
    return sum(map(_size, events))


def size_of(fields: Iterable[int], others: int = 0) -> int:
    """Return the cost of an event: *fields* of each change, and *others* left out or fetched."""
    return max(1 + CHANGE, sum(CHANGE + count for count in fields) + (1 + CHANGE) * others)


def begin(
    steps: Steps, request: Mapping[str, Any], text: str, kept: tuple[bytes, bytes]
) -> dict[str, Any]:
    """
    Store a delivery whole, to be accepted in slices; *request* as for ``accept``.

    Args:
        text: The raw body.
        kept: The compressed delivery, and its new dictionary.
    """
    events: Sequence[Event] = request["events"]
    pieces = list(_pieces(events))
    digest = hashlib.sha256("\n".join([request["source"], *pieces]).encode()).hexdigest()[:32]
    key = uuid.uuid4().hex
    with guarded():
        for piece in pieces:
            steps.client.rpush(keys.slicing(key), piece)
        steps.client.pexpire(keys.slicing(key), HANDED_MS)
    whole = events[-1] if events[-1]["index"] < 0 else None
    head = {**request, "events": [], "whole": whole, "hash": digest}
    begins = {
        "key": key,
        "head": _encode(head),
        "hash": digest,
        # A source without event ids is not deduplicated.
        "remember": all(event["id"] for event in events if event["changes"] or event["fetches"]),
        "bytes": len(text) + sum(map(len, pieces)),
        "most": BYTES,
        "arrivals": sum(map(_arrivals, events)),
    }
    return steps.run("accept", {**request, "events": [], "begins": begins}, text, *kept)


def go_on(steps: Steps) -> Slice:
    """Do the next slice of pending work."""
    with guarded(), steps.client.pipeline(transaction=False) as pipeline:
        pipeline.lindex(keys.SLICED, 0)
        pipeline.exists(keys.SLICES)
        name, others = pipeline.execute()
    wake: tuple[str, ...] = ()
    more = False
    if name is not None:
        request = {"token": uuid.uuid4().hex, "sliced": name, "source": "", "dedupe_ms": 1}
        wake = tuple(steps.run("accept", request, "", "", "").get("wake") or ())
        more = True
    if others:
        answer = steps.run("slice", {"token": uuid.uuid4().hex})
        more = more or bool(answer["more"])
    return Slice(wake, more)


def _size(event: Event) -> int:
    fields = (len(change["fields"]) for change in event["changes"])
    return size_of(fields, len(event["left"]) + len(event["fetches"]))


def _arrivals(event: Event) -> int:
    """Return an upper bound of the arrival numbers that *event* needs."""
    return 2 + sum(2 + 2 * len(change["fields"]) for change in event["changes"])


def _pieces(events: Sequence[Event]) -> Iterator[str]:
    """Yield *events* as JSON lists, one per slice."""
    piece: list[Event] = []
    size = 0
    for event in events:
        if piece and size + _size(event) > SLICE:
            yield _encode(piece)
            piece, size = [], 0
        piece.append(event)
        size += _size(event)
    yield _encode(piece)
