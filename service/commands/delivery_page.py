"""Deliveries as text: a line or two of the list, and the page of one."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from service.commands.output import printable

_COLORS: Final = {"kept": "green", "refused": "red", "unmapped": "red", "spooled": "yellow"}
_BEFORE_ID: Final = 38  # characters: time, outcome, status
_KEYS: Final = 3  # shown in a list; --json has more


def show_line(found: Mapping[str, Any]) -> None:
    """Print two lines or more; ids and keys are never broken or cut, so that they can be pasted."""
    at = f"{found['at'][:19].replace('T', ' ')}Z"
    color = _COLORS.get(found["outcome"])
    outcome = click.style(f"{found['outcome']:9}", fg=color)
    status = f"{found['status']}" if found["status"] else "   "
    fits = len(found["id"]) <= _width() - _BEFORE_ID
    click.echo(
        f"{at}  {outcome}  {status}  {found['id']}" if fits else f"{at}  {outcome}  {status}"
    )
    if not fits:
        click.echo(f"    {found['id']}")
    for line in _details(found):
        click.echo(line)


def _details(found: Mapping[str, Any]) -> Iterator[str]:
    many = f"{found['events']:,} events" if found["events"] > 1 else ""
    keys = [printable(key) for key in found["keys"][:_KEYS]]
    more = "…" if len(found["keys"]) > _KEYS else ""
    parts = (printable(found["topic"]) if found["topic"] else "", many, ", ".join(keys) + more)
    for text in (" · ".join(part for part in parts if part), printable(found["reason"] or "")):
        if text:
            yield from wrapped(text)


def _width() -> int:
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def wrapped(text: str) -> list[str]:
    indent = " " * 4
    return textwrap.wrap(
        text,
        _width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def show_page(found: Mapping[str, Any]) -> None:
    show_line(found)
    if found["outcome"] == "refused":
        _show_refused(found)
        return
    if proof := found["proof"]:
        place = f", secret {proof['secret']} of {proof['of']}" if proof["secret"] else ""
        click.echo(f"Proven by {proof['scheme']}{place}")
    for each in found["found"]:
        _show_event(each)
    if found["more"]:
        click.echo(f"  and {found['more']:,} events more")
    _show_body(found)


def _show_refused(found: Mapping[str, Any]) -> None:
    checked = found["checked"]
    if checked.get("scheme"):
        click.echo(f"Checked by {checked['scheme']}: {checked['proof']}")
    for name, state in checked.get("headers", {}).items():
        click.echo(f"  header {printable(name)}: {state}")
    if url := checked.get("url"):
        click.echo(f"  signed URL: {printable(url)}")
    if found["status"] == 401:
        do = f"compare the secrets of [sources.{found['source']}] with the sender's settings"
        click.echo("\n".join(wrapped(f"Do: {do}")).lstrip())
    click.echo("Its body was not kept, so it cannot be replayed: have the source send it again.")


def _show_event(event: Mapping[str, Any]) -> None:
    name = f"Event {printable(event['event'])}" if event["event"] else "Event"
    topic = f", {printable(event['topic'])}" if event["topic"] else ""
    click.echo(f"{name}{topic}: {event['became']}")
    for change in event["changes"]:
        _show_change(change)
    for fetch in event["fetches"]:
        click.echo(f"  fetched by {fetch['fetcher']}: {printable(fetch['object'])}")
    for problem in event["problems"]:
        for line in wrapped(f"{printable(problem['path'])}: {printable(problem['message'])}"):
            click.echo(line)
    if why := event["why"]:
        for line in wrapped(why):
            click.echo(line)
    if letter := event["dead_letter"]:
        click.echo(f"  dead letter {letter['id']} ({letter['state']})")


def _show_change(change: Mapping[str, Any]) -> None:
    record = printable(change["key"] or change["item"])
    click.echo(f"  {change['mapping']}: {change['collection']} {record}")
    if change["retire"]:
        click.echo(f"    the record is gone at its source ({change['retire']})")
    for slug, value in change["fields"].items():
        for line in wrapped(f"{slug} = {printable(value)}"):
            click.echo(line)


def _show_body(found: Mapping[str, Any]) -> None:
    if found["body"] is None:
        click.echo("Its body was not kept.")
        return
    for name, value in found["headers"].items():
        click.echo(f"{printable(name)}: {printable(value)}")
    kind = "" if found["encoding"] == "text" else ", as base64"
    click.echo(f"Body, {found['bytes']:,} bytes{kind}:")
    # Line by line: a control code in it would be obeyed by a terminal.
    for line in found["body"].splitlines():
        click.echo(printable(line))
    if found["cut"]:
        click.echo(f"… the rest: instep deliveries show {found['id']} --body")
