"""Compare the item in an answer with what was sent, field by field: written means read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.config.settings import Collection
from workers.fields.files import remembered
from workers.fields.json_values import as_text
from workers.fields.key_forms import kept
from workers.fields.marks import mark_of
from workers.fields.types import seen as seen_as
from workers.fields.types import type_for
from workers.model.attempts import ClaimedItem
from workers.model.retirement import GONE
from workers.webflow.item_answers import ItemView
from workers.webflow.item_keys import key_parts, key_text
from workers.webflow.schema import UNKNOWN, Schema
from workers.webflow.site import field_of

_NO_ITEM = "the answer leaves the item out"
_FLAGS = frozenset({"_archived", "_draft", GONE})


@dataclass(frozen=True, slots=True)
class Findings:
    """What an answer shows of one item; the keys of the mappings are slugs."""

    shown: tuple[str, ...] = ()  # values as sent
    missed: Mapping[str, str] = field(default_factory=dict)  # what the item holds instead, as text
    files: Mapping[str, str] = field(default_factory=dict)  # JSON of the imported file
    # the value, where it may differ from what was sent
    seen: Mapping[str, str] = field(default_factory=dict)
    normalised: tuple[str, ...] = ()  # those of *shown* that the CMS changed in form


def nothing(sent: Mapping[str, Any]) -> Findings:
    """Return the findings if the answer lacks the item."""
    return Findings(missed=dict.fromkeys(sent, _NO_ITEM))


def compare(
    item: ClaimedItem, view: ItemView, sent: Mapping[str, Any], schema: Schema = UNKNOWN
) -> Findings:
    """Compare *sent* (slug → value) with *view*; *schema* decides how each field is compared."""
    shown: list[str] = []
    missed: dict[str, str] = {}
    files: dict[str, str] = {}
    seen: dict[str, str] = {}
    normalised: list[str] = []
    for claimed in item.fields:
        slug = claimed.slug
        if slug not in sent:
            continue
        name = field_of(slug)
        kind = type_for(claimed.type, *schema.kind(name))
        answer = _flags(view)[name] if name in _FLAGS else view.fields.get(name)
        missed_it = not kind.shown(sent[slug], answer, file=claimed.file)
        rewritten = not missed_it and kind.normalised(sent[slug], answer)
        if missed_it or rewritten or not kind.verbatim:
            seen[slug] = seen_as(answer)
        if missed_it:
            missed[slug] = f"the item holds {as_text(answer)}"
            continue
        shown.append(slug)
        if rewritten:
            normalised.append(slug)
        if kind.files:
            files[slug] = remembered(answer)
    return Findings(tuple(shown), missed, files, seen, tuple(normalised))


def _flags(view: ItemView) -> dict[str, Any]:
    flags = {"_archived": view.archived, "_draft": view.draft}
    return {**flags, GONE: flags}


def edited(item: ClaimedItem, view: ItemView) -> tuple[str, ...]:
    """Return the fields that were not sent and no longer show their last known form."""
    return tuple(
        slug
        for slug, marks in item.forms.items()
        if mark_of(seen_as(view.fields.get(slug))) not in marks
    )


def is_another(
    collection: Collection,
    item: ClaimedItem,
    view: ItemView,
    sent: Mapping[str, Any],
    schema: Schema = UNKNOWN,
) -> bool:
    """
    Tell whether *view* has another key than *item*, which was addressed by its id.

    Key fields that were sent prove nothing: the answer repeats them for any item.
    """
    if not collection.key or item.record == item.id:
        return False
    for slug, part in zip(collection.keys, key_parts(collection, item.record), strict=False):
        held = key_text(view.fields.get(slug))
        if slug in sent or held is None or held == part:
            continue
        if kept(held, schema.kind(slug)[0]) != kept(part, schema.kind(slug)[0]):
            return True
    return False
