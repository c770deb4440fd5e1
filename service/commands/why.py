"""``instep why``: the life of one record."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from service.commands.output import as_json, printable
from service.commands.session import joined

if TYPE_CHECKING:
    from service.operate.record_life import UnknownRecord

WIDTH: Final = 80
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_LABEL: Final = 11


@click.command()
@click.argument("collection")
@click.argument("key")
@click.option("--locale", help="Only the fields of this variant, by its tag, such as de-AT.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def why(collection: str, key: str, locale: str | None, json_wanted: bool) -> None:
    """
    Show why a record is on the site or is not. Also what happens next, and when.

    KEY is the key as the source writes it, or the item id.
    """
    from service.operate.record_life import UnknownLocale, UnknownRecord, life_of

    with joined() as context:
        known = context.settings.collections
        if collection not in known:
            names = ", ".join(known) or "none"
            raise click.UsageError(f"found {collection!r}, expected a collection: {names}")
        try:
            found = life_of(context, collection, key, locale)
        except UnknownLocale as error:
            raise click.UsageError(str(error)) from None
        except UnknownRecord as error:
            _unknown(error, json_wanted)
            raise SystemExit(1) from None
    if json_wanted:
        as_json(found)
    else:
        for line in lines_of(found):
            click.echo(line)


def _unknown(error: UnknownRecord, json_wanted: bool) -> None:
    if json_wanted:
        as_json(error.as_dict())
        return
    for line in unknown_lines(error):
        click.echo(line, err=True)


def unknown_lines(error: UnknownRecord) -> Iterator[str]:
    yield from _wrapped(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    if error.item:
        yield from _wrapped(f"The CMS has an item with this key: {error.item}.")
    if error.nearest:
        yield "The nearest keys:"
        for each in error.nearest:
            yield from _wrapped(each, indent="  ")
    elif not error.item:
        yield "No key is like it."
    if error.deliveries:
        yield "It was named in:"
        yield from _mentions(error.deliveries)


def _mentions(mentions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for each in mentions:
        head = f"{each['at']}  {each['source'] or '-'}  {each['topic'] or '-'}  {each['outcome']}"
        yield from _wrapped(f"{head}  {each['id']}", indent="  ")
        yield from _wrapped(each["reason"] or "", indent="    ")


def lines_of(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines for people: the answer, what it waits for, the fields, the life."""
    yield from _wrapped(found["answer"])
    ahead = found["next"]
    when = f", at {ahead['at']}" if ahead["at"] else ""
    yield from _wrapped(f"Next{when}: {ahead['what']}.")
    for note in found["notes"]:
        yield from _wrapped(note)
    yield ""
    yield from _labelled("collection", found["collection"])
    yield from _labelled("key", printable(found["key"]))
    yield from _labelled("item", printable(found["item"]))
    if found["locale"]:
        yield from _labelled("locale", found["locale"])
    yield from _labelled("state", found["state"])
    for each in found["waits"][1:]:
        yield from _labelled("also", each["what"])
    if found["missed"]:
        yield ""
        yield "Recent deliveries that named it and changed nothing"
        yield from _mentions(found["missed"])
    yield ""
    yield "Fields"
    for slug, row in found["fields"].items():
        yield from _field(slug, row)
    if found["life"] or found["dropped"]:
        yield ""
        yield from _life(found)


def _field(slug: str, row: Mapping[str, Any]) -> Iterator[str]:
    source = f" by {row['source']}" if row["source"] else ""
    version = f", version {row['version']}" if row["version"] else ""
    yield from _wrapped(f"{slug}: {row['state']}{source}{version}", indent="  ")
    if row["state"] != "left out":
        yield from _wrapped(f"wanted  {_short(row['wanted'])}", indent="    ", more=8)
    at = f", shown {row['confirmed_at']}" if row["confirmed_at"] else ""
    held = {
        "confirmed": "the same" if row["state"] != "dead" else _short(row["held"]),
        "history": _short(row["held"]),
        "other": "another value",
        "unknown": "unknown",
    }[row["known"]]
    yield from _wrapped(f"CMS     {held}{at}", indent="    ", more=8)
    if row.get("repair_at"):
        yield from _wrapped(f"repair  {row['repair_at']}", indent="    ")


def _life(found: Mapping[str, Any]) -> Iterator[str]:
    from service.operate.record_entries import folded

    yield "Life, newest last"
    if found["dropped"]:
        yield f"  {found['dropped']:,} older entries were dropped"
    for entry, times, last in folded(found["life"]):
        more = f" ({times} times, last at {last})" if times > 1 else ""
        yield from _wrapped(f"{entry['at']}  {entry['says']}{more}", indent="  ", more=2)
        for slug, each in entry["fields"].items():
            value = f" {_short(each['value'])}" if each.get("value") is not None else ""
            fate = f"{slug}: {each['outcome']}{value}{_against(each['against'])}"
            yield from _wrapped(fate, indent="    ", more=2)
        if entry["call"] and entry["call"]["method"]:
            call = f"{entry['call']['method']} {entry['call']['path']}"
            yield from _wrapped(call, indent="    ", more=2)


def _against(against: Mapping[str, Any] | None) -> str:
    if against is None:
        return ""
    event = f" event {against['event']} of" if against["event"] else ""
    return f", {against['why']}: {against['version']},{event} {against['source']}"


def _short(value: Any, most: int = 200) -> str:
    text = printable(value) if value is not None else "null"
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _labelled(label: str, text: str) -> Iterator[str]:
    yield from _wrapped(f"{label:{_LABEL}} {text}", indent="", more=_LABEL + 1)


def _wrapped(text: str, *, indent: str = "", more: int = 0) -> Iterator[str]:
    """Yield *text* in lines of at most 80 columns, its times as this machine's zone shows them."""
    yield from textwrap.wrap(
        printable(local_times(text)),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * more,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def local_times(text: str) -> str:
    """Return *text* with its UTC times as local ones, with the zone's name."""
    return _MOMENT.sub(lambda found: _local(found[0]), text)


def _local(text: str) -> str:
    when = datetime.fromisoformat(text).astimezone()
    part = f".{when.microsecond // 1000:03d}" if when.microsecond else ""
    return f"{when:%Y-%m-%d %H:%M:%S}{part} {when.tzname()}"
