"""``instep check``: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from service.commands.output import as_json
from service.operate.cms_request import ask
from workers.errors import (
    ConfigurationInvalid,
    DestinationError,
    MappingsInvalid,
    Problem,
    StoreNewer,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis

    from service.config.build import Configuration
    from workers.config.settings import Collection, Destination, Settings
    from workers.store.rate_limiter import Limiter
    from workers.store.scripts import Steps
    from workers.webflow.item_answers import Answer

SHOWN = 10  # keys of a collection with several items
REFUSALS: Mapping[int, tuple[str, str, str]] = {  # status: key, expected, do
    401: ("token", "a token that the CMS knows", "create a new token and set it"),
    403: (
        "token",
        "a token that may read and write the CMS",
        "give it the scopes cms:read and cms:write",
    ),
    404: ("id", "the id of a collection that the token can see", "correct the id, or the token"),
}


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def check(json_wanted: bool) -> None:
    """Check configuration, mappings, store and tokens."""
    from service.commands.check_create import never_created
    from service.commands.check_versions import mixed_versions
    from service.config.build import of_process
    from service.reconcile.snapshot.choice import wrong_addresses
    from service.reconcile.snapshot.version_check import in_configuration
    from workers.store.rate_limiter import Limiter

    notes: list[str] = []
    try:
        configuration = of_process()
    except ConfigurationInvalid as error:
        _report(error.problems, notes, json_wanted)
        # An invalid mapping is a result of the check; without a configuration there is nothing to
        # check.
        raise SystemExit(1 if isinstance(error, MappingsInvalid) else 2) from None
    settings = configuration.settings
    steps, problems = _store(settings, notes)
    problems += wrong_addresses(settings, os.environ)
    problems += _tokens(configuration, Limiter(steps) if steps else None, notes)
    if steps:
        problems += _losses(settings, steps)
        notes += _twins(settings, steps)
        notes += _merged(settings, steps)
        steps.client.connection_pool.disconnect()
    notes += mixed_versions(configuration)
    notes += never_created(configuration)
    _report(problems, notes, json_wanted, [*settings.warnings, *in_configuration(configuration)])
    raise SystemExit(1 if problems else 0)


def _report(
    problems: Sequence[Problem],
    notes: list[str],
    as_: bool,
    warnings: Sequence[Problem] = (),
) -> None:
    """Print the result; *warnings* do not change the exit code."""
    if as_:
        shown = [problem.as_dict() | {"level": "error"} for problem in problems]
        shown += [warning.as_dict() | {"level": "warning"} for warning in warnings]
        as_json({"ok": not problems, "problems": shown, "notes": notes})
        return
    for note in notes:
        click.echo(note)
    for warning in warnings:
        click.echo(f"Warning: {warning}")
    for problem in problems:
        click.echo(str(problem))
    click.echo("No problems found" if not problems else f"Problems: {len(problems)}")


def _store(settings: Settings, notes: list[str]) -> tuple[Steps | None, list[Problem]]:
    from workers.store import connection, durability
    from workers.store.scripts import Steps

    client = connection.connect(settings.store, retries=0)
    try:
        connection.reach(client, settings.store)
        found = durability.inspect(client)
    except StoreNewer as error:
        client.connection_pool.disconnect()
        return None, [error.problem]
    except StoreUnavailable as error:
        if settings.store.url is not None:
            do = "check that it runs, and the address"
            return None, [Problem("REDIS_URL", str(error), "a store that answers", do)]
        # The embedded store starts with up, web or worker: before that, nothing is wrong.
        notes.append("Store: not running yet; its durability is checked when it starts")
        return None, []
    notes.append(f"Store: {found.version}, durability {found.mode}")
    notes.append(_memory(client))
    return Steps(client), list(durability.faults(found, settings.store.durability))


def _memory(client: Redis) -> str:
    from workers.store import memory

    found = memory.read(client)
    used = f"Store: {found['used'] / 1_048_576:.0f} MB of memory used"
    if found["limit"]:
        return f"{used} of {found['limit'] / 1_048_576:.0f} MB"
    do = "set maxmemory, so that Instep can warn before the machine runs out"
    return f"{used}, without a limit; {do}"


def _losses(settings: Settings, steps: Steps) -> Iterator[Problem]:
    from workers.store.losses import Losses, problem

    yield from map(problem, Losses(steps).open(settings.collections))


def _merged(settings: Settings, steps: Steps) -> Iterator[str]:
    from workers.store.upgrade import Upgrade

    for name, count in Upgrade(steps, settings).merged().items():
        yield f"Collection {name}: the upgrade merged {count} records whose keys are the same key"


def _twins(settings: Settings, steps: Steps) -> Iterator[str]:
    """Yield the keys that listings have found in several items."""
    from workers.store.item_index import Items

    items = Items(steps, settings)
    for name, collection in settings.collections.items():
        found = items.duplicates(collection)
        for key, (first, *others) in list(found.items())[:SHOWN]:
            also = ", ".join(others)
            yield f"Collection {name}: items {first}, {also} have key {key}; {first} is written"
        if len(found) > SHOWN:
            yield f"Collection {name}: {len(found)} keys in all have several items"


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
        answer = _token(settings.path, destination, collection, limiter)
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


def _token(
    file: Path, destination: Destination, collection: Collection | None, limiter: Limiter | None
) -> Problem | Answer:
    place = f"{file}: destinations.{destination.name}"
    try:
        answer = ask(destination, collection, limiter)
    except DestinationError as error:
        do = "check the address"
        return Problem(f"{place}.base_url", str(error), "an answer from the CMS", do)
    status = answer.status
    # A token for a collection may have no access to the list of sites, or no such list exists.
    if status == 200 or (collection is None and status in (403, 404)):
        return answer
    if status in REFUSALS:
        key, expected, do = REFUSALS[status]
        if key == "id" and collection is not None:
            place = f"{file}: collections.{collection.name}"
        return Problem(f"{place}.{key}", f"status {status}", expected, do)
    where = f"{file}: collections.{collection.name}" if collection else f"{place}.base_url"
    return Problem(where, f"status {status}", "status 200", "try again later")
