"""``instep check``: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from service.commands.check_findings import Findings
from service.commands.output import as_json
from service.commands.page import echo, width
from service.operate.token_check import schema_or_problem
from workers.errors import ConfigurationInvalid, MappingsInvalid, Problem

if TYPE_CHECKING:
    from service.config.build import Configuration
    from workers.config.settings import Destination
    from workers.store.rate_limiter import Limiter


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def check(json_wanted: bool) -> None:
    """
    Check configuration, mappings, store and tokens.

    Exits 1 if there are errors. Warnings do not change the exit code.
    """
    from service.commands.check_store import contents, store
    from service.config.build import of_process
    from service.reconcile.snapshot.choice import wrong_addresses
    from workers.store.rate_limiter import Limiter

    found = Findings()
    try:
        configuration = of_process()
    except ConfigurationInvalid as error:
        found.errors += error.problems
        _report(found, json_wanted)
        # An invalid mapping is a result of the check; without a configuration there is nothing to
        # check.
        raise SystemExit(1 if isinstance(error, MappingsInvalid) else 2) from None
    settings = configuration.settings
    steps = store(settings, found)
    found.errors += wrong_addresses(settings, os.environ)
    found.errors += _tokens(configuration, Limiter(steps) if steps else None, found.notes)
    if steps:
        contents(settings, steps, found)
        steps.client.connection_pool.disconnect()
    _add_use(configuration, found)
    _report(found, json_wanted)
    raise SystemExit(1 if found.errors else 0)


def _add_use(configuration: Configuration, found: Findings) -> None:
    """Add what the configuration shows by itself."""
    from service.commands import check_use
    from service.commands.check_create import never_created
    from service.commands.check_versions import mixed_versions
    from service.reconcile.snapshot.version_check import in_configuration

    settings, now = configuration.settings, datetime.now(UTC)
    found.errors += check_use.ended_secrets(settings, now)
    found.warnings += settings.warnings
    found.warnings += in_configuration(configuration)
    found.warnings += mixed_versions(configuration)
    found.warnings += never_created(configuration)
    found.warnings += check_use.unread_sources(configuration)
    found.warnings += check_use.ending_secrets(settings, now)
    found.notes += check_use.unwritten_collections(configuration)


def _report(found: Findings, json_wanted: bool) -> None:
    if json_wanted:
        as_json(found.as_dict())
        return
    for line in found.lines(width()):
        echo(line)


def _tokens(
    configuration: Configuration, limiter: Limiter | None, notes: list[str]
) -> Iterator[Problem]:
    from service.commands.check_locales import locales

    for destination in configuration.settings.destinations.values():
        found = list(_answers(configuration, destination, limiter, notes))
        yield from found
        of_all = f"{configuration.settings.path}: destinations.{destination.name}."
        if not any(problem.where.startswith(of_all) for problem in found):
            yield from locales(configuration, destination, limiter, notes)


def _answers(
    configuration: Configuration,
    destination: Destination,
    limiter: Limiter | None,
    notes: list[str],
) -> Iterator[Problem]:
    from service.commands.check_fields import missing_fields

    settings = configuration.settings
    of_all = f"{settings.path}: destinations.{destination.name}."
    for collection in settings.collections_of(destination.name) or (None,):
        answer = schema_or_problem(settings.path, destination, collection, limiter)
        if isinstance(answer, Problem):
            yield answer
            if answer.where.startswith(of_all):
                return  # the others would fail alike, for one call of the budget each
        elif collection is not None:
            notes.append(f"Collection {collection.name}: destination {destination.name} answers")
            yield from missing_fields(configuration, collection, answer.schema)
            if collection.missing == "create":
                copy = "live" if destination.live else "staged, for the next publish of the site"
                notes.append(f"Collection {collection.name}: missing items are created, {copy}")
        else:
            notes.append(f"Destination {destination.name} answers; no collection uses it")
