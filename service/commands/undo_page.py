"""What ``instep undo`` prints for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from service.commands.output import number, printable
from service.commands.page import moment, wrapped

if TYPE_CHECKING:
    from workers.model.runs import Run

SHOWN: Final = 20  # fields, of those put back and of those left
_LONGEST: Final = 60  # characters of a value
_NOTHING: Final = "Nothing matches: no such write is kept."

Found = Mapping[str, Any]


def estimate(found: Found, columns: int) -> Iterator[str]:
    """Yield what an undo would do."""
    if not (found["records"] or found["deletes_dropped"]):
        yield _NOTHING
    for each in found["changes"][:SHOWN]:
        yield from _entry(each, f"{_value(each['now'])} → {_value(each['back'])}", columns)
    yield from _more(found["changes"], found["fields"])
    for each in found["kept"][:SHOWN]:
        yield from _entry(each, f"left: {each['why']}", columns)
    yield from _more(found["kept"], found["left"])
    if found["records"]:
        yield f"{_fields(found)} would be put back"
    if found["deletes_dropped"]:
        yield f"{_deletes(found)} would be dropped: their items stay"
    yield from _rest(found, columns)
    for words in found["held"].values():
        yield from wrapped(f"Many: {words}", columns)
    if found["unseen"]:
        yield f"Not looked at: {number(found['unseen'], 'record')}"


def done(run: Run, columns: int) -> Iterator[str]:
    """Yield what an undo has done."""
    figures = run.figures
    if figures["deletes_dropped"]:
        yield f"Dropped: {_deletes(figures)}; their items stay"
    elif not figures["records"]:
        yield _NOTHING
    if not figures["records"]:
        return
    yield f"Put back: {_fields(figures)}; run {run.id}"
    yield from _rest(figures, columns)
    if run.state != "done":
        yield from wrapped(f"The run {run.id} is {run.state}: {run.reason or '-'}", columns)
    elif figures["fields"]:
        yield from wrapped(
            f"They are written as any other change: `instep status`. `instep undo --run {run.id}` "
            "takes this back.",
            columns,
        )


def _fields(figures: Found) -> str:
    return f"{number(figures['fields'], 'field')} of {number(figures['items'], 'item')}"


def _deletes(figures: Found) -> str:
    return f"{number(figures['deletes_dropped'], 'waiting delete')} of the run"


def _rest(figures: Found, columns: int) -> Iterator[str]:
    if figures["same"]:
        yield f"{figures['same']:9,}  of them the CMS shows already"
    for why, count in figures["reasons"].items():
        yield from wrapped(why, columns, first=f"{count:9,}  left: ")
    if figures.get("whole_since"):
        since = moment(figures["whole_since"])
        yield from wrapped(
            f"What was written before {since} UTC is kept in part: see `undo_mb`.", columns
        )


def _entry(each: Found, words: str, columns: int) -> Iterator[str]:
    name = f"{each['collection']} {each['key']} {each['field']}: "
    yield from wrapped(printable(f"{name}{words}"), columns, first="  ", rest="    ")


def _more(named: list[Found], count: int) -> Iterator[str]:
    more = count - min(len(named), SHOWN)
    if more > 0:
        yield f"  and {more:,} more"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
