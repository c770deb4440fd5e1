"""
The forms in which the CMS stores sent values, as a listing shows them: recorded, so that they do
not count as edits.

A field's form is known only while its item is unchanged since the answer that wrote it, i.e. has
the same lastUpdated.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from service.reconcile.plan.field_match import FieldMatcher, shown_in
from service.reconcile.plan.model import ComparedRecord, ListedItem
from workers.delivery.context import Context
from workers.fields.marks import mark_of
from workers.fields.types import seen
from workers.store.item_record import FieldRecord
from workers.webflow.site import tag_of

MOST = 100  # of one step, which blocks every other: rich text is long
_WRITTEN = ("written", "unchanged")


class Form(NamedTuple):
    """A form, as ``lua/steps/keep_forms.lua`` takes it."""

    record: str
    slug: str
    arrival: int
    at: str
    mark: str
    schema: str


def forms(one: ComparedRecord, matcher: FieldMatcher) -> Iterator[Form]:
    """Yield the forms of one record that are not stored yet."""
    if one.twice or len(one.items) != 1:
        return
    (item,) = one.items
    for slug, held in one.held.fields.items():
        if tag_of(slug) or held.answered is None or held.answered != item.updated or held.mending:
            continue
        if held.state in _WRITTEN and (form := _form(one, item, slug, held, matcher)):
            yield form


def _form(
    one: ComparedRecord, item: ListedItem, slug: str, held: FieldRecord, matcher: FieldMatcher
) -> Form | None:
    type_ = matcher.type_of(held.type, slug)
    if not type_.form:
        return None
    mark, schema = mark_of(seen(shown_in(item, slug))), matcher.schema.mark(slug)
    if held.form == f"{mark} {schema}":
        return None
    matched = matcher.match(item, slug, held.value, held.type, held, one.links)
    # A text in the form sent, or in that of its answer, need not be stored; rich text is, because
    # an editor's change can be similar to the form.
    certain = type_.form == "richtext" or (matched == "in a form" and mark != held.mark)
    if matched == "no" or not certain:
        return None
    return Form(one.record, slug, held.arrival, item.updated or "", mark, schema)


def keep(context: Context, collection: str, found: Iterable[Form]) -> None:
    left = [list(each) for each in found]
    while left:
        request = {"token": uuid.uuid4().hex, "collection": collection, "forms": left[:MOST]}
        context.steps.run("keep_forms", request)
        del left[:MOST]
