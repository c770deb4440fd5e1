"""The form in which the site stores values, by its rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from service.sandbox.fields.amounts import double
from service.sandbox.fields.sent_value import whole
from service.sandbox.fields.stringify import written
from service.sandbox.model.rules import Rules
from service.sandbox.model.schema import Field

TEXTS = frozenset({"PlainText", "RichText", "Link", "Email", "Phone"})


def is_passed_over(rules: Rules, field: Field | None, value: Any) -> bool:
    """Tell whether *value* leaves *field* unchanged."""
    return rules.passes_over_nulls and value is None and field is not None and field.type in TEXTS


def taken(rules: Rules, field: Field, value: Any) -> Any:
    """Return *value* for *field*: a number as text, if the rules allow it."""
    is_scalar = isinstance(value, bool) or double(value) is not None
    if rules.writes_numbers and field.type in TEXTS and is_scalar:
        return written(value)
    return value


def kept(rules: Rules, field: Field, read: Any) -> Any:
    """Return the stored form of *read*, which is valid for *field*; None: nothing is stored."""
    if field.type not in TEXTS or not isinstance(read, str):
        return read
    if rules.composes_texts:
        read = unicodedata.normalize("NFC", read)
    if rules.lowers_emails and field.type == "Email":
        read = read.lower()
    if rules.trims_links and field.type == "Link":
        read = read.removesuffix("/") or read
    return None if rules.drops_empty_texts and not read else read


def echoed(
    rules: Rules, fields: Mapping[str, Field], sent: Mapping[str, Any], held: Mapping[str, Any]
) -> dict[str, Any]:
    """Return those values of *held* that an answer shows as they were *sent*."""
    if not rules.echoes_html:
        return {}
    return {
        slug: whole(value)
        for slug, value in sent.items()
        if slug in held and isinstance(value, str) and fields[slug].type == "RichText"
    }
