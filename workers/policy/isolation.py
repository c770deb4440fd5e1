"""
How a refused batch is split: which items are sent again alone, and which together.

Items that the answer names go alone, unless an item named recently turned out to be good, or nearly
all of many are named. If it names a field, the items that send it go in a part of their own.
Otherwise the batch is split in two, with the suspects apart. All others go on as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.model.attempts import ClaimedItem
from workers.policy.case import Case
from workers.webflow.item_answers import Answer

ALONE = "alone"
ANY = ""  # with any other due items
ANEW = "anew"  # the same, by a schema that is read before that
SUSPECTS = "s"  # suffix of a part that is sent after the other
_OTHERS = "o"

_ID = 8  # characters from which on a text contains an id, or a value, by no accident
_FEW = 8  # items named: more than these, and more than half of a batch, go in parts


def parts(case: Case, answer: Answer) -> Mapping[str, str]:
    """Return record → part: `ALONE`, `ANY`, or the name of a part; *answer*: the refusal."""
    items = case.batch.items
    told = set() if case.batch.mistold else _named(case, answer)
    # An answer that names nearly all of many items may mean only one of them.
    if told and (len(told) <= _FEW or 2 * len(told) <= len(items)):
        return _split(items, told, ALONE, ANY)
    # An id that was just looked up is unlikely to be the unknown one.
    known = {item.record for item in items if item.forgotten}
    if answer.status == 404 and 0 < len(known) < len(items):
        unknown = {item.record for item in items} - known
        return _split(items, unknown, _name(case, SUSPECTS), _name(case, _OTHERS))
    told = told or (set() if case.batch.mistold else _with_values(case, answer))
    if 0 < len(told) < len(items):
        few = len(told) <= _FEW or 2 * len(told) <= len(items)
        return _split(items, told, ALONE if few else _name(case, SUSPECTS), ANY)
    sending = {item.record for item in items if not case.named.isdisjoint(case.values(item))}
    if 0 < len(sending) < len(items):
        return _split(items, sending, _name(case, SUSPECTS), ANY)
    return _split(items, _suspects(case), _name(case, SUSPECTS), _name(case, _OTHERS))


def _split(
    items: Iterable[ClaimedItem], chosen: set[str], theirs: str, others: str
) -> Mapping[str, str]:
    return {item.record: theirs if item.record in chosen else others for item in items}


def _name(case: Case, half: str) -> str:
    # Unique per batch: items refused together are split together.
    return f"{case.batch.token[:12]}{half}"


def _named(case: Case, answer: Answer) -> set[str]:
    """Return the items that the answer names by position, id or key."""
    items = case.batch.items
    text = "\n".join(answer.texts)
    values = {value for item in items for value in _leaves(case.values(item))}
    carried = case.batch.carried
    told = {carried[place].record for place in answer.places if place < len(carried)}
    for item in items:
        # The text may quote an id that was sent as a value, and refused.
        if len(item.id) >= _ID and item.id in text and item.id not in values:
            told.add(item.record)
    return told or {item.record for item in items if _is_key_in(text, item, values)}


def _is_key_in(text: str, item: ClaimedItem, values: set[str]) -> bool:
    key = item.record
    if key in (item.id, "") or key in values or not any(letter.isdigit() for letter in key):
        return False
    quoted = f"'{key}'" in text or f'"{key}"' in text
    if len(key) < _ID // 2:
        return quoted
    return quoted or bool(re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text))


def _with_values(case: Case, answer: Answer) -> set[str]:
    """Return the items with a value that the answer quotes."""
    if case.batch.retire:
        return set()
    found = set()
    for item in case.batch.items:
        sent = case.values(item)
        meant = {slug: sent[slug] for slug in case.named & set(sent)} or sent
        if any(_repeats(answer.texts, value) for value in _leaves(meant)):
            found.add(item.record)
    return found


def _repeats(texts: Iterable[str], value: str) -> bool:
    if not value:
        return False
    marked = (f"'{value}'", f'"{value}"')
    ends = f": {value}"
    return any(
        text.endswith(ends)
        or any(one in text for one in marked)
        or (len(value) >= _ID and value in text)
        for text in texts
    )


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _leaves(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _leaves(entry)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _suspects(case: Case) -> set[str]:
    """Return the items most likely to be refused; the first of them if all are alike."""
    items = case.batch.items
    ranks = {item.record: _rank(case, item) for item in items}
    first = max(ranks.values())
    chosen = {record for record, rank in ranks.items() if rank == first}
    if len(chosen) < len(items):
        return chosen
    others = len(items) // 2
    if case.batch.group:
        others = min(others, case.batch.group)
    return {item.record for item in items[: len(items) - others]}


def _rank(case: Case, item: ClaimedItem) -> int:
    """Return how suspect *item* is: it failed before (3), has files (2), or a new value (1)."""
    if item.attempts or item.refused or not item.fresh or any(f.misses for f in item.fields):
        return 3
    if any(case.type_of(field).files for field in item.fields):
        return 2
    return 1 if any(not field.repair for field in item.fields) else 0
