"""``instep dead``: list, show, replay and discard dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from service.commands.output import as_json, printable, table
from service.commands.session import joined

if TYPE_CHECKING:
    from workers.delivery.context import Context
    from workers.store.dead_letters import DeadLetters, Letter
    from workers.store.delivery_log import KeptDelivery

    Act = Callable[[Letter], str | None]  # returns why it could not be done

KINDS = ("refused", "exhausted", "unmapped", "missing", "not-applied")


@click.group()
def dead() -> None:
    """List, show, replay or discard dead letters."""


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    kind = click.option("--kind", type=click.Choice(KINDS), help="Only dead letters of this kind.")
    return kind(click.option("--collection", help="Only of this collection.")(command))


@dead.command("list")
@click.option("--all", "closed_too", is_flag=True, help="Include closed dead letters.")
@filters
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def list_(closed_too: bool, kind: str | None, collection: str | None, json_wanted: bool) -> None:
    """List the open dead letters."""
    with joined() as context:
        letters = context.letters.list(all=closed_too, kind=kind, collection=collection)
    found = [letter.as_dict() for letter in letters]
    if json_wanted:
        as_json(found)
        return
    columns = ("id", "kind", "collection", "record", "fields", "attempts", "status", "why")
    table("Dead letters", columns, [_row(letter) for letter in found])


def _row(letter: dict[str, Any]) -> tuple[Any, ...]:
    why = "; ".join(f"{each['field']}: {each['message']}" for each in letter["problems"])
    return (
        letter["id"],
        letter["kind"],
        letter["collection"],
        letter["key"] or letter["item"],
        ", ".join(letter["fields"] or dict.fromkeys(left["slug"] for left in letter["left_out"])),
        letter["attempts"],
        letter["status"],
        why or letter["message"],
    )


@dead.command()
@click.argument("id")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def show(id: str, json_wanted: bool) -> None:
    """Show one dead letter. If it could not be mapped, its payload, too."""
    with joined() as context:
        letter = context.letters.show(id)
    if letter is None:
        click.echo(f"there is no dead letter {id}", err=True)
        raise SystemExit(1)
    found = letter.as_dict()
    if letter.kind == "unmapped":
        found["body"] = letter.body.decode("utf-8", "replace")
    if json_wanted:
        as_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name + ':':12} {printable(value)}")


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    every = click.option("--all", "every", is_flag=True, help="All open dead letters.")
    return click.argument("ids", nargs=-1)(every(filters(command)))


@dead.command()
@chosen
def replay(ids: tuple[str, ...], every: bool, kind: str | None, collection: str | None) -> None:
    """Send dead letters again. Give their IDS, or --all with or without filters."""
    _check_choice(ids, every, kind, collection)
    with joined() as context:
        found = _choice(context.letters, ids, kind, collection)
        raw = any(letter is not None and letter.kind == "unmapped" for _, letter in found)
        # The mappings are loaded only for unmapped letters: others do not need them.
        act = _remap(context) if raw else partial(_return, context)
        _each(found, "replayed", act)


def _return(context: Context, letter: Letter) -> str | None:
    done, destination = context.letters.replay(letter.id)
    if destination:
        context.wakes.wake(destination)
    return None if done else "is closed, or holds nothing to send again"


def _remap(context: Context) -> Act:
    """Return the act that maps the event of a letter again, with the current mappings."""
    from service.config.build import of_process
    from service.ingest.intake import Intake

    configuration = of_process()
    collections = configuration.settings.collections
    intake = Intake(
        configuration.senders,
        configuration.mappings,
        context.outbox,
        context.wakes.wake,
        collections,
    )

    def act(letter: Letter) -> str | None:
        if letter.kind != "unmapped":
            return _return(context, letter)
        if letter.state != "open":
            return "is closed"
        if letter.stands_for_many:
            many = f"stands for {letter.times} events: correct the mapping"
            return f"{many}, run `instep remap {letter.source}`, then discard it"
        whole = _with_body(context, context.letters.show(letter.id) or letter)  # a list has none
        if not whole.body:
            return "was kept without its payload; have the source send it again, or discard it"
        receipt = intake.replay(whole)
        words = [f"{each.path}: {each.message}" for each in receipt.problems]
        # From the store, not from the receipt: it may refuse a version that the mapping accepted.
        left = context.letters.show(letter.id)
        if left is None or left.state != "open":
            return None
        words = words or [f"{each['field']}: {each['message']}" for each in left.problems]
        return f"{receipt.outcome}: {'; '.join(words)}"

    return act


def _with_body(context: Context, letter: Letter) -> Letter:
    """Return *letter* with its body; one kept without it has it while its delivery is stored."""
    from workers.store.delivery_log import Kept

    if letter.body or letter.again is None or not letter.again.number:
        return letter
    kept = Kept(context.outbox)
    found = kept.find(letter.source or "", letter.again.number, since=letter.created)
    if found is None:
        return letter
    return replace(letter, body=_own_body(found, letter.again.place))


def _own_body(found: KeptDelivery, place: int) -> bytes:
    """Return the body of the event at *place*: the reads of a fetch are kept as one list."""
    from service.ingest.event_mapper import FETCHER
    from service.senders.payload import canonical_text, parse_json

    if FETCHER not in found.headers:
        return found.body
    return canonical_text(parse_json(found.body)[place]).encode()


@dead.command()
@chosen
def discard(ids: tuple[str, ...], every: bool, kind: str | None, collection: str | None) -> None:
    """Drop dead letters for good. Give their IDS, or --all with or without filters."""
    _check_choice(ids, every, kind, collection)
    with joined() as context:
        found = _choice(context.letters, ids, kind, collection)
        discard_one = context.letters.discard
        _each(found, "discarded", lambda each: None if discard_one(each.id) else "is closed")


def _check_choice(
    ids: tuple[str, ...], every: bool, kind: str | None, collection: str | None
) -> None:
    if bool(ids) == every:
        raise click.UsageError("give the ids of dead letters, or --all")
    if ids and (kind or collection):
        raise click.UsageError("--kind and --collection need --all")


def _choice(
    letters: DeadLetters, ids: tuple[str, ...], kind: str | None, collection: str | None
) -> list[tuple[str, Letter | None]]:
    if ids:
        return [(id, letters.show(id)) for id in dict.fromkeys(ids)]
    return [(each.id, each) for each in letters.list(kind=kind, collection=collection)]


def _each(chosen: Iterable[tuple[str, Letter | None]], done: str, act: Act) -> None:
    """Do *act* to every letter; exit 1 if it failed for one of them."""
    good = bad = 0
    for id, letter in chosen:
        reason = "there is no such dead letter" if letter is None else act(letter)
        if reason is None:
            good += 1
        else:
            bad += 1
            click.echo(f"{id}: {printable(reason)}", err=True)
    click.echo(f"{done.capitalize()}: {good}")
    if bad:
        raise SystemExit(1)
