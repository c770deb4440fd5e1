"""
Does an item as listed show a value? By the rules of its field type, never by raw equality. Pure.

Rich text and videos come back in other words than were sent, so a value that the outbox never sent
counts as shown where there is anything; of one that it sent, the mark of the answer tells more. A
file counts as shown while it is the one that was imported then; one that Instep did not import
cannot be told from another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.reconcile.states import Held, Listed
from workers import comparing
from workers.fieldtypes import TYPES, OptionUnknown, parse, seen

_NO_LINKS: Mapping[str, str | None] = {}
_PRESENT = (comparing.present, comparing.markup)


@dataclass(frozen=True, slots=True)
class Eye:
    """How values look: *api* is "v1" or "v2"; *options*: slug → the options of the field."""

    api: str = "v2"
    options: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)

    def shows(
        self,
        item: Listed,
        slug: str,
        value: str,
        kind: str,
        held: Held | None,
        links: Mapping[str, str | None] = _NO_LINKS,
    ) -> bool:
        """
        Tell whether *item* shows *value* (JSON text) of the type *kind* in *slug*.

        Args:
            held: Of the outbox, where it is this value that it holds.
            links: Value → the ids of the items that it names by their keys.
        """
        type_ = TYPES.get(kind, TYPES["plain"])
        answer, link = shown_in(item, slug), links.get(value)
        if type_.refers and link is None:
            return False
        try:
            sent = type_.body(
                parse(value),
                api=self.api,
                file=held.file if held else None,
                again=held is not None,
                options=self.options.get(slug, ()),
                link=link,
            )
        except OptionUnknown:
            return False
        # The file as it was is given for an import alone, and nothing is imported here.
        if not type_.shown(sent, answer):
            return False
        if held is None or held.mark is None or type_.compare not in _PRESENT:
            return True
        return mark_of(seen(answer)) == held.mark


def shown_in(item: Listed, slug: str) -> Any:
    """Return what *item* shows in *slug*, a field or a status flag."""
    if slug == "_archived":
        return item.archived
    if slug == "_draft":
        return item.draft
    return item.fields.get(slug)


def mark_of(text: str) -> str:
    """Return the mark of what an answer showed, as ``lua/echo.lua`` keeps it, of no number."""
    text = "null" if text in ('""', "[]", "false") else text
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
