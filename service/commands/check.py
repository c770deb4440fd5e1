"""``instep check``: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from service.commands import check_page
from service.commands.output import as_json
from service.commands.page import echo, width
from workers.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from service.operate.check_findings import Findings


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def check(json_wanted: bool) -> None:
    """
    Check configuration, mappings, store and tokens.

    Exits 1 if there are errors. Warnings do not change the exit code.
    """
    from service.config.build import readable
    from service.operate.check import check_all
    from service.operate.check_findings import Findings
    from workers.config.loader import fill

    fill(os.environ)
    try:
        configuration, unread = readable(os.environ)
    except ConfigurationInvalid as error:  # without a configuration there is nothing to check
        _report(Findings(errors=[*error.problems]), json_wanted)
        raise SystemExit(2) from None
    found = check_all(configuration, unread)
    _report(found, json_wanted)
    raise SystemExit(1 if found.errors else 0)


def _report(found: Findings, json_wanted: bool) -> None:
    if json_wanted:
        as_json(found.as_dict())
        return
    for line in check_page.lines(found, width()):
        echo(line)
