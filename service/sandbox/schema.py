"""
The schema of a collection: its fields, and how each API shows them.

https://developers.webflow.com/data/reference/cms/collections/get
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


def field_id(*parts: str) -> str:
    """Return the id of a field or an option: 32 hex digits, the same on every start."""
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Field:
    """One field; *type* is a key of TYPES."""

    slug: str
    type: str
    name: str = ""
    required: bool = False
    validations: Mapping[str, Any] = field(default_factory=dict)
    help_text: str | None = None

    @property
    def id(self) -> str:
        return field_id(self.slug, self.type)

    @property
    def options(self) -> Mapping[str, str]:
        """Id to label, of an Option field."""
        return {option["id"]: option["name"] for option in self.validations.get("options", ())}

    def as_v2(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "isEditable": True,
            "isRequired": self.required,
            "type": self.type,
            "slug": self.slug,
            "displayName": self.name or self.slug,
            "helpText": self.help_text,
            "validations": dict(self.validations) or None,
        }

    def as_v1(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "slug": self.slug,
            "name": self.name or self.slug,
            "type": TYPES[self.type],
            "required": self.required,
            "editable": True,
        }
        if self.slug == "slug":
            shown["unique"] = True
        if self.type == "MultiImage":
            shown["innerType"] = "ImageRef"
        if self.validations:
            shown["validations"] = dict(self.validations)
        return shown


def system_fields_v1() -> list[dict[str, Any]]:
    """Return the columns that v1 lists beside the fields."""
    return [
        {
            "id": field_id(slug, kind),
            "slug": slug,
            "name": name,
            "type": kind,
            "required": kind == "Bool",
            "editable": editable,
        }
        for slug, name, kind, editable in _SYSTEM
    ]


def option_validations(slug: str, labels: tuple[str, ...]) -> dict[str, Any]:
    """Return the validations of an Option field that offers *labels*."""
    return {"options": [{"id": field_id(slug, label), "name": label} for label in labels]}


NAME = Field("name", "PlainText", "Name", required=True, validations={"maxLength": 256})
SLUG = Field("slug", "PlainText", "Slug", required=True, validations={"maxLength": 256})
