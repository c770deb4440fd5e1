"""How values are shown: times, numbers, states, and whatever JSON holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from markupsafe import Markup

FOLDED: Final = 200  # characters, from which on a value is folded
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
# Tone → its states. The tone gives colour and shape; the word is always there.
_TONES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "good": (
            *("flowing", "done", "written", "kept", "live", "published", "confirmed", "resumed"),
            "accepted",
        ),
        "info": ("running", "pending", "delay", "waiting", "operate", "created", "approved"),
        "warn": (
            *("paused", "held", "approval", "late", "spooled", "resting", "unpublished", "draft"),
            "undone",
        ),
        "bad": (
            *("outage", "failed", "open", "dead", "unmapped", "refused", "not-applied", "missing"),
            *("exhausted", "blocked", "writeback"),
        ),
    }
)
_TONE_OF: Final = {state: tone for tone, states in _TONES.items() for state in states}
_SHAPES: Final = {"good": "●", "info": "◆", "warn": "▲", "bad": "■", "quiet": "○"}
# Unit of a duration in s, and the one below it.
_PAIRS: Final = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
_STEPS: Final = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d"))


def moment(value: datetime | str | None, *, absolute: bool = False) -> Markup:
    """
    Return the ``<time>`` of *value*, or a dash for None: how long ago, with the time in UTC in its
    title; the script of the page makes it local.

    Args:
        value: Aware, or as JSON has it.
        absolute: Show the time beside it.
    """
    if value is None:
        return Markup('<span class="none">–</span>')  # noqa: RUF001
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = at.astimezone(UTC)
    shown, ago = f"{at:%d %b %Y %H:%M} UTC", _ago((datetime.now(UTC) - at).total_seconds())
    if absolute:
        inside = Markup('<span data-at>{}</span> <span class="ago" data-ago>{}</span>')
        inside = inside.format(shown, ago)
    else:
        inside = Markup("<span data-ago>{}</span>").format(ago)
    text = Markup('<time datetime="{}" title="{}">{}</time>')
    return text.format(at.isoformat(timespec="milliseconds"), f"{at:%Y-%m-%d %H:%M:%S} UTC", inside)


def whole(value: Any) -> Any:
    """
    Return *value* as a page can hold it: a text without halves of surrogate pairs, and with a sign
    for the null character, which browsers leave out: two keys would look alike.
    """
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    text = value.encode(errors="replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")
    return Markup(text) if isinstance(value, Markup) else text  # noqa: S704  # it was one before


def clock(at: datetime, *, weekday: bool = False) -> Markup:
    """Return the ``<time>`` of *at* as the hour alone, for the axis of a chart, as `moment`."""
    at = at.astimezone(UTC)
    shown = f"{at:%a %H:%M} UTC" if weekday else f"{at:%H:%M} UTC"
    text = Markup('<time datetime="{}"><span data-clock="{}">{}</span></time>')
    return text.format(f"{at:%Y-%m-%dT%H:%MZ}", "day" if weekday else "hour", shown)


def clock_words(at: datetime) -> str:
    """Return the hour of *at* as text, with its day unless that is today's."""
    at = at.astimezone(UTC)
    today = at.date() == datetime.now(UTC).date()
    return f"{at:%H:%M} UTC" if today else f"{at:%a %H:%M} UTC"


def _ago(seconds: float) -> str:
    """Return *seconds* in its largest unit; what is ahead is negative."""
    far = abs(seconds)
    if far < 1:
        return "now"
    for below, unit, name in _STEPS:
        if far < below:
            text = f"{int(far // unit)} {name}"
            break
    else:
        text = f"{int(far // 86_400)} d"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def number(value: float | None) -> str:
    """Return *value* whole, in groups of three digits; None: a dash."""
    return "–" if value is None else f"{value:,}"  # noqa: RUF001


def duration(seconds: float | None) -> str:
    """Return *seconds* in its two largest units, below 10 s to the tenth; None: a dash."""
    if seconds is None:
        return "–"  # noqa: RUF001
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for unit, name, lower, lower_name in _PAIRS:
        if whole >= unit:
            rest = whole % unit // lower
            return f"{whole // unit:,} {name}" + (f" {rest} {lower_name}" if rest else "")
    return f"{whole} s"


def size(bytes: int) -> str:
    """Return *bytes* in MB, or in GB from 1,000 of them on, to the tenth."""
    mb = bytes / 1e6
    return f"{mb:,.1f} MB" if mb < 1000 else f"{mb / 1000:,.1f} GB"


def tone(state: str) -> str:
    """Return the tone of *state*: good, info, warn, bad, or quiet."""
    return _TONE_OF.get(state, "quiet")


def shape(state: str) -> str:
    """Return the sign of *state*, for who sees no colours."""
    return _SHAPES[tone(state)]


def words(name: str) -> str:
    """Return *name*, of a key or field of ours, as words: ``not_found`` → ``Not found``."""
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def plain(value: Any) -> str:
    """Return *value*, as JSON holds it, as text: of lists and tables their JSON."""
    if value is None:
        return "–"  # noqa: RUF001
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        # Settings that may have a fraction are floats: 30 days are no 30.0.
        return number(int(value) if isinstance(value, float) and value.is_integer() else value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(each, (str, int)) for each in value):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping) and not any(map(_is_nested, value.values())):
        return ", ".join(f"{name}: {plain(each)}" for name, each in value.items()) or "none"
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, tuple, Mapping))


def is_moment(value: Any) -> bool:
    """Tell whether *value* is a time as JSON has it."""
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return False  # a value from outside: the 30th of February
    return True


def is_long(text: str) -> bool:
    """Tell whether *text* is to be folded."""
    return len(text) > FOLDED or text.count("\n") > 4
