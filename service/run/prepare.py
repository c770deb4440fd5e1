"""
Checks a new configuration for a running service, in a process of its own, and upgrades the store.

    python -m service.run.prepare < RUNNING > RESULT

It has the files and the code of this moment, while the service still has those of its start.
RUNNING and RESULT are JSON objects, see `Standing` and `Prepared`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import Any

from service.config import logging_setup
from service.config.build import Configuration, of_process
from service.operate.cms_request import ask
from service.operate.token_check import refusal
from workers.config.settings import Settings, StoreSettings
from workers.errors import (
    ConfigurationInvalid,
    DestinationError,
    Problem,
    StoreNewer,
    StoreUnavailable,
    StoreUnsafe,
)
from workers.store import connection, durability, version
from workers.store.connection import guarded
from workers.store.rate_limiter import Limiter
from workers.store.scripts import Steps
from workers.store.upgrade import Upgrade

_PATIENCE = 5.0  # s for a place in the budget
_SECONDS = 5.0  # s for the CMS, which may be away


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What a running service cannot change, and knows already.

    Args:
        url, data, durability, memory_mb: Of its store.
        known: Collections that are written, with the hashes of their tokens, see `known`.
        upgrades: It has workers, before which the store is upgraded.
    """

    url: str | None
    data: str
    durability: str
    memory_mb: int
    known: tuple[str, ...] = ()
    upgrades: bool = True

    @classmethod
    def of(cls, settings: Settings, *, upgrades: bool) -> Standing:
        store = settings.store
        known = tuple(_known(settings, name) for name in settings.collections)
        data = str(store.data.resolve())
        return cls(store.url, data, store.durability, store.memory_mb, known, upgrades)


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    What was found.

    Args:
        problems: All that is wrong, as `Problem.as_dict`.
        notes: What could not be checked.
        fetchers: Of the mappings.
        parts: Collection → number of parts of its keys.
        release: Version of the code.
    """

    problems: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    fetchers: tuple[str, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)
    release: str = ""


def fixed(standing: Standing, store: StoreSettings, file: Path) -> Iterator[Problem]:
    """Yield what of *store* only a restart can change."""
    do = "restart Instep to change it, or change it back"
    if store.url != standing.url:
        yield Problem("REDIS_URL", "another store", "the store of what is running", do)
    if (data := str(store.data.resolve())) != standing.data:
        yield Problem("INSTEP_DATA", data, f"{standing.data}, as what is running has it", do)
    keys = ("durability",) if store.url else ("durability", "memory_mb")
    for key in keys:
        now, then = getattr(store, key), getattr(standing, key)
        if now != then:
            place = f"{file}: store.{key}"
            yield Problem(place, repr(now), f"{then!r}, as what is running has it", do)


def prepare(standing: Standing) -> Prepared:
    """Check everything; upgrade the store if nothing is wrong."""
    try:
        configuration = of_process()
    except ConfigurationInvalid as error:
        return Prepared(problems=tuple(each.as_dict() for each in error.problems))
    settings = configuration.settings
    notes: list[str] = []
    problems = list(fixed(standing, settings.store, settings.path))
    if not problems:
        problems += _tokens(settings, standing, notes)
    if not problems and standing.upgrades:
        problems += _upgrade(configuration, notes)
    return Prepared(
        tuple(each.as_dict() for each in problems),
        tuple(notes),
        tuple(configuration.mappings.fetchers),
        parts_of(configuration),
        release(),
    )


def parts_of(configuration: Configuration) -> dict[str, int]:
    """Return the number of parts of each collection's keys, for the upgrade of the store."""
    parts: dict[str, int] = {}
    for rule in configuration.mappings.rules:
        options = rule.options
        count = len(options.record) if options.by == "key" else 1
        parts[options.collection] = max(parts.get(options.collection, 1), count)
    return parts


def release() -> str:
    """Return the version of the installed code; "" in a checkout."""
    try:
        return metadata.version("instep")
    except metadata.PackageNotFoundError:
        return ""


def _known(settings: Settings, name: str) -> str:
    collection = settings.collections[name]
    return f"{settings.destinations[collection.destination].budget} {collection.id}"


def _tokens(settings: Settings, standing: Standing, notes: list[str]) -> Iterator[Problem]:
    """Ask the CMS for each collection that is new to its token; the others are known to work."""
    limiter = _limiter(settings)
    refused: set[str] = set()  # tokens
    for name, collection in settings.collections.items():
        destination = settings.destinations[collection.destination]
        if _known(settings, name) in standing.known or destination.budget in refused:
            continue
        try:
            answer = ask(destination, collection, limiter, patience=_PATIENCE, seconds=_SECONDS)
        except (DestinationError, StoreUnavailable) as error:
            notes.append(f"Collection {name}: not checked with the CMS: {error}")
            continue
        if problem := refusal(settings.path, destination, collection, answer):
            refused |= {destination.budget} if answer.status in (401, 403) else set()
            yield problem
        elif answer.status != HTTPStatus.OK:
            notes.append(f"Collection {name}: the CMS answers {answer.status}")


def _limiter(settings: Settings) -> Limiter | None:
    client = connection.connect(settings.store, retries=0)
    try:
        connection.reach(client, settings.store)
    except StoreUnavailable:
        return None
    return Limiter(Steps(client))


def _upgrade(configuration: Configuration, notes: list[str]) -> Iterator[Problem]:
    """Upgrade the store before workers of this release claim anything from it."""
    settings = configuration.settings
    client = connection.connect(settings.store)
    try:
        durability.check(client, settings.store)
        with guarded():
            version.read(client)
        Upgrade(Steps(client), settings, parts_of(configuration)).complete()
    except StoreNewer as error:
        yield error.problem
    except StoreUnsafe as error:
        yield Problem("the store", str(error), "a store that is safe enough", "correct it")
    except StoreUnavailable as error:
        notes.append(f"The store is away: {error}")


def main() -> None:
    # Mappings may print.
    result = os.dup(1)
    os.dup2(2, 1)
    logging_setup.configure()
    told: dict[str, Any] = json.load(sys.stdin)
    found = prepare(Standing(**told))
    with os.fdopen(result, "w") as file:
        json.dump(asdict(found), file)


if __name__ == "__main__":
    main()
