"""``instep check``: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.commands import check_page
from service.commands.output import as_json
from service.commands.page import echo, width
from workers.errors import ConfigurationInvalid, MappingsInvalid

if TYPE_CHECKING:
    from service.operate.check_findings import Findings


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def check(json_wanted: bool) -> None:
    """
    Check configuration, mappings, store and tokens.

    Exits 1 if there are errors. Warnings do not change the exit code.
    """
    from service.config.build import of_process
    from service.operate.check import check_all
    from service.operate.check_findings import Findings

    try:
        configuration = of_process()
    except ConfigurationInvalid as error:
        _report(Findings(errors=[*error.problems]), json_wanted)
        # An invalid mapping is a result of the check; without a configuration there is nothing to
        # check.
        raise SystemExit(1 if isinstance(error, MappingsInvalid) else 2) from None
    found = check_all(configuration)
    _report(found, json_wanted)
    raise SystemExit(1 if found.errors else 0)


def _report(found: Findings, json_wanted: bool) -> None:
    if json_wanted:
        as_json(found.as_dict())
        return
    for line in check_page.lines(found, width()):
        echo(line)
