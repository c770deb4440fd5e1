"""Read what the store holds of one record, and of all that may hold it up: two round trips."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.config.settings import Collection, Settings
from workers.model.held_reason import up_to_date
from workers.model.publishing import Member
from workers.store import clock, held_keys, keys, publish_status
from workers.store.connection import guarded
from workers.store.dead_letters import letter_of
from workers.store.held_delete import dropped_of, held_delete_of
from workers.store.item_record import FieldRecord, slug_of, unpacked
from workers.store.item_schedule import ItemSchedule
from workers.store.locales import AGAIN_MS
from workers.store.pauses import paused_of
from workers.store.record_facts import RecordFacts
from workers.store.record_references import referred, waited_for
from workers.store.scripts import Steps
from workers.store.waits import Condition, Gate, Outage, Pause, lookup_of, sane
from workers.webflow.item_keys import normal_record

LETTERS: Final = 20  # dead letters of one record that are read
REFERRED: Final = 20  # records that it waits for, likewise

_Answers = Mapping[str, Any]


class _Round:
    """One pipeline whose answers have names, in parts."""

    def __init__(self, client: redis.Redis) -> None:
        self._pipeline = client.pipeline(transaction=True)
        self._parts: list[list[str]] = []

    def begin(self) -> None:
        self._parts.append([])

    def ask(self, name: str, command: str, *arguments: Any) -> None:
        getattr(self._pipeline, command)(*arguments)
        self._parts[-1].append(name)

    def answers(self) -> list[dict[str, Any]]:
        with guarded():
            found = iter(self._pipeline.execute())
        return [{name: next(found) for name in names} for names in self._parts]


@dataclass(frozen=True, slots=True)
class _Found:
    """A record that the store holds."""

    own: Collection
    place: tuple[str, str]  # name and copy of its collection
    record: str
    id: str | None
    fields: Mapping[str, FieldRecord]
    schedule: ItemSchedule
    stored: Mapping[str, str]


class RecordReader:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode
        self._settings = settings

    def read(self, collection: str, key: str) -> RecordFacts | None:
        """
        Return what is held of the record with this *key*, or item id; None: nothing is.

        Raises:
            KeyError: There is no such collection.
        """
        own = self._settings.collections[collection]
        names = list(dict.fromkeys((record_of(own, key), key)))
        (first,) = self._first([(own, names)])
        found = self._find(own, names, first)
        if found is None:
            return None
        (second,) = self._second([found])
        return self._facts(found, first, second)

    def read_all(self, records: Iterable[tuple[str, str]]) -> dict[tuple[str, str], RecordFacts]:
        """Return what is held of *records* (collection, record), in two round trips."""
        by_name: dict[str, list[str]] = {}
        for name, record in records:
            by_name.setdefault(name, []).append(record)
        if not by_name:
            return {}
        asked = [(self._settings.collections[name], own) for name, own in by_name.items()]
        found = [
            (known, first)
            for (own, names), first in zip(asked, self._first(asked), strict=True)
            for name in names
            if (known := self._found(own, name, first)) is not None
        ]
        second = self._second([known for known, _ in found]) if found else []
        return {
            (known.own.name, known.record): self._facts(known, first, more)
            for (known, first), more in zip(found, second, strict=True)
        }

    def item_of(self, collection: str, key: str) -> str | None:
        """Return the id of the item that has *key* in the CMS, as last listed."""
        own = self._settings.collections[collection]
        at = keys.item_ids(collection, self._settings.copy_of(own))
        with guarded():
            found = self._client.hget(at, record_of(own, key))
        return None if found is None else str(found)

    def _first(self, asks: Iterable[tuple[Collection, list[str]]]) -> list[dict[str, Any]]:
        """Ask for the record under each of the names, and what its collection and site wait for."""
        asked = _Round(self._client)
        for own, names in asks:
            self._ask_first(asked, own, names)
        return asked.answers()

    def _ask_first(self, asked: _Round, own: Collection, names: list[str]) -> None:
        place = (own.name, self._settings.copy_of(own))
        destination = self._settings.destinations[own.destination]
        asked.begin()
        asked.ask("time", "time")
        asked.ask("clock", "get", keys.CLOCK)
        for name in names:
            asked.ask(f"item:{name}", "hgetall", keys.item(own.name, name))
            asked.ask(f"id:{name}", "hget", keys.item_ids(*place), name)
            asked.ask(f"key:{name}", "hget", keys.item_keys(*place), name)
        asked.ask("collection", "hgetall", keys.collection(own.name))
        asked.ask("held", "zcard", held_keys.held(own.name))
        asked.ask("destination", "hgetall", keys.destination(destination.name))
        asked.ask("budget", "hgetall", keys.budget(destination.budget))
        asked.ask("flights", "zrange", keys.flight(destination.name), 0, -1, False, True)
        asked.ask("index", "hgetall", keys.index(*place))
        asked.ask("filter", "hgetall", keys.index(*place, "filter"))
        asked.ask("site", "hmget", keys.site(*place), ["locales", "failed", "next", "began"])
        asked.ask("slicing", "llen", keys.SLICED)
        asked.ask("pauses", "hgetall", keys.PAUSES)
        asked.ask("publishing", "hgetall", keys.publishing(destination.name))

    def _find(self, own: Collection, names: list[str], first: _Answers) -> _Found | None:
        record = next((name for name in names if first[f"item:{name}"]), "")
        stored: Mapping[str, str] = first.get(f"item:{record}") or {}
        if not stored:
            # It may be the item id of a keyed record, or the key of one that events name by id.
            others = (first[f"{kind}:{name}"] for name in names for kind in ("key", "id"))
            for other in filter(None, others):
                with guarded():
                    record, stored = other, self._client.hgetall(keys.item(own.name, other))
                if stored:
                    break
        if not stored:
            return None
        id = first.get(f"id:{record}")
        if f"id:{record}" not in first:
            with guarded():
                place = (own.name, self._settings.copy_of(own))
                id = self._client.hget(keys.item_ids(*place), record)
        return self._found(own, record, {f"item:{record}": stored, f"id:{record}": id})

    def _found(self, own: Collection, record: str, first: _Answers) -> _Found | None:
        stored: Mapping[str, str] = first[f"item:{record}"]
        if not stored:
            return None
        place = (own.name, self._settings.copy_of(own))
        schedule = ItemSchedule.parse(stored)
        fields = {
            slug: FieldRecord.parse(text)
            for name, text in unpacked(stored).items()
            if (slug := slug_of(name)) is not None
        }
        id = record if schedule.by == "item" else first[f"id:{record}"]
        return _Found(own, place, record, id, fields, schedule, stored)

    def _second(self, found: Iterable[_Found]) -> list[dict[str, Any]]:
        """Ask for what is kept under the names that the records hold."""
        asked = _Round(self._client)
        for each in found:
            self._ask_second(asked, each)
        return asked.answers()

    def _ask_second(self, asked: _Round, found: _Found) -> None:
        own, record, schedule = found.own, found.record, found.schedule
        asked.begin()
        asked.ask("filtered", "zscore", keys.filtered(own.name), record)
        asked.ask("status", "hget", keys.of_steps("status", *found.place), found.id or "")
        asked.ask("variants", "hget", keys.variants(*found.place), found.id or "")
        asked.ask("unpublished", "hget", keys.unpublished_of(own.name), record)
        if schedule.lane and ":" not in schedule.lane:
            asked.ask("ahead", "zrank", keys.due(own.name, schedule.lane), record)
        for letter in _letters(found):
            asked.ask(f"letter:{letter}", "hgetall", keys.letter(letter))
        copies = self._settings.copies()
        for to, key in list(dict.fromkeys(waited_for(found.fields)))[:REFERRED]:
            asked.ask(f"known:{to}:{key}", "exists", keys.item(to, key))
            asked.ask(f"roomless:{to}:{key}", "hexists", keys.item(to, key), "roomless")
            asked.ask(f"wanted:{to}:{key}", "zscore", keys.wanted(to), key)
            asked.ask(f"id:{to}:{key}", "hget", keys.item_ids(to, copies.get(to, "")), key)

    def _facts(self, found: _Found, first: _Answers, second: _Answers) -> RecordFacts:
        now = self._now(first)
        held, of_site = first["collection"], first["destination"]
        destination = self._settings.destinations[found.own.destination]
        unpublished = second["unpublished"]
        locales = json.loads(first["site"][0] or "[]")
        flights = sum(1 for _, until in first["flights"] if until > now)
        asks = up_to_date(held.get(held_keys.ASKS), int(first["held"]))
        lookup = None
        if found.schedule.sought:
            lookup = lookup_of(first["index"], first["filter"], second["filtered"], now)
        return RecordFacts(
            now=now,
            collection=found.own,
            destination=destination,
            record=found.record,
            id=found.id,
            fields=found.fields,
            schedule=found.schedule,
            pause=Pause.parse(of_site),
            collection_pause=Pause.parse(held),
            hand_pauses=paused_of(first["pauses"]),
            outage=Outage.parse(of_site, now),
            gate=Gate.parse(of_site, first["budget"], flights, now),
            publish=Condition.publish(held, now),
            unpublished=unpublished
            and Member.parse(found.record, unpublished, destination.publish),
            publishing=publish_status.of(first["publishing"], destination, now),
            room=Condition.room(held, now),
            lookup=lookup,
            status=second["status"] or "",
            variants=_variants(second["variants"] or "", locales),
            locales=tuple(tag for tag, _ in locales),
            unread=str(first["site"][1] or ""),
            read_next=sane(first["site"][2], AGAIN_MS, now),
            listed=first["site"][3] is not None,
            ahead=second.get("ahead") or 0,
            letters={
                id: letter_of(id, second[f"letter:{id}"])
                for id in _letters(found)
                if second[f"letter:{id}"]
            },
            referred=tuple(referred(found.fields, second)),
            slicing=int(first["slicing"]),
            held=held_delete_of(found.own.name, found.record, found.stored, asks),
            counting=held_keys.COUNT_NEXT in held,
            dropped=dropped_of(found.stored),
        )

    def _now(self, first: _Answers) -> float:
        seconds, micros = first["time"]
        now = (int(seconds) + int(micros) / 1e6) * 1000 + self._steps.clock_offset_ms
        return now + clock.behind_ms(first["clock"])


def record_of(collection: Collection, key: str) -> str:
    """Return *key*, as any system writes it, in normal form."""
    return normal_record(key, max(1, len(collection.keys)))


def _letters(found: _Found) -> list[str]:
    held = [each.letter for each in found.fields.values()]
    held += [each.letter for each in found.schedule.left.values()]
    return list(dict.fromkeys(filter(None, [*held, found.schedule.partial])))[:LETTERS]


def _variants(text: str, locales: list[list[str]]) -> dict[str, str]:
    """Return tag → live or staged of the variants that ``locales.lua`` lists in *text*."""
    tags = {id: tag for tag, id in locales}
    states = {each.rstrip("*"): each.endswith("*") for each in text.split(",")}
    return {tags[id]: "staged" if s else "live" for id, s in states.items() if id in tags}
