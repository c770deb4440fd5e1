"""
Forms of the CMS: whether a value that the CMS normalized equals the value that was sent.

By type: plain text ignores Unicode form, line ends and surrounding white space; e-mail also case; a
link a trailing slash and the case of scheme and host; a phone number white space and punctuation;
rich text its markup (`workers/fields/html_content.py`). Anything else is compared exactly.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from workers.fields import html_content
from workers.fields.addresses import link
from workers.model.letters import nfc

# CMS field type → form, whatever type the mapping uses.
BY_CMS_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "PlainText": "plain",
        "RichText": "richtext",
        "Email": "email",
        "Link": "link",
        "Phone": "phone",
    }
)
_LINE_END: Final = re.compile(r"\r\n?")


def text(value: str) -> str:
    """Return the normal form of a text: NFC, "\\n" line ends, stripped."""
    return nfc(_LINE_END.sub("\n", value)).strip()


def email(value: str) -> str:
    return text(value).lower()


def phone(value: str) -> str:
    """Return the letters, digits and + of a phone number; without any, the text itself."""
    kept = "".join(one for one in text(value) if one.isalnum() or one == "+")
    return kept or text(value)


def _html(value: str) -> str:
    return html_content.content(value).as_text()


_CANONICAL: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"plain": text, "email": email, "link": lambda value: link(text(value)), "phone": phone}
)
NAMES: Final = frozenset({*_CANONICAL, "richtext"})


def akin(form: str, sent: Any, answer: Any) -> bool:
    """Tell whether *answer* is *sent* in the form (one of `NAMES`) that the CMS gives it."""
    if isinstance(sent, bool):
        return isinstance(answer, str) and answer == str(sent).lower()
    if isinstance(sent, int | float | Decimal):
        return isinstance(answer, str) and _is_number(sent, answer)
    if not isinstance(sent, str) or not isinstance(answer, str | None):
        return False
    held = answer or ""  # an empty text may come back as null
    if form == "richtext":
        return html_content.is_same(sent, held)
    canonical = _CANONICAL[form]
    return canonical(sent) == canonical(held)


def canonical(form: str, value: Any) -> str | None:
    """Return one text for all equal values, moved pictures included; None: *value* is no text."""
    if not isinstance(value, str):
        return None
    return _html(value) if form == "richtext" else _CANONICAL[form](value)


def _is_number(sent: int | float | Decimal, answer: str) -> bool:
    if len(answer) > 100 or not answer.isascii():
        return False
    try:
        return Decimal(answer.strip()) == Decimal(str(sent))
    except InvalidOperation:
        return False
