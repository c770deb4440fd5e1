"""
The schema of a collection: its fields, and their form in each API.

https://developers.webflow.com/data/reference/cms/collections/get
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.sandbox.model.ids import field_id

# v2 name: v1 name
TYPES = {
    "PlainText": "PlainText",
    "RichText": "RichText",
    "Image": "ImageRef",
    "MultiImage": "Set",
    "VideoLink": "Video",
    "Link": "Link",
    "Email": "Email",
    "Phone": "Phone",
    "Number": "Number",
    "DateTime": "Date",
    "Switch": "Bool",
    "Color": "Color",
    "Option": "Option",
    "File": "ExtFileRef",
    "Reference": "ItemRef",
    "MultiReference": "ItemRefSet",
}

# Names of validations, v1: v2. The other names are the same in both.
_OLD_NAMES = {
    "minimum": "minValue",
    "maximum": "maxValue",
    "decimalPlaces": "precision",
    "maxSize": "maxImageSize",
}
# v1 shows a number's precision under the new name.
_SHOWN_V1 = {new: old for old, new in _OLD_NAMES.items() if new != "precision"}

# Columns that v1 lists as fields and v2 does not: slug, name, type, editable.
_SYSTEM = (
    ("_archived", "Archived", "Bool", True),
    ("_draft", "Draft", "Bool", True),
    ("created-on", "Created On", "Date", False),
    ("updated-on", "Updated On", "Date", False),
    ("published-on", "Published On", "Date", False),
    ("created-by", "Created By", "User", False),
    ("updated-by", "Updated By", "User", False),
    ("published-by", "Published By", "User", False),
)


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field; *type* is a key of TYPES.

    Args:
        validations: Under the names of either version; stored under those of v2.
        help_text: The text beside the field in the editor.
        id: Empty until a collection has it; see ``owned``.
    """

    slug: str
    type: str
    name: str = ""
    required: bool = False
    validations: Mapping[str, Any] = field(default_factory=dict)
    help_text: str | None = None
    id: str = ""

    def __post_init__(self) -> None:
        named = {_OLD_NAMES.get(name, name): rule for name, rule in self.validations.items()}
        object.__setattr__(self, "validations", named)

    @property
    def options(self) -> Mapping[str, str]:
        """Id to label, of an Option field."""
        options = self.validations.get("options")
        known = options if isinstance(options, list | tuple) else ()
        return {str(one.get("id")): str(one.get("name")) for one in known if isinstance(one, dict)}

    def as_v2(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "isEditable": True,
            "isRequired": self.required,
            "type": self.type,
            "slug": self.slug,
            "displayName": self.name or self.slug,
            # Recorded as null if there is none, though the API description forbids it.
            "helpText": self.help_text,
            "validations": dict(self.validations) or None,
        }

    def as_v1(self) -> dict[str, Any]:
        own = self.slug in ("name", "slug")
        unique = {"unique": True} if self.slug == "slug" else {}
        inner = {"innerType": "ImageRef"} if self.type == "MultiImage" else {}
        return {
            "name": self.name or self.slug,
            "slug": self.slug,
            "type": TYPES[self.type],
            "required": self.required,
            "editable": True,
            **unique,
            **({} if own else {"helpText": self.help_text or ""}),
            "id": self.id,
            "validations": {_SHOWN_V1.get(name, name): v for name, v in self.validations.items()},
            **inner,
        }


def fields_v1(collection: str, fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Return the fields of a collection in v1's order: name and slug last, then its columns."""
    own = ("name", "slug")
    ordered = sorted(fields, key=lambda one: one.slug in own)
    return [one.as_v1() for one in ordered] + [_column(collection, *one) for one in _SYSTEM]


def _column(collection: str, slug: str, name: str, kind: str, editable: bool) -> dict[str, Any]:
    shown = {
        "name": name,
        "slug": slug,
        "type": kind,
        "required": kind == "Bool",
        "editable": editable,
        "id": field_id(collection, slug, kind),
    }
    return shown | {"default": False} if kind == "Bool" else shown


def offering(labels: Iterable[str]) -> dict[str, Any]:
    """Return the validations of an Option field with *labels*."""
    return {"options": [{"name": label} for label in labels]}


def owned(one: Field, collection: str) -> Field:
    """Return a field of a collection, with ids where it has none."""
    id = one.id or field_id(collection, one.slug, one.type)
    validations = dict(one.validations)
    options = validations.get("options")
    if isinstance(options, list | tuple):
        validations["options"] = [_named(id, each) for each in options]
    return replace(one, id=id, validations=validations)


def _named(field: str, option: Any) -> Any:
    if not isinstance(option, Mapping) or option.get("id"):
        return option
    return {"id": field_id(field, str(option.get("name"))), **option}


NAME = Field("name", "PlainText", "Name", required=True, validations={"maxLength": 256})
SLUG = Field(
    "slug",
    "PlainText",
    "Slug",
    required=True,
    validations={
        "maxLength": 256,
        "pattern": {},  # as both versions show it: a regular expression has no JSON
        "messages": {
            "pattern": "Must be alphanumerical and not contain any spaces or special characters",
            "maxLength": "Must be less than 256 characters",
        },
    },
)
