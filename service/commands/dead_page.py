"""What ``instep dead`` prints for people: problems, letters, and what an action is for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import click

from service.commands.output import printable
from service.commands.page import duration, width, wrapped
from workers.model.problem_words import problem_words
from workers.model.versions import Version, moment_of
from workers.store.dead_letters import Letter

_LABEL: Final = 14  # columns of a name before its value
_INDENT: Final = 4

Found = Mapping[str, Any]


def first(letters: Iterable[Letter], limit: int | None) -> list[dict[str, Any]]:
    """Return the first *limit* letters ready for JSON; None: all."""
    return [letter.as_dict() for letter in islice(letters, limit)]


def local(text: str | None, *, seconds: bool = True) -> str:
    """Return the time *text* in the time zone of this machine."""
    if not text:
        return "-"
    form = "%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M"
    return datetime.fromisoformat(text).astimezone().strftime(form)


def lines(rows: Sequence[Sequence[str]], texts: Sequence[str]) -> Iterator[str]:
    """
    Yield a line for each row and its text; on a terminal a long text goes on in the next ones.

    In a pipe a row is one line, however long, for programs that read lines.
    """
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, text in zip(rows, texts, strict=True):
        head = "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)) + "  "
        if not sys.stdout.isatty() or width() - len(head) >= len(printable(text)):
            yield f"{head}{printable(text)}".rstrip()
        else:
            yield from _folded(head, text, width())


def _folded(head: str, text: str, columns: int) -> Iterator[str]:
    if columns - len(head) >= columns // 3:
        yield from wrapped(text, columns, first=head)
        return
    yield from wrapped(head.rstrip(), columns)
    yield from wrapped(text, columns, first=" " * _INDENT)


# lists ------------------------------------------------------------------------------------------


def problems(found: Sequence[Found], left: int, ignored: int) -> Iterator[str]:
    """Yield a line for each problem; *left*, *ignored*: how many are not shown."""
    if not found:
        yield "Problems: none"
    else:
        yield from _problems(found)
    if left:
        yield f"and {left:,} more: --limit {len(found) + left}"
    if ignored:
        yield f"{ignored:,} ignored: --state ignored"
    if found and sys.stdout.isatty():
        yield ""
        yield from wrapped(
            "`instep dead show GROUP` says what to do, `instep dead list --group GROUP` has its "
            "letters, `instep dead replay --group GROUP` sends them again.",
            width(),
        )


def _problems(found: Sequence[Found]) -> Iterator[str]:
    yield "Problems:"
    heads = [("group", "letters", "since", "example")]
    heads += [
        (each["id"], str(each["letters"]), local(each["since"], seconds=False), each["example"])
        for each in found
    ]
    yield from lines(heads, ["problem", *(_title(each) for each in found)])


def _title(found: Found) -> str:
    mark = "" if found["state"] == "open" else f" ({found['state']})"
    where = found["collection"] or found["source"] or ""
    return f"{found['kind']}{mark} {where}: {found['title']}"


def letters(found: Sequence[Found], group: Found | None, columns: int) -> Iterator[str]:
    """Yield a line for each letter, under what they have in common."""
    if group:
        yield from problem(group, columns)
        yield ""
    if not found:
        yield "Dead letters: none"
        return
    yield "Dead letters:"
    heads = [("id", "since", "record", "attempts")]
    heads += [
        (
            each["id"] + ("" if each["state"] == "open" else f" ({each['reason']})"),
            local(each["since"], seconds=False),
            printable(_record(each)),
            str(each["attempts"]),
        )
        for each in found
    ]
    yield from lines(heads, ["why", *(_why(each) for each in found)])


def _record(found: Found) -> str:
    return str(found["key"] or found["item"] or "-")


def _why(found: Found) -> str:
    told = "; ".join(problem_words(each["field"], each["message"]) for each in found["problems"])
    return f"{found['kind']} {found['collection'] or found['source'] or ''}: {_words(found, told)}"


def _words(found: Found, told: str) -> str:
    if told:
        return told
    fields = ", ".join(found["fields"])
    return f"{fields}: {found['message']}" if fields else str(found["message"])


# one --------------------------------------------------------------------------------------------


def problem(found: Found, columns: int) -> Iterator[str]:
    """Yield the lines about one problem."""
    yield from _named("problem", f"{found['id']}, {found['letters']:,} letters", columns)
    yield from _named("cause", _title(found), columns)
    yield from _status(found, columns)
    yield from _named("since", _age(found["since"]), columns)
    yield from _named("newest", _age(found["newest"]), columns)
    yield from _named("example", found["example"], columns)
    if found["by"]:
        yield from _named(found["state"], f"by {found['by']}, {_age(found['at'])}", columns)
    yield from _named("what to do", found["do"], columns)


def letter(found: Found, columns: int) -> Iterator[str]:
    """Yield the lines about one letter."""
    state = "" if found["state"] == "open" else f" (closed: {found['reason']})"
    yield from _named("dead letter", found["id"] + state, columns)
    yield from _named("kind", found["kind"], columns)
    yield from _named("since", _age(found["since"]), columns)
    names = ("group", "collection", "key", "item", "locale", "source", "topic")
    for name in names:
        if found[name]:
            yield from _named("problem" if name == "group" else name, found[name], columns)
    if found["events"]:
        yield from _named("events", ", ".join(found["events"]), columns)
    if found["attempts"]:
        yield from _named("attempts", found["attempts"], columns)
    if found["times"] > 1:
        yield from _named("came", f"{found['times']:,} times", columns)
    yield from _status(found, columns)
    yield from _named("message", found["message"], columns)
    yield from _parts(found, columns)
    if found["do"]:
        yield from _named("what to do", found["do"], columns)
    yield from _body(found)


def _parts(found: Found, columns: int) -> Iterator[str]:
    if found["problems"]:
        yield "problems:"
    for each in found["problems"]:
        yield from wrapped(
            problem_words(each["field"], each["message"]), columns, first=" " * _INDENT
        )
    if found["fields"]:
        yield "values:"
    for slug, entry in found["fields"].items():
        text = f"{slug} = {printable(entry['value'])} ({version(entry['version'])})"
        yield from wrapped(text, columns, first=" " * _INDENT)
    if found["left_out"]:
        yield "left out:"
    for each in found["left_out"]:
        place = f"{each['collection']} {each['key']}: {each['slug']}"
        yield from wrapped(place, columns, first=" " * _INDENT)


def _body(found: Found) -> Iterator[str]:
    if "body" not in found:
        return
    if not found["body"]:
        yield "payload: not kept"
        return
    yield "payload:"
    # Line by line: a control code in it would be obeyed by a terminal.
    for line in found["body"].splitlines():
        yield printable(line)


def version(text: str) -> str:
    """Return a version as people know it: a time, or a number of its source."""
    try:
        parsed = Version.parse(text)
    except ValueError:
        return text
    if parsed.kind == "t":
        return f"of {moment_of(text).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    log = f" of log {parsed.log}" if parsed.log else ""
    return f"number {parsed.number}{log}" if parsed.kind == "s" else "without a version"


def _status(found: Found, columns: int) -> Iterator[str]:
    answer = " ".join(str(each) for each in (found["status"], found["code"]) if each)
    if answer:
        yield from _named("answer", answer, columns)


def _age(text: str | None) -> str:
    if not text:
        return "-"
    age = (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
    return f"{local(text)}, {duration(age)} ago"


def _named(name: str, value: Any, columns: int) -> list[str]:
    head = f"{name}:".ljust(_LABEL)
    lines = wrapped(value, columns, first=head)
    return [click.style(head, dim=True) + lines[0][len(head) :], *lines[1:]]


def estimate(found: Found, columns: int) -> Iterator[str]:
    """Yield what an action is for."""
    letters = f"{found['letters']:,} dead letters"
    of = f" of {found['records']:,} records" if found["records"] else ""
    values = f", {found['values']:,} field values" if found["values"] else ""
    yield f"{letters}{of}{values}"
    if found["letters"]:
        yield f"from {local(found['oldest'])} to {local(found['newest'])}"
    for each in found["cannot"]:
        yield from wrapped(f"{each['letters']:,} cannot be replayed: {each['why']}", columns)
    for words in found["held"].values():
        yield from wrapped(f"Many: {words}", columns)
    for id in found["unknown"]:
        yield f"there is no dead letter {printable(id)}"
