"""
Forms of the CMS: a value that it keeps in words of its own is the value that was sent. Pure.

Akin means by type: a text but for NFC, line ends and white space at its ends; an e-mail address but
for case; a link but for a trailing slash and the case of scheme and host; a phone number but for
white space and punctuation; rich text by what it says (`workers/fields/html_content.py`). Of
everything else another value is another value.

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

# Type of a field in the CMS → how it keeps what is sent to it, whatever a mapping calls it.
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
    """Return a text as it is compared: in NFC, without white space at its ends."""
    return nfc(_LINE_END.sub("\n", value)).strip()


def email(value: str) -> str:
    """Return an e-mail address as it is compared."""
    return text(value).lower()


def phone(value: str) -> str:
    """Return a phone number as it is compared; one without a digit or letter is only a text."""
    kept = "".join(one for one in text(value) if one.isalnum() or one == "+")
    return kept or text(value)


def _html(value: str) -> str:
    return html_content.content(value).as_text()


_CANONICAL: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"plain": text, "email": email, "link": lambda value: link(text(value)), "phone": phone}
)
NAMES: Final = frozenset({*_CANONICAL, "richtext"})


def akin(form: str, sent: Any, answer: Any) -> bool:
    """
    Tell whether *answer* is what the CMS has made of *sent*.

    Args:
        form: One of `NAMES`.
    """
    if isinstance(sent, bool):
        return isinstance(answer, str) and answer == str(sent).lower()
    if isinstance(sent, int | float | Decimal):
        return isinstance(answer, str) and _is_number(sent, answer)
    if not isinstance(sent, str) or not isinstance(answer, str | None):
        return False
    held = answer or ""  # an empty text may be read back as null
    if form == "richtext":
        return html_content.is_same(sent, held)
    canonical = _CANONICAL[form]
    return canonical(sent) == canonical(held)


def canonical(form: str, value: Any) -> str | None:
    """Return one text for all that is akin, pictures that were moved too; None: it has no forms."""
    if not isinstance(value, str):
        return None
    return _html(value) if form == "richtext" else _CANONICAL[form](value)


def _is_number(sent: int | float | Decimal, answer: str) -> bool:
    """Tell whether *answer* is the number *sent*, kept in a field of text."""
    if len(answer) > 100 or not answer.isascii():
        return False
    try:
        return Decimal(answer.strip()) == Decimal(str(sent))
    except InvalidOperation:
        return False
