"""Fields of mappings whose values the CMS field does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from marshmallow import fields
from marshmallow.decorators import POST_LOAD

from service.mapping import fields as ours
from service.mapping import html_text
from service.mapping.lookup import Lookup
from service.mapping.serializers import type_of
from workers.errors import Problem
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.mapping.compiled import Rule
    from workers.webflow.schema import Schema

# CMS type → the field of a mapping that is made for it.
FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PlainText": "fields.String()",
        "RichText": "RichText()",
        "Image": "Image()",
        "MultiImage": "MultiImage()",
        "VideoLink": "VideoLink()",
        "Link": "Link()",
        "Email": "fields.Email()",
        "Phone": "Phone()",
        "Number": "fields.Integer() or fields.Decimal()",
        "DateTime": "fields.AwareDateTime()",
        "Switch": "fields.Boolean()",
        "Color": "Color()",
        "Option": "Option()",
        "File": "File()",
        "Reference": "Reference()",
        "MultiReference": "MultiReference()",
    }
)
_TEXTS: Final = frozenset({"PlainText", "RichText", "Phone"})  # they take any text
_FILES: Final = frozenset({"Image", "File"})

# What a mapping sends → CMS types that take it, and show it again in a form that is recognised: of
# a picture or a video that was sent as a text, the CMS answers an object.
# https://developers.webflow.com/data/reference/field-types-item-values
FITTING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "text": _TEXTS | {"Link", "Email", "Color", "Reference"},
        "boolean": frozenset({"Switch"}),
        "number": frozenset({"Number"}),
        "list": frozenset({"MultiReference"}),
        "date": _TEXTS | {"DateTime"},
        "color": _TEXTS | {"Color"},
        "email": _TEXTS | {"Email"},
        "link": _TEXTS | {"Link"},
        "phone": _TEXTS | {"Link"},
        "video": _TEXTS | {"Link", "VideoLink"},
        "richtext": _TEXTS,
        "option": frozenset({"Option"}),
        "reference": _TEXTS | {"Reference"},
        "reference-key": _TEXTS | {"Reference"},
        "references": frozenset({"MultiReference"}),
        "references-key": frozenset({"MultiReference"}),
        "image": _FILES,
        "images": frozenset({"MultiImage"}),
        "file": _FILES,
    }
)
# A text may be what they take: the id of an option, or a time as the CMS writes it.
_DOUBTFUL: Final = frozenset({"Option", "DateTime"})
_KNOWN: Final = (fields.__name__, ours.__name__, html_text.__name__)
_TEXT_FIELDS: Final = (
    fields.String,
    fields.UUID,
    fields.Time,
    fields.IP,
    fields.Number,
)  # with as_string


def unfit_types(rule: Rule, schema: Schema) -> tuple[list[Problem], list[Problem]]:
    """Return errors and warnings: the fields of *rule* whose values the CMS does not take."""
    errors: list[Problem] = []
    warnings: list[Problem] = []
    if rule.schema._hooks[POST_LOAD]:
        return errors, warnings  # it may make anything of a value
    for name, slug, field in _fields(rule):
        sent, kind = kind_of(field), schema.kind(slug)[0]
        if sent is None or kind not in FIELDS or kind in FITTING[sent]:
            continue
        if isinstance(field, Lookup) and kind == "MultiReference":
            continue  # of a list it makes a list
        found = f"{_shown(field)} for {slug}, a field of the type {kind}"
        do = "write that, or give the field in the CMS another type"
        problem = rule.problem(name, found, FIELDS[kind], do)
        (warnings if sent == "text" and kind in _DOUBTFUL else errors).append(problem)
    return errors, warnings


def kind_of(field: fields.Field[Any]) -> str | None:
    """Return what *field* sends, a key of `FITTING`; None: anything."""
    if field.post_load:
        return None
    if isinstance(field, Lookup):
        return _of_values(field) if type(field.inner) is fields.Raw else kind_of(field.inner)
    name = type_of(field).removesuffix("-no-query")
    if name != "plain":
        return name
    if type(field)._deserialize.__module__ not in _KNOWN:
        return None  # a class of the user's
    if isinstance(field, fields.Boolean | fields.List):
        return "boolean" if isinstance(field, fields.Boolean) else "list"
    return "text" if isinstance(field, _TEXT_FIELDS) else None


def _of_values(field: Lookup) -> str | None:
    others = () if field.other is Lookup._NONE else (field.other,)
    types = {type(each) for each in (*field.table.values(), *others) if each is not None}
    kinds = {bool: "boolean", int: "number", float: "number", str: "text"}
    found = {kinds.get(each) for each in types}
    return found.pop() if len(found) == 1 else None


def _fields(rule: Rule) -> Iterator[tuple[str, str, fields.Field[Any]]]:
    for target in rule.targets:
        yield target.name, field_of(target.slug), rule.schema.load_fields[target.name]


def _shown(field: fields.Field[Any]) -> str:
    return f"Lookup of {_shown(field.inner)}" if isinstance(field, Lookup) else type(field).__name__
