"""What ``instep preview`` prints for people: each item before and after, and why mappings wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from service.commands.output import printable, table
from service.commands.page import echo, width, wrapped

if TYPE_CHECKING:
    from service.ingest.intake import Preview
    from workers.model.changes import Change


def show(found: Preview, told: Mapping[str, Any], none: str) -> None:
    """
    Print *found*, and what `previews.as_dict` makes of it, *told*.

    Args:
        none: Why no mapping can use the payload at all; "": those that do not say why.
    """
    before: str | None = None
    for change, row in zip(found.changes, told["changes"], strict=True):
        if row["topic"] not in (None, before):
            echo(f"Topic: {printable(row['topic'])}")
        before = row["topic"]
        _show_change(change, row)
    for fetch in found.fetches:
        echo(f"Would be fetched by {fetch.fetcher}: {printable(fetch.object)}")
    for problem in found.problems:
        text = f"Problem at {printable(problem.path)}: {printable(problem.message)}"
        echo(click.style(text, fg="red"))
    if not (found.changes or found.problems or found.fetches):
        text = f"No mapping uses this payload{none and f': {none}'}"
        echo(click.style(text, fg="yellow"))
    for each in told["unmatched"]:
        for line in wrapped(f"{each['mapping']}: not used: {each['why']}", width(), rest="  "):
            echo(click.style(line, dim=True))


def hint(headers: Iterable[str]) -> None:
    """Print the *headers* that the source reads and that were not given."""
    if names := ", ".join(headers):
        echo(f"The source also reads these headers (--header 'NAME: VALUE'): {names}")


def _show_change(change: Change, row: Mapping[str, Any]) -> None:
    record = printable(change.shown or change.record)
    title = f"{change.mapping}: {change.collection}, {change.by} {record}"
    if change.retire:
        echo(click.style(f"{title}: the record is gone at its source ({change.retire})", fg="red"))
        return
    before, after = row["before"], row["after"]
    rows = [
        (each.slug, _type(each.type, after[each.slug]), before[each.slug], _null(after[each.slug]))
        for each in change.fields
    ]
    styles = [_style(before[each.slug], after[each.slug]) for each in change.fields]
    table(title, ("field", "type", "before", "after"), rows, styles=styles)
    if "creates" in row:
        echo(f"  {row['creates']}")


def _style(before: Any, after: Any) -> tuple[str, str, str, str]:
    """Return the styles of a row: what stays as it is recedes."""
    if before is None:  # nothing is known of it
        return "bold", "", "dim", "green"
    return ("dim",) * 4 if before == after else ("bold", "", "red", "green")


def _type(name: str, value: Any) -> str:
    """Return the type of a field in words; most types of the CMS are sent as they are: plain."""
    if name != "plain":
        return name
    return {bool: "boolean", str: "text"}.get(type(value), "plain")


def _null(value: Any) -> Any:
    return "null" if value is None else value
