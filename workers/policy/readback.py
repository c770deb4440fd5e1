"""
Written means read back: the item in an answer, compared field by field with what was sent. Pure.
"""

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
from workers.webflow.item_keys import key_text, make_context
from workers.webflow.schema import UNKNOWN, Schema
from workers.webflow.site import field_of

_NO_ITEM = "the answer leaves the item out"


@dataclass(frozen=True, slots=True)
class Findings:
    """
    What an answer shows of one item.

    Args:
        shown: Slugs whose values it shows.
        missed: Slug → what it holds instead, in words.
        files: Slug → JSON of the file that it holds now, of the fields that import one.
        seen: Slug → what it holds, as text, of the fields that do not show a value as it was sent.
        normalised: Those of *shown* whose values the CMS keeps in a form of its own.
    """

    shown: tuple[str, ...] = ()
    missed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    normalised: tuple[str, ...] = ()


def nothing(sent: Mapping[str, Any]) -> Findings:
    """Return the findings where the answer has no such item."""
    return Findings(missed=dict.fromkeys(sent, _NO_ITEM))


def compare(
    item: ClaimedItem, view: ItemView, sent: Mapping[str, Any], schema: Schema = UNKNOWN
) -> Findings:
    """
    Compare what was *sent* of *item*, by slug, with the *view* of it in the answer.

    Args:
        schema: Of the collection, as last read: what the CMS makes of a value goes by its fields.
    """
    shown: list[str] = []
    missed: dict[str, str] = {}
    files: dict[str, str] = {}
    seen: dict[str, str] = {}
    normalised: list[str] = []
    flags: dict[str, Any] = {"_archived": view.archived, "_draft": view.draft}
    flags[GONE] = dict(flags)
    for claimed in item.fields:
        slug = claimed.slug
        if slug not in sent:
            continue
        name = field_of(slug)
        kind = type_for(claimed.type, *schema.kind(name))
        answer = flags[name] if name in flags else view.fields.get(name)
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


def edited(item: ClaimedItem, view: ItemView) -> tuple[str, ...]:
    """Return the fields that were not sent and show another text than the form that is known."""
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
    Tell whether *view* carries another key than *item*, which was addressed by its key.

    What was sent of the key itself tells nothing: the answer shows ours on whatever item.
    """
    if not collection.key or item.record == item.id:
        return False
    for slug, part in zip(collection.keys, make_context(collection, item.record), strict=False):
        held = key_text(view.fields.get(slug))
        if slug in sent or held is None or held == part:
            continue
        if kept(held, schema.kind(slug)[0]) != kept(part, schema.kind(slug)[0]):
            return True
    return False
