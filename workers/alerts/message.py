"""
The form of a message: a text that Slack shows, and beside it the same for programs.

https://docs.slack.dev/messaging/formatting-message-text (escaping)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from workers.alerts.rules import Entry

SHOWN: Final = 12  # causes in the text
MOST: Final = 50  # causes for programs
LONGEST: Final = 300  # characters of a reason
TEXT_MOST: Final = 3800  # characters of the text: Slack advises 4,000
VERSION: Final = 1


def message_of(entries: Sequence[Entry], *, place: str, now: float, note: str = "") -> bytes:
    """
    Return the JSON of a message.

    Args:
        entries: In the order of their importance; may be empty if there is a *note*.
        place: Which installation it is.
        note: A sentence of its own, at the top.
    """
    shown = [_entry(each, now) for each in entries[:MOST]]
    body = {
        "text": _text(entries, place, now, note),
        "instep": {
            "version": VERSION,
            "id": id_of(entries, place, note),
            "from": place,
            "at": _moment(now),
            "note": note,
            "causes": shown,
            "more": len(entries) - len(shown),
        },
    }
    # Half a surrogate pair, as the answer of a CMS may hold one, has no UTF-8.
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def id_of(entries: Sequence[Entry], place: str, note: str = "") -> str:
    """
    Return the id of a message: the same if it is sent again, also by another process.

    The figures are no part of it: they may have changed meanwhile.
    """
    said = [(e.state, e.cause.kind, e.cause.name, int(e.since), e.number) for e in entries]
    text = json.dumps([place, note, said])
    return f"alert_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def duration(seconds: float) -> str:
    """Return *seconds* in their two largest units, as ``1 h 5 min``."""
    whole = max(0, int(seconds))
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole} s"


def _text(entries: Sequence[Entry], place: str, now: float, note: str) -> str:
    lines = [f"*Instep at {_escaped(place)}*{f': {_escaped(note)}' if note else ''}"]
    room = TEXT_MOST - len(lines[0])
    for number, entry in enumerate(entries):
        line = _line(entry, now)
        if number >= SHOWN or len(line) + 1 > room:
            lines.append(f"… and {len(entries) - number} more: see `instep status`")
            break
        lines.append(line)
        room -= len(line) + 1
    return "\n".join(lines)


def _line(entry: Entry, now: float) -> str:
    cause = entry.cause
    name = f"*{_escaped(cause.name)}*"
    if entry.until is not None:
        return f":white_check_mark: {name} is over, after {duration(entry.until - entry.since)}."
    sign = ":red_circle:" if entry.state == "began" else ":arrows_counterclockwise:"
    state = "goes on, since" if entry.state == "update" else "since"
    again = " again" if entry.times and entry.state == "began" else ""
    since = f"{clock(entry.since, now)} ({duration(now - entry.since)})"
    return f"{sign} {name}{again} {state} {since}.{''.join(_sentences(entry))}"


def _sentences(entry: Entry) -> Iterator[str]:
    cause = entry.cause
    if cause.figures:
        numbers = (_counted(name, number) for name, number in cause.figures.items())
        yield f" {', '.join(numbers)}."
    if cause.reason:
        yield f" {_escaped(_cut(cause.reason)).rstrip('.')}."
    if cause.means:
        yield f" {_escaped(cause.means).rstrip('.')}."
    if cause.do:
        yield f" *Do:* {_escaped(cause.do)}"


def _counted(name: str, number: int) -> str:
    one, several = _FIGURES.get(name, (name, name))
    return f"{number:,} {one if number == 1 else several}"


def _entry(entry: Entry, now: float) -> Mapping[str, Any]:
    cause = entry.cause
    return {
        "kind": cause.kind,
        "name": cause.name,
        "state": entry.state,
        "since": _moment(entry.since),
        "until": None if entry.until is None else _moment(entry.until),
        "seconds": max(0, int((entry.until or now) - entry.since)),
        "reason": _cut(cause.reason),
        "means": cause.means,
        "do": cause.do,
        "figures": dict(cause.figures),
    }


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _escaped(text: str) -> str:
    """Return *text* so that Slack finds no link, mention or command in it."""
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(at: float, now: float) -> str:
    """Return the time *at* as read at *now*: the date is left out if it is today's."""
    moment = datetime.fromtimestamp(at, UTC)
    today = moment.date() == datetime.fromtimestamp(now, UTC).date()
    return f"{moment:%H:%M} UTC" if today else f"{moment:%Y-%m-%d %H:%M} UTC"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


# In words, for one and for several.
_FIGURES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "items_waiting": ("item waits", "items wait"),
        "dead_letters": ("dead letter", "dead letters"),
        "different_problems": ("kind of problem", "kinds of problem"),
        "deletes": ("delete", "deletes"),
        "deliveries": ("delivery", "deliveries"),
        "differences": ("difference", "differences"),
        "percent_of_the_limit": ("% of the limit", "% of the limit"),
    }
)
