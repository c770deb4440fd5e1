"""The values of a payload, each with its path and the names that it goes by. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.onboarding.names import Words, is_known, singular, words

Steps = tuple[str | int, ...]

# What a record held before; and what tells of the delivery and not of the record.
_BEFORE: Final = frozenset(
    {"old", "before", "previous", "old_record", "previous_attributes", "prev", "original"}
)
_NO_RECORD: Final = frozenset(
    {"session_variables", "trace_context", "delivery_info", "query_params"}
)
# A key that says what its value is, while the key of the object around it says whose.
_HOLDERS: Final = frozenset({"src", "url", "value", "href", "login", "text", "html", "code"})
_NAMES: Final = frozenset({"name", "title", "label", "full_name"})
_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST: Final = 8
_MOST: Final = 600  # values of one payload


@dataclass(frozen=True, slots=True)
class Value:
    """
    One value of a payload, or a list of scalars.

    Args:
        steps: Where it stands.
        found: A scalar, or a list.
        names: What it may be called, the likeliest first.
    """

    steps: Steps
    found: Any
    names: tuple[Words, ...]

    @property
    def own(self) -> str:
        """The key that it stands under."""
        return next((step for step in reversed(self.steps) if isinstance(step, str)), "")

    @property
    def holder(self) -> Steps:
        """Where the object stands that it is in."""
        last = max((n for n, step in enumerate(self.steps) if isinstance(step, str)), default=0)
        return self.steps[:last]


def values(payload: Any, *, gone: bool = False) -> list[Value]:
    """
    Return the values of *payload*; of a list of objects those of its first element.

    *gone*: The record is deleted, so what it held before counts too.
    """
    found = []
    for value in _walk(payload, (), _NO_RECORD if gone else _NO_RECORD | _BEFORE):
        found.append(value)
        if len(found) == _MOST:
            break
    return found


def lists(payload: Any, below: Steps = ()) -> Iterator[tuple[Steps, list[Any]]]:
    """Yield the lists of objects in *payload* that are in no other list."""
    if isinstance(payload, list):
        if payload and all(isinstance(each, dict) for each in payload):
            yield below, payload
    elif isinstance(payload, dict) and len(below) < _DEEPEST:
        for key, each in payload.items():
            if key not in _BEFORE | _NO_RECORD:
                yield from lists(each, (*below, key))


def path_text(steps: Steps) -> str:
    """Return *steps* as JMESPath."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in steps]
    return "".join(parts).removeprefix(".")


def at(payload: Any, steps: Steps) -> Any:
    """Return what stands at *steps*; None: nothing."""
    for step in steps:
        if isinstance(step, int):
            payload = payload[step] if isinstance(payload, list) and step < len(payload) else None
        else:
            payload = payload.get(step) if isinstance(payload, dict) else None
    return payload


def _quoted(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key)


def _walk(found: Any, steps: Steps, out: frozenset[str]) -> Iterator[Value]:
    if len(steps) > _DEEPEST:
        return
    if isinstance(found, Mapping):
        for key, each in found.items():
            if isinstance(key, str) and key not in out:
                yield from _walk(each, (*steps, key), out)
    elif isinstance(found, list):
        yield from _of_list(found, steps, out)
    elif steps:
        yield Value(steps, found, _names(steps))


def _of_list(found: list[Any], steps: Steps, out: frozenset[str]) -> Iterator[Value]:
    if not steps:
        return
    if not any(isinstance(each, dict | list) for each in found):
        yield Value(steps, found, _names(steps))
    if found and not isinstance(found[0], list):
        yield from _walk(found[0], (*steps, 0), out)


def _names(steps: Steps) -> tuple[Words, ...]:
    keys = [step for step in steps if isinstance(step, str)]
    own, parent = words(keys[-1]), words(keys[-2]) if len(keys) > 1 else ()
    if isinstance(steps[-1], int):
        return (_one_of(own), own)
    listed = len(steps) > 1 and isinstance(steps[-2], int)
    around = (_one_of(parent), parent) if listed else (parent,)
    key = keys[-1].lower()
    if not parent:
        return (own,)
    if key in _HOLDERS and is_known(parent):
        return (*around, parent + own)
    if key in _NAMES and listed:
        # The name of the first of several is that of no record, but of what they are.
        return (*around, parent + own)
    if key in _HOLDERS:
        # A bare url is often that of an API.
        return (parent + own, own, *around)
    if key in _NAMES:
        return (own, parent + own, *around)
    return (own, parent + own)


def _one_of(name: Words) -> Words:
    """Return *name* as that of one of them."""
    return (*name[:-1], singular(name[-1])) if name else name
