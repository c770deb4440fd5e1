"""Keys that are like one that nothing is held of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from heapq import nlargest, nsmallest
from typing import TYPE_CHECKING, Final

from workers.store import keys
from workers.store.connection import guarded
from workers.store.letters_around import missing_keys
from workers.store.record_reader import record_of
from workers.store.search_row import NAME, SLUG, folded, kind_of

if TYPE_CHECKING:
    from workers.delivery.context import Context
    from workers.store.record_facts import RecordFacts

NEAREST: Final = 5
_LIKE: Final = 20  # of which these are chosen
_COMPARED: Final = 60  # letters of a key
_LOOKS: Final = str.maketrans("OoIlSBZ", "0011582")
_PAGE: Final = 2_000  # keys that are read at once
_FEW: Final = 1_000  # keys, of which each is compared
_CLOSE: Final = 200  # of which so many are compared letter by letter
GLANCE: Final = 0.05  # s for a record that is known
_PATIENCE: Final = 0.4  # s


def alike(context: Context, facts: RecordFacts) -> list[str]:
    """
    Return sentences: keys of items that are like one that no item has, and the other way about.
    """
    name, key = facts.collection.name, facts.key
    missing = missing_keys(context.steps.client, name)
    if facts.id is None and any(each.kind == "missing" for each in facts.letters.values()):
        near = nearest(context, name, key, patience=GLANCE)
        near = [each for each in near if each not in missing]
        return [f"Keys like it that items have: {', '.join(near)}."] if near else []
    return [
        f"A record with a key like it, {each}, has no item: see the dead letter {id}."
        for each, id in missing.items()
        if each != key and _is_typo(facts.record, each)
    ][:NEAREST]


def _is_typo(one: str, other: str) -> bool:
    """
    Tell whether two keys differ as a typo does: by case, marks, or letters that look alike, or by
    one letter. Two numbers that differ are two numbers.
    """
    squeezed = (
        "".join(filter(str.isalnum, each)).translate(_LOOKS).lower() for each in (one, other)
    )
    if len({*squeezed}) == 1:
        return True
    digits = ("".join(filter(str.isdigit, each)) for each in (one, other))
    return len({*digits}) == 1 and _distance(one, other) == 1


def named(context: Context, collection: str, text: str) -> list[str]:
    """Return at most five records of which the name or the slug is, or begins with, *text*."""
    beginning = folded(text)
    if not beginning:
        return []
    found = context.search.matches(collection, beginning, None, _LIKE)
    by_name = (each.record for each in found if kind_of(each.member) in (NAME, SLUG))
    return [*dict.fromkeys(by_name)][:NEAREST]


def nearest(
    context: Context, collection: str, key: str, *, patience: float = _PATIENCE
) -> list[str]:
    """
    Return at most five keys that items or records of *collection* have, the nearest first.

    Those that begin with *key*, then by the letters that differ; of equals, records that events
    have named come before items that none has.

    *patience*: s after which no more keys are read.
    """
    record = record_of(context.settings.collections[collection], key)
    known = [each for each in _known_keys(context, collection, patience) if each != record]
    chosen = _closest(record, known)
    own = _records(context, collection, chosen)
    return sorted(chosen, key=lambda each: (*_rank(record, each), each not in own))[:NEAREST]


def _closest(record: str, known: Sequence[str]) -> list[str]:
    """Return those of *known* that are like *record*, the nearest first: more than are shown."""
    lowered = {each.lower(): each for each in known}
    begun = record.lower()
    longer = [each for each in lowered if begun and each.startswith(begun)]
    # The shortest are the nearest of those.
    found = nsmallest(_CLOSE, longer, key=lambda each: (len(each), each))
    found += get_close_matches(begun, _candidates(begun, list(lowered)), _LIKE)
    near = [lowered[each] for each in dict.fromkeys(found)]
    return sorted(near, key=lambda each: (_rank(record, each), each))


def _rank(record: str, key: str) -> tuple[bool, int, int]:
    """Order keys: those that begin with what was typed, then by the letters that differ."""
    if key.lower().startswith(record.lower()):
        more = len(key) - len(record)
        return (False, more, more)
    # Letters that look alike are the likeliest typo.
    seen = _distance(record.translate(_LOOKS), key.translate(_LOOKS))
    return (True, seen, _distance(record, key))


def _records(context: Context, collection: str, found: Sequence[str]) -> set[str]:
    """Return those of *found* of which events were accepted."""
    with guarded(), context.steps.client.pipeline(transaction=False) as pipeline:
        for each in found:
            pipeline.exists(keys.item(collection, each))
        return {each for each, there in zip(found, pipeline.execute(), strict=True) if there}


def _candidates(record: str, known: list[str]) -> list[str]:
    """
    Return those of *known* that may be like *record*.

    Of many, those that agree with it longest, from their beginning or from their end: to compare
    all of them letter by letter takes too long.
    """
    if len(known) > _FEW:
        begins = _longest(known, [record[:n] for n in range(1, len(record) + 1)], str.startswith)
        ends = _longest(known, [record[-n:] for n in range(1, len(record) + 1)], str.endswith)
        known = list(dict.fromkeys([*begins, *ends]))  # a key may agree at both
    wanted = _pairs(record)
    scored = ((len(wanted & _pairs(each)) / len(wanted | _pairs(each)), each) for each in known)
    return [each for _, each in nlargest(_CLOSE, scored)]


def _longest(known: list[str], parts: list[str], agrees: Callable[[str, str], bool]) -> list[str]:
    """Return those that agree with the longest of *parts*; with shorter ones, if these are few."""
    low, high = 0, len(parts)
    while low < high:  # how many of the parts any key agrees with
        middle = (low + high + 1) // 2
        if any(agrees(each, parts[middle - 1]) for each in known):
            low = middle
        else:
            high = middle - 1
    found: list[str] = []
    for length in range(low, max(0, low - 3), -1):
        found = [each for each in known if agrees(each, parts[length - 1])]
        if len(found) >= _LIKE:
            break
    return found[:_FEW]


def _distance(one: str, other: str) -> int:
    """Return by how many letters two keys differ; of long ones, their first ones count."""
    one, other = one[:_COMPARED], other[:_COMPARED]
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, start=1):
        before, row[0] = row[0], n
        for m, another in enumerate(other, start=1):
            same = before + (letter != another)
            before, row[m] = row[m], min(same, row[m] + 1, row[m - 1] + 1)
    return row[-1]


def _pairs(text: str) -> set[str]:
    text = f"^{text.lower()}$"
    return {text[n : n + 2] for n in range(len(text) - 1)}


def _known_keys(context: Context, collection: str, patience: float) -> Iterator[str]:
    """Yield the keys of the item index, of records that wait, and of letters; else of records."""
    client, settings = context.steps.client, context.settings
    place = (collection, settings.copy_of(settings.collections[collection]))
    ends = time.monotonic() + patience
    yield from missing_keys(client, collection)
    with guarded():
        yield from (str(each) for each in client.zrange(keys.waiting(collection), 0, 999))
        cursor, indexed = 0, False
        while time.monotonic() < ends:
            cursor, found = client.hscan(keys.item_ids(*place), cursor, count=_PAGE)
            indexed = indexed or bool(found)
            yield from (str(each) for each in found)
            if not cursor:
                break
        prefix = keys.item(collection, "")
        while not indexed and time.monotonic() < ends:
            cursor, names = client.scan(cursor, match=f"{prefix}*", count=_PAGE)
            yield from (str(each).removeprefix(prefix) for each in names)
            if not cursor:
                break
