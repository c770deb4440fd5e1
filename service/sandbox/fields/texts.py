"""
Validation of text fields: plain text, links, e-mail addresses, telephone numbers.

The wordings for link and e-mail are inferred, and so are all lengths, which count as in JavaScript.
"""

from __future__ import annotations

import re

from service.sandbox.fields.sent_value import Reader, Sent
from service.sandbox.model.refusals import ValueRefused

LONGEST_ADDRESS = 320  # of e-mail: 64 before the @, 255 after it (RFC 3696, erratum 1003)

_SLUG = re.compile(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*")
_LINES = re.compile(r"[\r\n\u2028\u2029]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_LINK = re.compile(r"https?://\S+|mailto:\S+|tel:\S+|[/#]\S*", re.IGNORECASE)


def require_length(sent: Sent, text: str) -> None:
    """Check the length of *text* against its field; raises ValueRefused."""
    # A character beyond the basic plane counts twice in JavaScript.
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    shortest, longest = sent.limit("minLength"), sent.limit("maxLength")
    if shortest is not None and length < shortest:
        raise sent.refusal("minLength", "Is too short")
    if longest is not None and length > longest:
        raise sent.refusal("maxLength", "Is too long")


def plain(sent: Sent) -> str:
    """Return a text that fits the length, pattern and lines of its field."""
    text = sent.text()
    if sent.field.required and not text:
        raise ValueRefused("Required field cannot be cleared")
    require_length(sent, text)
    if sent.field.validations.get("singleLine") is True and _LINES.search(text):
        raise sent.refusal("singleLine", "Expected value to be a single line")
    if not _fits(sent.field.validations.get("pattern"), text):
        raise sent.refusal("pattern", "Expected value to match the pattern")
    if sent.field.slug == "slug" and not _SLUG.fullmatch(text):
        raise sent.refusal("pattern", "Expected value to be a slug")  # it has a message of its own
    return text


def link(sent: Sent) -> str:
    """Return a web address, a ``mailto:`` or ``tel:`` link, a path or an anchor."""
    return _matching(sent, _LINK, "Expected value to be a URL")


def email(sent: Sent) -> str:
    """Return an e-mail address; how strictly the CMS checks one is not known."""
    reason = "Expected value to be an email address"
    if len(sent.text(reason)) > LONGEST_ADDRESS:
        raise ValueRefused(reason, sent.value)
    return _matching(sent, _EMAIL, reason)


def _matching(sent: Sent, pattern: re.Pattern[str], reason: str) -> str:
    text = sent.text(reason)
    if not pattern.fullmatch(text):
        raise ValueRefused(reason, sent.value)
    return text


def _fits(pattern: object, text: str) -> bool:
    # The schema shows the pattern of a slug as an empty object; only text is a pattern.
    if not isinstance(pattern, str):
        return True
    try:
        return re.search(pattern, text) is not None
    except re.error:  # JavaScript's syntax, not Python's
        return True


PHONE: Reader = plain  # any text: no rule for telephone numbers is known
