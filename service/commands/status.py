"""``instep status``: states, backlog, and the fate of every field value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from service.commands.output import as_json
from service.commands.page import echo, width
from service.commands.session import joined
from workers.errors import StoreUnavailable


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def status(json_wanted: bool) -> None:
    """Show what is wrong and what to do, then states and numbers."""
    from service.commands.running_status import status_of_running

    found = status_of_running(os.environ) or _status_of_store()
    if json_wanted:
        as_json(found)
    else:
        from service.commands.status_page import lines_of

        for line in lines_of(found, width(), datetime.now(UTC)):
            echo(line)
    if found["losses"]:
        raise SystemExit(1)


def _status_of_store() -> dict[str, Any]:
    with _with_reason(), joined() as context:
        from service.operate.status import status_of

        return status_of(context)


@contextmanager
def _with_reason() -> Iterator[None]:
    """Add the reason that /readyz gives, and what the spool keeps, to a StoreUnavailable."""
    try:
        yield
    except StoreUnavailable as error:
        from service.ingest.spool_count import waiting
        from service.operate.reasons import Seen, reasons_of
        from workers.config.loader import load

        name = reasons_of(Seen(trouble=error))[0].name
        spool = waiting(load(os.environ).store.data)
        kept = (
            f"; {spool.deliveries} deliveries, {spool.bytes} bytes, are safe in the spool of this "
            "machine and are accepted once it answers"
        ) * bool(spool.deliveries)
        raise StoreUnavailable(f"{name}: {error}{kept}") from error
