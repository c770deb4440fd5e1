"""
Field data held against the collection's schema before any call. Pure.

What the schema does not settle, what it says in words that are not known here, and a field of an
unknown type pass: a call that is refused costs less than a value that is refused wrongly.
"""

from __future__ import annotations

from typing import Any

from workers.fields.json_values import as_text
from workers.fields.validators import FITS, Asked
from workers.model.retirement import GONE
from workers.webflow.schema import Schema

_NO_FIELDS = frozenset({"_archived", "_draft", GONE})  # v2 has the flags beside the fields


def check(schema: Schema, slug: str, value: Any, *, api: str) -> str | None:
    """
    Return why the CMS will refuse *value*, in words; None where that is not certain.

    Args:
        schema: Of the collection.
        slug: Of the field.
        value: As the PATCH carries it.
        api: "v1" or "v2".
    """
    if slug in _NO_FIELDS or not schema.whole:
        return None
    field = schema.fields.get(slug)
    if field is None:
        return "the collection has no field of that slug"
    # A schema that an earlier version kept does not say.
    if field.get("required", False) and (value is None or value == ""):
        return f"found {as_text(value)}, expected a value: the field is required"
    if value is None:
        return None
    fit = FITS.get(field["type"])
    rules = field.get("rules") or {}
    expected = fit(value, Asked(slug, rules, field["options"], api)) if fit else None
    return f"found {as_text(value)}, expected {expected}" if expected else None
