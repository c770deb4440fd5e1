"""Deliveries and dead letters that name a key although no record was changed by them."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from service.operate.delivery_entry import DeliveryEntries, DeliveryEntry
from service.operate.scope import Scope
from service.operate.selection import is_seen
from workers.model.problem_words import problem_words
from workers.store import keys
from workers.store.connection import guarded
from workers.store.delivery_list import DeliveryList
from workers.store.key_text import KeyText
from workers.store.record_reader import record_of

if TYPE_CHECKING:
    from workers.delivery.context import Context
    from workers.store.dead_letters import Letter

MOST: Final = 10  # that are told of each kind
_PATIENCE: Final = 0.3  # s for what changed nothing, and
_PATIENCE_MAPPED: Final = 0.1  # s for what was mapped, and for letters
_GLANCE: Final = 0.05  # s for a record that is known, and
_GLANCED: Final = 500  # deliveries
_MISSED: Final = 5
_LETTERS: Final = 500  # newest open letters that are read


def missed(
    context: Context, collection: str, record: str, shown: str, scope: Scope | None = None
) -> list[dict[str, Any]]:
    """
    Return the deliveries of late that named a known record and changed nothing, newest first.

    Of the newest only, so that the answer takes no longer.
    """
    text = _text(context, collection, record, shown)
    found = _deliveries(context, text, mapped=False, scope=scope, patience=_GLANCE, looked=_GLANCED)
    return list(islice(found, _MISSED))


def mentions_of(
    context: Context, collection: str, key: str, scope: Scope | None = None
) -> list[dict[str, Any]]:
    """
    Return what named *key*, newest first: ``[{id, at, source, topic, outcome, reason}]``.

    Deliveries by the bodies that are kept, as far back as a part of a second reads; then open dead
    letters of events that could not be mapped, and those that stand for many records of the
    collection, which have no source. Ids are those of ``instep deliveries`` and ``instep dead``.

    *scope*: What may be seen; None: everything.
    """
    record = record_of(context.settings.collections[collection], key)
    text = _text(context, collection, record, key)
    # Those that changed nothing first: of what was mapped there may be very many.
    found = [
        *islice(_deliveries(context, text, mapped=False, scope=scope), MOST),
        *islice(
            _deliveries(context, text, mapped=True, scope=scope, patience=_PATIENCE_MAPPED), MOST
        ),
    ]
    found.sort(key=lambda each: str(each["at"]), reverse=True)
    return [*found[:MOST], *islice(_letters(context, text, scope), MOST)]


def _text(context: Context, collection: str, record: str, shown: str) -> KeyText:
    parts = max(1, len(context.settings.collections[collection].keys))
    others = set(context.settings.collections) - {collection}
    return KeyText(collection, record, parts=parts, spellings=[shown], others=others)


def _deliveries(
    context: Context,
    text: KeyText,
    *,
    mapped: bool,
    scope: Scope | None,
    patience: float = _PATIENCE,
    looked: int | None = None,
) -> Iterator[dict[str, Any]]:
    """
    Yield the deliveries whose bodies name the key, newest first.

    Args:
        mapped: Those that were kept for other records; else those that changed nothing.
        looked: At so many of the newest; None: at all that *patience*, s, allows.
    """
    entries, listed = DeliveryEntries(context), DeliveryList(context.steps)
    ends = time.monotonic() + patience
    streams = [
        (entries.of(each) for each in listed.newest(source, "kept"))
        for source in context.settings.sources
        if is_seen(scope, None, source)
    ]
    merged = heapq.merge(*streams, key=lambda each: each.position.order, reverse=True)
    for each in islice(merged, looked):
        if (_outcome(each) == "kept") is mapped and _names(each, text):
            told = each.as_dict()
            yield {n: told[n] for n in ("id", "at", "source", "topic", "outcome", "reason")}
        if time.monotonic() > ends:
            return


def _outcome(entry: DeliveryEntry) -> str:
    """Return its outcome as far as the list tells it without the body."""
    summary = entry.listed.summary if entry.listed else None
    return summary.outcome if summary else "kept"


def _names(entry: DeliveryEntry, text: KeyText) -> bool:
    kept = entry.kept
    return kept is not None and kept.readable and text.in_body(kept.body)


def _letters(context: Context, text: KeyText, scope: Scope | None) -> Iterator[dict[str, Any]]:
    ends = time.monotonic() + _PATIENCE_MAPPED
    client = context.steps.client
    with guarded(), client.pipeline(transaction=False) as pipeline:
        ids = [str(id) for id in client.zrevrange(keys.LETTERS, 0, _LETTERS - 1)]
        for id in ids:
            pipeline.hmget(keys.letter(id), ("kind", "collection"))
        found = pipeline.execute()
    for id, (kind, collection) in zip(ids, found, strict=True):
        # One that stands for many records names none of them.
        shared = collection == text.collection and id.startswith("g")
        letter = context.letters.show(id) if kind == "unmapped" or shared else None
        seen = letter and is_seen(scope, letter.collection, letter.source)
        if letter and seen and (shared or text.in_body(letter.body)):
            yield _letter(letter)
        if time.monotonic() > ends:
            return


def _letter(letter: Letter) -> dict[str, Any]:
    problems = "; ".join(problem_words(p["field"], p["message"]) for p in letter.problems)
    return {
        "id": letter.id,
        "at": letter.created.isoformat(timespec="milliseconds"),
        "source": letter.source,
        "topic": letter.topic,
        "outcome": "dead letter",
        "reason": problems or letter.message,
    }
