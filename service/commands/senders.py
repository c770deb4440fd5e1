"""``instep senders``: the supported senders, their settings, and what to enter in one of them."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from service.commands.output import as_json, table
from service.commands.page import width, wrapped

if TYPE_CHECKING:
    from service.operate.sender_setup import SenderSetup


@click.command()
@click.argument("name", required=False)
@click.option(
    "--source", help="Show what to enter in the settings of NAME for this source of instep.toml."
)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def senders(name: str | None, source: str | None, json_wanted: bool) -> None:
    """
    List the supported senders and their settings, or those of NAME.

    With --source: the address, the secret and the steps for the settings page of NAME.
    """
    from service.senders import SENDERS
    from service.senders.catalog import listing
    from workers.model.nearest import nearest

    found = [row for row in listing() if name in (None, row["name"])]
    if not found:
        near = nearest(name or "", SENDERS)
        hint = f", {near} is near" if near else ""
        click.echo(f"there is no sender {name}{hint}; `instep senders` lists all of them", err=True)
        raise SystemExit(1)
    if source is not None:
        _show_setup(_setup(name, source), json_wanted)
    elif json_wanted:
        as_json(found)
    else:
        _show(found)


def _setup(name: str | None, source: str) -> SenderSetup:
    from service.config.build import build, without_mappings
    from service.operate.sender_setup import setup_of
    from service.operate.suggestion import require_source
    from workers.config.loader import fill, read
    from workers.errors import MappingsInvalid

    fill(os.environ)
    mapped = True
    try:
        configuration = build(os.environ)
    except MappingsInvalid:
        configuration, mapped = without_mappings(os.environ), False
    require_source(configuration, source)
    kind = configuration.settings.sources[source].sender
    if name not in (None, kind):
        raise click.UsageError(f"found {name}, expected {kind}: the sender of {source}")
    return setup_of(configuration, read(os.environ), source, mapped=mapped)


def _show_setup(setup: SenderSetup, json_wanted: bool) -> None:
    if json_wanted:
        as_json(asdict(setup))
        return
    click.echo(f"{setup.sender}, for [sources.{setup.source}]\n")
    topics = ", ".join(setup.topics) if setup.topics else "none yet: instep suggest"
    rows = [
        ("address", setup.url),
        ("secret", f"{_secret(setup)}: {setup.meaning}"),
        ("topics", "all of them" if setup.topics is None else topics),
    ]
    for label, text in rows:
        for line in wrapped(f"{label:9}{text}", width(), rest=" " * 9):
            click.echo(line)
    click.echo()
    for paragraph in setup.steps.split("\n\n"):
        for line in wrapped(" ".join(paragraph.split()), width(), rest=""):
            click.echo(line)
    click.echo(f"\nMore: instep docs {setup.page}")
    if not setup.public:
        click.echo(_NO_HOST, nl=False)


def _secret(setup: SenderSetup) -> str:
    return ", ".join(setup.secrets) if setup.secrets else "as instep.toml says"


_NO_HOST = """
The address has no host yet: set public_url in instep.toml. On your own machine a
tunnel gives you one for a while:

  cloudflared tunnel --url http://127.0.0.1:8000
  ngrok http 8000
"""


def _show(found: list[dict[str, Any]]) -> None:
    columns = ("name", "proof", "secrets", "deduplicates_by", "orders_by", "retries", "max_body")
    shown = [row | {"max_body": f"{row['max_body'] // 2**20} MiB"} for row in found]
    rows = [[row[column] for column in columns] for row in shown]
    table("Senders", [column.replace("_", " ") for column in columns], rows)
    settings = [
        (row["name"], each["key"], _default(each), each["expected"])
        for row in found
        for each in row["settings"]
    ]
    table("Settings", ("sender", "key", "default", "expected"), settings)


def _default(setting: dict[str, Any]) -> Any:
    return "required" if setting["required"] else setting["default"]
