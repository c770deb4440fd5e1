"""
What a record of the log looks like: one JSON object, or a short line for people.

A record is a dict: ``time``, ``level``, ``logger``, ``process``, ``message``, then its extras, and
``error``, the traceback. Nothing in it can begin a line of its own or control a terminal.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from workers.model.compact_json import encoded

# Not makeLogRecord: what instruments logging adds the ids of a trace there.
_RECORD: Final = logging.LogRecord("", 0, "", 0, "", (), None)
STANDARD: Final = frozenset(vars(_RECORD)) | {"message", "asctime", "taskName"}
HEAD: Final = frozenset({"time", "level", "logger", "process", "message"})
_KNOWN: Final = STANDARD | HEAD
SHOWN: Final = 2  # keys, and event ids, in a line for people; the rest as "+n"
# What JSON leaves as it is, and a terminal, or a program that splits lines, obeys: C1 controls,
# line separators, marks that turn the direction of text, halves of a pair.
_CONTROL: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Made once: json.dumps with an option creates an encoder for every call.
_encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
_COLORS: Final = {"warning": "33", "error": "31", "critical": "31"}


def values_of(record: logging.LogRecord, error: str | None = None) -> dict[str, Any]:
    """Return *record* as a dict; *error*: its traceback."""
    values: dict[str, Any] = {
        "time": _time(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
        "process": os.getpid(),
        "message": record.getMessage(),
    }
    values |= {
        name: value
        for name, value in vars(record).items()
        if name not in _KNOWN and not name.startswith("_")
    }
    if error:
        values["error"] = error
    return values


def _time(created: float) -> str:
    second, micros = divmod(round(created * 1_000_000), 1_000_000)
    return f"{_second(second)}.{micros // 1000:03}Z"


@lru_cache(maxsize=1)  # the lines of one second have it in common
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def as_json(values: Mapping[str, Any]) -> str:
    """Return *values* as one line of JSON."""
    text = _json(values)
    return text if text.isascii() else _CONTROL.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


def _json(value: Any) -> str:
    try:
        return encoded(value)
    except TypeError:  # it holds what JSON has not
        return _encode(value)


def as_text(values: Mapping[str, Any], *, color: bool = False, clock: bool = False) -> str:
    """Return *values* for people; *clock*: with the local time of day, else the time in full."""
    when = str(values.get("time", ""))
    if clock:
        when = datetime.fromisoformat(when).astimezone().strftime("%H:%M:%S")
    level, message = str(values.get("level", "")), str(values.get("message", ""))
    columns = _COLUMNS.get(message)
    text = columns(values) if columns else _plain(values)
    if error := values.get("error"):
        text += _traceback(str(error)) if clock else f" error={_shown(error)}"
    if not color:
        return f"{when} {level:<7} {text}"
    code = _COLORS.get(level)
    told = f"\x1b[{code}m{level:<7} {text}\x1b[0m" if code else f"\x1b[2m{level:<7}\x1b[0m {text}"
    return f"\x1b[2m{when}\x1b[0m {told}"


def _traceback(error: str) -> str:
    """Return *error* on lines of its own, which cannot be taken for records."""
    return "".join(f"\n    | {printable(line)}" for line in error.splitlines())


def printable(value: object) -> str:
    """Return *value* as text without anything that a terminal or a reader of lines would obey."""
    text = value if isinstance(value, str) else _json(value)
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0], f"\\u{ord(found[0]):04x}")


def _plain(values: Mapping[str, Any]) -> str:
    extras = "".join(
        f" {name}={_shown(value)}"
        for name, value in values.items()
        if name not in HEAD and name != "error" and value is not None
    )
    return f"{printable(values.get('message', ''))}{extras}"


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        more = f" +{len(value) - SHOWN}" if len(value) > SHOWN else ""
        return as_json({"": list(value[:SHOWN])})[4:-1] + more
    return as_json({"": value})[4:-1]


def _delivery(values: Mapping[str, Any]) -> str:
    outcome = str(values.get("outcome", ""))
    if outcome in ("kept", "spooled") and "accepted" in values:
        outcome_words = f"{values['accepted']} values"
    else:
        outcome_words = ""
    problems = values.get("problems") or 0
    more = [outcome_words, f"{problems} problems" if problems else "", values.get("reason")]
    where = ", ".join(map(str, values.get("collections") or ()))
    return _line(
        "delivery",
        values.get("source"),
        f"{values.get('status', '')} {outcome}",
        (where, _few(values.get("keys"), values.get("records"))),
        more,
        values,
    )


def _attempt(values: Mapping[str, Any]) -> str:
    tried = f"attempt {values['attempt']} of {values['of']}" if values.get("attempt") else ""
    return _line(
        "attempt",
        values.get("destination"),
        f"{values.get('status') or '-'} {values.get('request', '')}",
        (str(values.get("collection", "")), _few(values.get("keys"), values.get("items"))),
        [values.get("outcome"), values.get("code"), values.get("reason"), tried],
        values,
    )


def _line(
    message: str,
    name: object,
    outcome: str,
    records: tuple[str, str],
    words: list[Any],
    values: Mapping[str, Any],
) -> str:
    told = ", ".join(printable(str(each)) for each in words if each)
    took = f"{values['ms']} ms" if "ms" in values else ""
    ids = _few(values.get("event_ids"), values.get("events"))
    cells = (
        f"{message:<8} {printable(str(name or '-')):<10}",
        f"{printable(outcome.strip()):<13}",
        f"{printable(' '.join(filter(None, records))):<28}",
        told,
        took,
        ids,
    )
    return "  ".join(cell for cell in cells if cell).rstrip()


def _few(named: Any, whole: Any) -> str:
    """Return the first of *named*, of *whole* in all."""
    names = list(named or ())
    more = max(int(whole or 0), len(names)) - min(len(names), SHOWN)
    shown = ", ".join(printable(str(name)) for name in names[:SHOWN])
    return f"{shown} +{more}".strip() if more and shown else shown


_COLUMNS: Final = {"delivery": _delivery, "attempt": _attempt}
