"""
The form of an answer: ``{data, outside, shortened}``.

*outside* lists where texts stand in *data* that others wrote: senders, people who edit the CMS, the
CMS itself. Whatever is not known to be Instep's own counts as from outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.operate.page import Page
from workers.model.mask import Mask

MOST: Final = 60_000  # characters of an answer
# Characters of a text, and entries of a list or of a mapping: the first pair that fits.
_STEPS: Final = ((4000, 200), (1000, 100), (300, 40), (100, 15))
_NEXT: Final = "next"  # of a page: where its list goes on
_DEEPEST: Final = 24  # containers in containers
# Fields whose texts Instep writes, or that stand in instep.toml.
_OWN: Final = frozenset(
    (
        *("id", "kind", "state", "level", "action", "outcome", "role", "method", "next", "confirm"),
        *("at", "since", "until", "started", "ended", "created", "oldest", "newest", "last"),
        *("confirmed_at", "repair_at", "kept_since", "held_since", "whole_since", "workers_seen"),
        "till",
        *("collection", "source", "destination", "mapping", "sender", "group", "run", "do"),
        *("by", "who", "version", "retire", "creates", "encoding", "known", "host"),
    )
)
# Containers with entries by a number or by a name of Instep's own.
_LISTS: Final = frozenset(
    (
        *("items", "life", "notices", "processes", "examples", "largest", "secrets", "losses"),
        *("waits", "needs", "destinations"),
    )
)
_MAPPINGS: Final = frozenset(
    (
        *("figures", "estimate", "next", "call", "against", "memory", "spool", "problems", "lives"),
        *("proposal", "would", "families", "kinds", "undo", "freshness", "measured"),
    )
)
# Containers whose entries have names of instep.toml.
_NAMED: Final = frozenset(("destinations", "collections", "sources", "lanes", "fields"))


def of_page(page: Page) -> dict[str, Any]:
    """Return a page as the API answers it."""
    return {"items": page.items, "next": page.next}


def answer(found: Any, mask: Mask) -> dict[str, Any]:
    """
    Return the answer with *found*, ready for JSON.

    Long texts and lists are shortened where the whole is longer than `MOST`; no entry of a page is
    left out.
    """
    made: Any = None
    for longest, entries in _STEPS:
        cut = _Cut(mask, longest, entries)
        made = {"data": cut.of(found, "", 0)}
        made |= {"outside": sorted(set(_outside(made["data"], ""))), "shortened": cut.shortened}
        if len(json.dumps(made, ensure_ascii=False)) <= MOST:
            break
    return dict(made)


class _Cut:
    def __init__(self, mask: Mask, longest: int, entries: int) -> None:
        self._mask, self._longest, self._entries = mask, longest, entries
        self.shortened = False

    def of(self, value: Any, name: str, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, list | tuple | Mapping):
            return value
        if depth > _DEEPEST:
            self.shortened = True
            return "…"
        if isinstance(value, Mapping):
            shown = list(value.items())[: self._entries]
            self.shortened |= len(shown) < len(value)
            made = {self._text(str(key)): self.of(each, str(key), depth + 1) for key, each in shown}
            if depth == 0 and isinstance(value.get(_NEXT), str):
                made[_NEXT] = value[_NEXT]  # a part of a cursor is none
            return made
        is_page = name == "items" and depth == 1
        part = value if is_page else value[: self._entries]
        self.shortened |= len(part) < len(value)
        return [self.of(each, "", depth + 1) for each in part]

    def _text(self, text: str) -> str:
        text = self._mask.text(text)
        if len(text) <= self._longest:
            return text
        self.shortened = True
        return f"{text[: self._longest]}… ({len(text):,} characters)"


def _outside(value: Any, path: str) -> Iterator[str]:
    """Yield the paths in the mapping *value* of what others wrote: ``items[].key``."""
    for name, each in value.items():
        inner = f"{path}.{name}" if path else name
        if isinstance(each, str):
            if name not in _OWN:
                yield inner
        elif isinstance(each, list):
            yield from _in_list(each, name, inner)
        elif isinstance(each, Mapping):
            yield from _in_mapping(each, name, inner)


def _in_list(value: list[Any], name: str, path: str) -> Iterator[str]:
    # `reasons` and `notices` of the status are lists, the reasons of a run are a mapping.
    if name in _LISTS or name == "reasons":
        for each in value:
            if isinstance(each, Mapping):
                yield from _outside(each, f"{path}[]")
            elif isinstance(each, str | list):
                yield f"{path}[]"
    elif _has_text(value):
        yield path


def _in_mapping(value: Mapping[str, Any], name: str, path: str) -> Iterator[str]:
    if name in _MAPPINGS:
        yield from _outside(value, path)
    elif name in _NAMED and all(isinstance(each, Mapping) for each in value.values()):
        for each in value.values():
            yield from _outside(each, f"{path}.*")
    elif _has_text(value):
        yield path


def _has_text(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(value)  # its names may be from outside too
    if isinstance(value, list):
        return any(map(_has_text, value))
    return isinstance(value, str)
