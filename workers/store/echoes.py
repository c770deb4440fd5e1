"""The parts of an ``accept`` request about the CMS: its events, and what it held before."""

from __future__ import annotations

from typing import Any

from workers.config.settings import Collection, Settings
from workers.fields.types import form_mark, ignores_query
from workers.model.changes import Change, FieldValue, Incoming

_CMS = "webflow"  # the sender that echoes our own writes


def is_echoed(settings: Settings) -> bool:
    """Tell whether a source echoes our own writes."""
    return any(source.sender == _CMS for source in settings.sources.values())


def field_of(value: FieldValue, echoed: bool) -> list[str]:
    """Return one value, with the mark of its normal form if that is compared."""
    told = [value.slug, value.value, value.type]
    if echoed or ignores_query(value.type):
        form = form_mark(value.type, value.value)
        if form:
            told.append(form)
    return told


def on_create_of(change: Change, collection: Collection) -> dict[str, Any]:
    """Return the fields that are for new items only, for ``accept.lua``; usually none."""
    creates = change.by == "key" and collection.missing == "create"
    how = "create" if creates else "never"
    slugs = {value.slug: how for value in change.fields if value.on_create}
    return {"on_create": slugs} if slugs else {}


def echo_of(change: Change) -> dict[str, Any]:
    """Return the echo of a write for ``accept.lua``; empty for other changes."""
    here = {"locale": change.locale} if change.locale else {}
    if change.echo is None:
        return here
    seen = {field.slug: field.seen for field in change.fields if field.seen is not None}
    return {"echo": change.echo, "seen": seen, **here}


def undo_of(change: Change) -> dict[str, Any]:
    """Return what a listing showed of the fields, and what they take back; usually nothing."""
    before = {
        field.slug: [field.before, field.before_type or field.type]
        for field in change.fields
        if field.before is not None
    }
    undoes = {field.slug: field.undoes for field in change.fields if field.undoes is not None}
    return {**({"before": before} if before else {}), **({"undoes": undoes} if undoes else {})}


def gone_by(event: Incoming, settings: Settings) -> dict[str, Any]:
    """Return the items that an event reports as gone, for ``accept.lua``; usually none."""
    if not event.gone:
        return {}
    told = [
        {
            "collection": gone.collection,
            "index": settings.copy_of(settings.collections[gone.collection]),
            "id": gone.item,
            "deleted": gone.deleted,
            "locale": gone.locale,
        }
        for gone in event.gone
    ]
    return {"gone": told}
