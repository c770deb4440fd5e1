"""From samples and a collection's schema to a mapping module. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from service.onboarding.module_text import Suggested, module
from service.onboarding.names import meaning, words
from service.onboarding.pairing import (
    OF_ITSELF,
    SURE,
    Ground,
    key_value,
    names_of,
    pairs,
    record_of,
)
from service.onboarding.payload_values import Steps, Value, at, lists, path_text, values
from workers.webflow.item_answers import SchemaField

_GONE: Final = re.compile(r"(?:^|[^a-zA-Z])(?:deleted?|deletion|destroyed|removed|d)$", re.I)
_MOVED: Final = re.compile(
    r"(?:date_?)?(?:last_?)?(?:updated|modified|changed)(?:_?(?:at|on))?", re.I
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.I)
_MOST_ELEMENTS: Final = 20  # of a list that are looked at
# The slug is made from the name, and a change breaks every link to the old one; the flags of v1 are
# no content.
_NEVER: Final = frozenset({"slug", "_archived", "_draft"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One event: its topic, and the payload as the mappings get it."""

    topic: str | None
    payload: Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is to be suggested.

    Args:
        source: Name of the source; *sender* its kind.
        collection: Name in instep.toml.
        keys: Slugs of its key.
        fields: Its schema.
        collections: Id in the CMS → name, of all collections of the destination.
        pulled: Its records have no time but what stands in them.
    """

    source: str
    sender: str
    collection: str
    keys: tuple[str, ...]
    fields: Sequence[SchemaField]
    collections: Mapping[str, str]
    pulled: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """*text* is the module; *pairs* slug → path of each class, by its name."""

    text: str
    classes: tuple[Suggested, ...]


def suggest(wanted: Wanted, samples: Sequence[Sample], told: str) -> Suggestion:
    """Return a module for *samples*; *told* says where they were taken from."""
    found: list[Suggested] = []
    made = {
        topic: _of_topic(wanted, topic, payloads) for topic, payloads in _by_topic(samples).items()
    }
    best = max((one.key_score for one in made.values() if one), default=0)
    for one in made.values():
        if one is None or (one.key_score < SURE <= best):
            continue
        same = next((n for n, each in enumerate(found) if each.as_of(one)), None)
        if same is None:
            found.append(one)
        else:
            # Without a topic it is of all of them.
            both = (found[same].topics, one.topics)
            found[same] = replace(found[same], topics=(*both[0], *both[1]) if all(both) else ())
    topics = {topic for each in found for topic in each.topics}
    without = [topic for topic in made if topic is not None and topic not in topics]
    text = module(wanted.source, wanted.collection, found, told, without)
    return Suggestion(text, tuple(found))


def _by_topic(samples: Sequence[Sample]) -> dict[str | None, list[Any]]:
    grouped: dict[str | None, list[Any]] = {}
    for sample in samples:
        grouped.setdefault(sample.topic, []).append(sample.payload)
    return grouped


def _of_topic(wanted: Wanted, topic: str | None, payloads: list[Any]) -> Suggested | None:
    keyed = [cms for cms in wanted.fields if cms["slug"] in wanted.keys]
    others = [cms for cms in wanted.fields if cms["slug"] not in {*wanted.keys, *_NEVER}]
    gone = topic is not None and _GONE.search(topic) is not None
    held = values(_whole(payloads), gone=gone)
    record = record_of(held, wanted.fields)
    found = [_key(wanted, held, cms, record, topic) for cms in keyed]
    sure = min((score for _, score in found), default=0)
    if not found or sure <= 0:
        return None
    keys = [value for value, _ in found if value is not None]
    each = _list_of(payloads[0], keys[0].steps)
    around = None if each is None else ("event", *record)
    if each is not None:
        payloads, held, keys = _inside(payloads, each, keys)
        record = ("each",)
    base = Suggested(
        topics=() if topic is None else (topic,),
        key=tuple(path_text(value.steps) for value in keys),
        key_score=sure,
        each=None if each is None else path_text(each),
        version=_version(held) if wanted.pulled and each is None else None,
    )
    if gone:
        return replace(base, retires=True)
    ground = Ground(held, payloads, wanted.sender, wanted.collections, record=record, around=around)
    if each is None and keys[0].own != "id" and _refers(wanted, keys[0]):
        others = [cms for cms in others if not _of_itself(cms)]
    made = pairs(ground, others)
    if not made:
        return None
    taken = {pair.slug for pair in made}
    left = [cms for cms in wanted.fields if cms["slug"] not in {*taken, *wanted.keys, *_NEVER}]
    return replace(
        base,
        pairs=tuple(made),
        left=tuple(cms["slug"] for cms in left),
        lacking=tuple(cms["slug"] for cms in left if cms.get("required")),
        clears=frozenset(_cleared(made, payloads, wanted.fields)),
    )


def _whole(payloads: Sequence[Any]) -> Any:
    """Return the first of *payloads*, with what only others have: an event may be of one value."""
    first, *others = payloads
    if not isinstance(first, dict):
        return first
    named = {name for each in others if isinstance(each, dict) for name in each}
    beside = {name: [p[name] for p in payloads if name in p] for name in {*first, *named}}
    return {name: _whole(found) for name, found in beside.items()}


def _key(
    wanted: Wanted, held: list[Value], cms: SchemaField, record: Steps, topic: str | None
) -> tuple[Value | None, int]:
    resource = _one(words(topic or "")[:1])
    singular = _one(words(wanted.collection)[-1:])
    return key_value(held, cms, record, singular, resource, wanted.sender) or (None, 0)


def _version(held: list[Value]) -> str | None:
    """Return the path of the time at which the record was changed; None: it tells none."""
    times = (
        value
        for value in held
        if _MOVED.fullmatch(value.own)
        and isinstance(value.found, str)
        and _TIME.fullmatch(value.found)
    )
    found = min(times, key=lambda value: len(value.steps), default=None)
    return None if found is None else path_text(found.steps)


def _refers(wanted: Wanted, key: Value) -> bool:
    """Return whether *key* is what another record calls the one of the collection."""
    singular = _one(words(wanted.collection)[-1:])
    return words(key.own) in ((singular,), (singular, "id"))


def _of_itself(cms: SchemaField) -> bool:
    return any({*meaning(name)} <= OF_ITSELF for name in names_of(cms))


def _one(found: tuple[str, ...]) -> str:
    return found[0].removesuffix("s") if found else ""


def _list_of(payload: Any, steps: Steps) -> Steps | None:
    """Return the list of objects that *steps* lead into; None: they lead into none."""
    for place, _ in lists(payload):
        if steps[: len(place)] == place and steps[len(place) : len(place) + 1] == (0,):
            return place
    return None


def _inside(
    payloads: list[Any], each: Steps, keys: list[Value]
) -> tuple[list[Any], list[Value], list[Value]]:
    """Return payloads, values and keys as a mapping with ``each`` sees them."""
    roots = [
        {"each": element, "event": payload}
        for payload in payloads
        for element in (at(payload, each) or [])[:_MOST_ELEMENTS]
    ]
    inner = _moved(values(roots[0]), each)
    moved = [replace(key, steps=("each", *key.steps[len(each) + 1 :])) for key in keys]
    return roots, inner, moved


def _moved(found: list[Value], each: Steps) -> list[Value]:
    """Leave out what stands in the list itself once more."""
    again = ("event", *each)
    return [value for value in found if value.steps[: len(again)] != again]


def _cleared(
    made: Sequence[Any], payloads: list[Any], fields: Sequence[SchemaField]
) -> Iterator[str]:
    required = {cms["slug"] for cms in fields if cms.get("required")}
    for pair in made:
        null = pair.steps and any(at(payload, pair.steps) is None for payload in payloads)
        if null and pair.slug not in required:
            yield pair.slug
