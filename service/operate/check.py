"""The check: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from service.config.build import Configuration
from service.operate import check_use
from service.operate.check_create import never_created
from service.operate.check_fields import missing_fields
from service.operate.check_findings import Findings
from service.operate.check_locales import locales
from service.operate.check_store import contents, store
from service.operate.check_versions import mixed_versions
from service.operate.token_check import schema_or_problem
from service.reconcile.snapshot.choice import wrong_addresses
from service.reconcile.snapshot.version_check import in_configuration
from workers.config.settings import Destination
from workers.errors import Problem
from workers.store.rate_limiter import Limiter


def check_all(configuration: Configuration) -> Findings:
    """Return what is found of *configuration*, its store and its tokens; the CMS is asked."""
    found, settings = Findings(), configuration.settings
    steps = store(settings, found)
    found.errors += wrong_addresses(settings, os.environ)
    found.errors += _tokens(configuration, Limiter(steps) if steps else None, found.notes)
    if steps:
        contents(settings, steps, found)
        steps.client.connection_pool.disconnect()
    _add_use(configuration, found)
    return found


def _add_use(configuration: Configuration, found: Findings) -> None:
    """Add what the configuration shows by itself."""
    settings, now = configuration.settings, datetime.now(UTC)
    found.errors += check_use.ended_secrets(settings, now)
    found.warnings += settings.warnings
    found.warnings += in_configuration(configuration)
    found.warnings += mixed_versions(configuration)
    found.warnings += never_created(configuration)
    found.warnings += check_use.unread_sources(configuration)
    found.warnings += check_use.ending_secrets(settings, now)
    found.notes += check_use.unwritten_collections(configuration)


def _tokens(
    configuration: Configuration, limiter: Limiter | None, notes: list[str]
) -> Iterator[Problem]:
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
