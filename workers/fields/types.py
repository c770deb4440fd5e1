"""
Field types: how each value is sent, and whether an answer shows it.

A value comes from ``parse``, which reads canonical JSON with all digits of numbers, and is written
by ``dumps``. ``null`` clears a field of any type; the answer then has null, an empty text, an empty
list, or no such field.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from workers.fields import cms_forms, equality, files
from workers.fields.json_values import dumps
from workers.fields.marks import mark_of
from workers.model import retirement
from workers.model.changes import canonical

# Made once: json.loads with an option creates a decoder for every call.
_parse = json.JSONDecoder(parse_float=Decimal).decode


class OptionUnknown(ValueError):
    """No option of the field has this label. The message lists the labels."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a written value depends on besides itself; see `FieldType.body`."""

    api: str  # "v1" or "v2"
    file: str | None
    again: bool
    options: tuple[Mapping[str, str], ...]
    link: str | None


def _flag(value: Any, _: Sending) -> Any:
    return bool(value)  # a status is never empty: cleared, it is false


def _linked(_: Any, how: Sending) -> Any:
    return None if how.link is None else json.loads(how.link)


def _option(value: Any, how: Sending) -> Any:
    if equality.is_empty(value):
        return None
    label = value if isinstance(value, str) else dumps(value)
    for name in ("name", "id"):  # an id works too, unless a label equals it
        for option in how.options:
            if option.get(name) == label:
                return option["id"]
    labels = ", ".join(repr(option["name"]) for option in how.options) or "none"
    raise OptionUnknown(f"no option is called {label!r}; the options are: {labels}")


@dataclass(frozen=True, slots=True)
class FieldType:
    compare: Callable[..., bool] = equality.exact
    write: Callable[[Any, Sending], Any] | None = None  # None: it goes as it is
    files: bool = False  # imports files: sent in a request of its own
    needs_schema: bool = False  # cannot be sent without the collection's schema
    refers: bool = False  # names items by key: sent as ids
    form: str = ""  # one of cms_forms.NAMES: the CMS may normalize it
    no_query: bool = False  # files: the query of an address is ignored

    def body(
        self,
        value: Any,
        *,
        api: str,
        file: str | None = None,
        again: bool = False,
        options: Iterable[Mapping[str, str]] = (),
        link: str | None = None,
    ) -> Any:
        """
        Return *value*, as ``parse`` read it, for the PATCH of *api* ("v1" or "v2").

        Args:
            file: JSON of the file, or list of files, that the item held when last read.
            again: A rewrite: *file* is what the first write imported.
            options: ``{"id", "name"}`` of each option in the collection's schema.
            link: JSON of the ids of the items that *value* names by key.

        Raises:
            OptionUnknown: *value* is no label among *options*.
        """
        if self.write is None:
            return value
        return self.write(value, Sending(api, file, again, tuple(options), link))

    def shown(self, sent: Any, answer: Any, *, file: str | None = None) -> bool:
        """
        Tell whether *answer* (None: field missing) shows what ``body`` *sent*.

        *file* is the JSON of the file, or list of files, that the item held before.
        """
        if self.files:
            return self.compare(sent, answer, file)
        return self.compare(sent, answer) or self.normalised(sent, answer)

    def normalised(self, sent: Any, answer: Any) -> bool:
        """Tell whether *answer* is what was *sent*, but only in a form of the CMS."""
        if not self.form or self.compare(sent, answer):
            return False
        return cms_forms.akin(self.form, sent, answer)

    @property
    def vague(self) -> bool:
        """Whether an answer cannot tell the value sent from another one."""
        return self.files or self.compare is equality.present

    @property
    def verbatim(self) -> bool:
        """
        Whether a value reads back as sent; numbers and cleared fields by value.

        False for rich text, which the CMS may still rewrite after its answer.
        """
        by_value = self.compare in (equality.exact, equality.number)
        return by_value and not (self.needs_schema or self.refers or self.form == "richtext")

    def seen(self, answer: Any) -> str | None:
        """Return *answer* as a text that is equal for equal values; None if *verbatim*."""
        return None if self.verbatim else seen(answer)


def type_for(name: str, cms_type: str = "", cms_format: str = "") -> FieldType:
    """
    Return the type *name*, "plain" if unknown, adapted to the CMS field that holds it.

    *cms_type*, *cms_format*: as `Schema.kind` returns them; "" if unknown.
    """
    return _type_for(name if name in TYPES else "plain", cms_type, cms_format)


@cache
def _type_for(name: str, cms_type: str, cms_format: str) -> FieldType:
    known = TYPES[name]
    if known.form and cms_type:
        # The field decides, not the mapping: a String may be mapped to a Link field.
        return replace(known, form=cms_forms.BY_CMS_TYPE.get(cms_type, ""))
    if known.compare is equality.date and cms_format == "date-time":
        return replace(known, compare=equality.instant)
    return known


def are_same(name: str, one: str, other: str) -> bool:
    """Tell whether two values of type *name*, as canonical JSON text, are equal."""
    if one == other or not ignores_query(name):
        return one == other
    values = (files.without_query(json.loads(text)) for text in (one, other))
    return canonical(next(values)) == canonical(next(values))


def ignores_query(name: str) -> bool:
    """Tell whether the type *name* ignores the query of a file's address."""
    return name in TYPES and TYPES[name].no_query


def form_mark(name: str, text: str) -> str | None:
    """
    Return the mark of the normal form of a value, as canonical JSON *text*; None if it is the mark
    of the value itself.
    """
    if ignores_query(name):
        value = json.loads(text)
        bare = files.without_query(value)
        return None if bare == value else mark_of(canonical(bare))
    form = TYPES[name].form if name in TYPES else ""
    if not form or not text.startswith('"'):
        return None
    value = json.loads(text)
    akin = cms_forms.canonical(form, value)
    return None if akin is None or akin == value else mark_of(canonical(akin))


def seen(answer: Any) -> str:
    """Return a value of the CMS as canonical text; files and videos by fileId or URL."""
    try:
        return canonical(equality.named(answer))
    except (TypeError, ValueError, RecursionError):
        return ""


def parse(text: str) -> Any:
    """Parse canonical JSON *text*; decimal numbers keep all digits."""
    return _parse(text)


_EXACT = FieldType()
_KEYED = FieldType(write=_linked, refers=True)
_FILE = FieldType(
    files.one_shown,
    lambda value, how: files.one_body(value, how.api, how.file, again=how.again),
    files=True,
)
_FILES = FieldType(
    files.many_shown,
    lambda value, how: files.many_body(value, how.api, how.file, again=how.again),
    files=True,
)

TYPES: Mapping[str, FieldType] = {
    "plain": FieldType(form="plain"),
    "number": FieldType(equality.number),
    "date": FieldType(equality.date),
    "color": FieldType(equality.color),
    "option": FieldType(write=_option, needs_schema=True),
    "reference": _EXACT,
    "references": _EXACT,
    "reference-key": _KEYED,
    "references-key": _KEYED,
    "richtext": FieldType(form="richtext"),
    "video": FieldType(equality.present),
    "link": FieldType(form="link"),
    "phone": FieldType(form="phone"),
    "email": FieldType(form="email"),
    "image": _FILE,
    "images": _FILES,
    "file": _FILE,
    "image-no-query": replace(_FILE, no_query=True),
    "images-no-query": replace(_FILES, no_query=True),
    "file-no-query": replace(_FILE, no_query=True),
    "flag": FieldType(write=_flag),
    "gone": FieldType(retirement.shows, retirement.flags),
}
