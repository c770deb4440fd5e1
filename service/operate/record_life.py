"""
The life of one record: why the CMS shows what it shows, and what happens next.

Computed from the store alone. Shown by ``instep why``, the API and the console.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from service.ingest.spool_count import all_waiting
from service.operate.destination_waits import Wait
from service.operate.moments import moment
from service.operate.record_answer import MAYBE, answer
from service.operate.record_entries import life_entries, lived_values
from service.operate.record_fields import fields_of
from service.operate.record_mentions import mentions_of, missed
from service.operate.record_notes import letters_in, notes, variant_notes
from service.operate.record_rests import rests, state_of
from service.operate.record_search import NEAREST, alike, named, nearest
from service.operate.record_waits import waits
from service.operate.scope import Scope
from workers.runtime import heartbeats
from workers.store.letters_around import closed_letters
from workers.store.record_facts import RecordFacts
from workers.store.record_history import RecordHistory
from workers.store.record_reader import RecordReader
from workers.webflow.item_keys import parted

if TYPE_CHECKING:
    from workers.delivery.context import Context

SHOWN: Final = "nothing: the CMS shows it"


@dataclass
class UnknownRecord(LookupError):
    """No event that was accepted has named the record."""

    collection: str
    key: str
    item: str | None = None  # the item that has this key in the CMS, as last listed
    nearest: Sequence[str] = ()
    # that named it and were not mapped: {id, at, source, topic, outcome, reason}
    deliveries: Sequence[Mapping[str, Any]] = field(default=())
    parts: int = 1  # that a key of the collection has

    def __str__(self) -> str:
        said = f"no event has named the record {self.key} of {self.collection}"
        if self.parts in (1, len(parted(self.key))):
            return said
        return f"{said}, whose keys have {self.parts} parts, joined by |"

    def as_dict(self) -> dict[str, Any]:
        return {
            "collection": self.collection,
            "key": self.key,
            "item": self.item,
            "state": "unknown",
            "nearest": list(self.nearest),
            "deliveries": [dict(each) for each in self.deliveries],
        }


@dataclass
class UnknownLocale(LookupError):
    """The site has no such locale."""

    locale: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"found {self.locale!r}, expected a locale of the site: {', '.join(self.known)}"


def life_of(
    context: Context,
    collection: str,
    key: str,
    locale: str | None = None,
    *,
    scope: Scope | None = None,
) -> dict[str, Any]:
    """
    Return the life of the record *key* of *collection*.

    Args:
        key: As any system writes it: with padding, in any Unicode form; or its item id.
        locale: Show the fields of this variant alone.
        scope: What may be seen of the deliveries and letters that name it; None: all.

    Returns:
        ``{collection, key, item, locale, state, answer, waits_for, waits, next: {what, at},
        notes, missed,
        fields: {SLUG: {wanted, version, source, held, confirmed_at, state}}, life, dropped}``;
        times as text in UTC.

    Raises:
        KeyError: There is no such collection.
        UnknownRecord: No event has named it.
        UnknownLocale: Its site has no such locale.
        StoreUnavailable: The store did not answer.
    """
    own = context.settings.collections[collection]
    reader = RecordReader(context.steps, context.settings)
    facts = reader.read(collection, key)
    if facts is None:
        raise UnknownRecord(
            collection,
            key,
            reader.item_of(collection, key),
            [
                *dict.fromkeys(
                    [*named(context, collection, key), *nearest(context, collection, key)]
                )
            ][:NEAREST],
            mentions_of(context, collection, key, scope),
            max(1, len(own.keys)),
        )
    if locale is not None and facts.locales:
        _check_locale(locale, facts.locales)
    return _life(context, facts, locale, scope)


def _check_locale(locale: str, known: tuple[str, ...]) -> None:
    if locale.lower() not in {tag.lower() for tag in known}:
        raise UnknownLocale(locale, known)


def _life(
    context: Context, facts: RecordFacts, locale: str | None, scope: Scope | None
) -> dict[str, Any]:
    client, data = context.steps.client, context.settings.store.data.expanduser()
    spooled = all_waiting(data, client).deliveries
    alive = heartbeats.workers_alive(client) if facts.unsent else 0
    place = (facts.collection.name, facts.record)
    history = RecordHistory(context.steps, context.settings).read(*place)
    closed = closed_letters(client, *place, letters_in(history.entries))
    resting = rests(facts)
    found = [*waits(facts, workers=alive, spooled=spooled), *resting]
    # What may come of a spool says nothing of what is known.
    found.sort(key=lambda each: each.cause in MAYBE)
    state = state_of(facts, resting)
    return {
        "collection": facts.collection.name,
        "key": facts.key,
        "item": facts.id,
        "locale": locale,
        "state": state,
        "answer": answer(facts, state, found),
        "waits_for": found[0].says if found else SHOWN,
        "next": _next(found),
        "waits": [_wait(each) for each in found],
        "missed": missed(context, *place, facts.key, scope),
        "notes": [
            *notes(history.entries, closed),
            *alike(context, facts),
            *variant_notes(facts, locale),
        ],
        "fields": fields_of(facts, locale, lived_values(history.entries)),
        "life": life_entries(history.entries),
        "dropped": history.dropped,
    }


def _next(found: Sequence[Wait]) -> dict[str, Any]:
    if not found:
        return {"what": "nothing until the next event", "at": None}
    return {"what": found[0].next, "at": moment(found[0].at)}


def _wait(each: Wait) -> dict[str, Any]:
    return {
        "cause": each.cause,
        "what": each.says,
        "fields": list(each.fields),
        "next": {"what": each.next, "at": moment(each.at)},
    }
