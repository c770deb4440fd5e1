"""
Whether a listed item shows a value, by the rules of its field type instead of equality. Pure.

The CMS stores some values in a form of its own, which counts as the value sent; once a listing has
shown that form, another text is an edit, however similar. A video comes back as other data: a value
that the outbox never sent counts as shown if there is any; for a sent one the mark of the answer is
compared. A file counts as shown while it is the imported one; a file not imported by Instep cannot
be distinguished from another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from service.reconcile.plan.model import ListedItem
from workers.fields import equality
from workers.fields.files import are_akin, remembered
from workers.fields.marks import mark_of
from workers.fields.types import FieldType, OptionUnknown, parse, seen, type_for
from workers.store.item_record import FieldRecord
from workers.webflow.schema import UNKNOWN, Schema
from workers.webflow.site import field_of

Match = Literal["no", "as sent", "in a form"]

_NO_LINKS: Mapping[str, str | None] = {}


@dataclass(frozen=True, slots=True)
class FieldMatcher:
    """
    Compares values.

    Args:
        api: "v1" or "v2".
        options: Slug → the options of the field.
        schema: Of the collection, as far as known.
    """

    api: str = "v2"
    options: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    schema: Schema = UNKNOWN

    def match(
        self,
        item: ListedItem,
        slug: str,
        value: str,
        kind: str,
        held: FieldRecord | None,
        links: Mapping[str, str | None] = _NO_LINKS,
    ) -> Match:
        """
        Tell how *item* shows *value* (JSON text) of the type *kind* in *slug*, if it does.

        Args:
            held: Of the outbox, if it holds this value.
            links: Value → the ids of the items that it names by their keys.
        """
        type_ = self.type_of(kind, slug)
        answer, link = shown_in(item, slug), links.get(value)
        if type_.refers and link is None:
            return "no"
        try:
            sent = type_.body(
                parse(value),
                api=self.api,
                file=held.file if held else None,
                again=held is not None,
                options=self.options.get(field_of(slug), ()),
                link=link,
            )
        except OptionUnknown:
            return "no"
        # Parsing HTML is slow: a form that a listing has shown before is not compared again.
        if held and sent != answer and self._is_listed(slug, answer, held):
            return "in a form"
        # An earlier file only matters for an import, and nothing is imported here.
        if not type_.shown(sent, answer):
            return "no"
        if type_.compare is equality.present:
            edited = held and held.mark and mark_of(seen(answer)) != held.mark
            return "no" if edited else "as sent"
        if not type_.normalised(sent, answer):
            return "as sent"
        return "no" if held and self._is_edit(slug, answer, held) else "in a form"

    def type_of(self, kind: str, slug: str) -> FieldType:
        """Return the type *kind* as the field *slug* has it."""
        return type_for(kind, *self.schema.kind(slug))

    def _is_listed(self, slug: str, answer: Any, held: FieldRecord) -> bool:
        """Tell whether *answer* is the form that a listing has shown."""
        return held.form == f"{mark_of(seen(answer))} {self.schema.mark(slug)}"

    def _is_edit(self, slug: str, answer: Any, held: FieldRecord) -> bool:
        """Tell whether *answer* is similar to the sent value, but not the form made by the CMS."""
        form, _, schema = (held.form or "").partition(" ")
        # With another schema the CMS may store another form.
        if not form or schema != self.schema.mark(slug):
            return False
        return mark_of(seen(answer)) not in (form, held.mark)


def in_variant(held: FieldRecord, view: ListedItem, slug: str) -> FieldRecord:
    """
    Return *held* for a variant other than the primary one.

    Each variant has its own imports: known forms and files are those of the primary one.
    """
    own = remembered(shown_in(view, slug)) if held.file else None
    return replace(held, form=None, file=own if are_akin(held.file, own) else held.file)


def shown_in(item: ListedItem, slug: str) -> Any:
    """Return the value of *slug*, a field or a status flag, in *item*."""
    name = field_of(slug)
    if name == "_archived":
        return item.archived
    if name == "_draft":
        return item.draft
    return item.fields.get(name)
