"""
Compare the value in an answer with the value sent: one function per way of comparing.

*exact* compares JSON values; *number*, *date* and *color* their meaning; *present* only whether
there is a value, since the CMS answers a video as an object. Values that the CMS normalizes, such
as rich text, are compared in `workers/fields/cms_forms.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from workers.fields import colors

_STEP = timedelta(milliseconds=1)  # the CMS keeps milliseconds


def is_empty(value: Any) -> bool:
    """Tell whether *value* is a cleared field: null, an empty text or an empty list."""
    return value is None or value in ("", [])


def exact(sent: Any, answer: Any) -> bool:
    """Tell whether both are the same JSON value; numbers by value, but a boolean is no number."""
    if is_empty(sent):
        # v1 answers false for an empty switch.
        return is_empty(answer) or (sent is None and answer is False)
    if isinstance(sent, bool) or isinstance(answer, bool):
        return sent is answer
    if isinstance(sent, list) and isinstance(answer, list):
        return len(sent) == len(answer) and all(map(exact, sent, answer))
    if isinstance(sent, dict) and isinstance(answer, dict):
        return sent.keys() == answer.keys() and all(exact(sent[k], answer[k]) for k in sent)
    if _is_number(sent) and _is_number(answer):
        return _same_number(sent, answer)
    return type(sent) is type(answer) and bool(sent == answer)


def number(sent: Any, answer: Any) -> bool:
    """Tell whether both are the same number; either may be written as text."""
    if type(sent) is type(answer) is int and sent == answer:  # as nearly all are
        return True
    one, other = _as_number(sent), _as_number(answer)
    if one is None or other is None:
        return exact(sent, answer)
    return _same_number(one, other)


def date(sent: Any, answer: Any) -> bool:
    """
    Tell whether both are the same instant, to the millisecond.

    A field without a time of day answers midnight UTC, whatever the time sent.
    """
    one, other = _instant(sent), _instant(answer)
    if one is None or other is None:
        return exact(sent, answer)
    midnight = one.replace(hour=0, minute=0, second=0, microsecond=0)
    return other == midnight or instant(sent, answer)


def instant(sent: Any, answer: Any) -> bool:
    """Like ``date``, for a field that keeps the time of day."""
    one, other = _instant(sent), _instant(answer)
    if one is None or other is None:
        return exact(sent, answer)
    return abs(one - other) < _STEP


def color(sent: Any, answer: Any) -> bool:
    """Tell whether both are the same colour; unknown notations are compared as text."""
    if not isinstance(sent, str) or not isinstance(answer, str) or not sent:
        return exact(sent, answer)
    one, other = colors.parse(sent), colors.parse(answer)
    if one is None or other is None:
        return sent.strip().lower() == answer.strip().lower()
    return colors.same_color(one, other)


def present(sent: Any, answer: Any) -> bool:
    """Tell whether both have a value, or neither."""
    return is_empty(sent) == is_empty(answer)


def named(value: Any) -> Any:
    """Reduce a file or video to its fileId or URL; its other attributes vary between answers."""
    if isinstance(value, list):
        return [named(entry) for entry in value]
    if isinstance(value, dict):
        return value.get("fileId") or value.get("url") or value
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _as_number(value: Any) -> int | float | Decimal | None:
    if isinstance(value, str) and len(value) <= 100 and value.isascii():
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return None
    return value if _is_number(value) else None


def _same_number(sent: Any, answer: Any) -> bool:
    if sent == answer:
        return True
    # The CMS stores doubles: further digits are sent, but cannot come back.
    try:
        return float(sent) == float(answer)
    except (OverflowError, ValueError):
        return False


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
