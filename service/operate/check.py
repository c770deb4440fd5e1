"""The check: configuration, mappings, store and tokens, before or while it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from service.config.build import Configuration
from service.operate import check_items, check_use, check_writeback, removed_writebacks
from service.operate.check_create import never_created
from service.operate.check_destination import DestinationCheck, SeenItems
from service.operate.check_findings import Findings
from service.operate.check_meeting import unmet
from service.operate.check_overlap import overlapping
from service.operate.check_publish import designer_changes
from service.operate.check_secrets import unfilled
from service.operate.check_store import contents, store
from service.operate.check_versions import mixed_versions
from service.reconcile.snapshot.choice import wrong_addresses
from service.reconcile.snapshot.version_check import in_configuration
from workers.errors import Problem, StoreUnavailable
from workers.store.rate_limiter import Limiter
from workers.store.scripts import Steps


def check_all(configuration: Configuration, unread: Sequence[Problem] = ()) -> Findings:
    """
    Return what is found of *configuration*, its store and its tokens; the CMS is asked.

    *unread*: the problems of the mappings that could not be read, whole or in part.
    """
    found, settings = Findings(errors=[*unread]), configuration.settings
    if unread:
        found.notes.append("What the mappings with errors write is checked once they are mended")
    steps = store(settings, found)
    found.errors += wrong_addresses(settings, os.environ)
    found.errors += check_writeback.targets(settings, found.notes)
    try:
        _compare(configuration, steps, found)
        if steps:
            contents(settings, steps, found)
    except StoreUnavailable as error:
        do = "run it again: not all was checked"
        found.errors.append(Problem("store", str(error), "a store that answers", do))
    if steps:
        steps.client.connection_pool.disconnect()
    _add_use(configuration, found)
    return found


def _add_use(configuration: Configuration, found: Findings) -> None:
    """Add what the configuration shows by itself."""
    settings, now = configuration.settings, datetime.now(UTC)
    found.errors += check_use.ended_secrets(settings, now)
    found.errors += unfilled(settings)
    found.errors += check_use.topicless(configuration)
    found.warnings += settings.warnings
    found.warnings += in_configuration(configuration)
    found.warnings += mixed_versions(configuration)
    found.warnings += unmet(configuration)
    found.warnings += overlapping(configuration)
    found.warnings += never_created(configuration)
    found.warnings += check_use.unread_sources(configuration)
    found.warnings += check_use.unused_mappings(configuration)
    found.warnings += designer_changes(configuration)
    found.warnings += check_use.ending_secrets(settings, now)
    found.notes += check_use.unwritten_collections(configuration)


def _compare(configuration: Configuration, steps: Steps | None, found: Findings) -> None:
    """Ask the CMS, and add what it and *steps*, the store, know of the items."""
    settings, items = configuration.settings, SeenItems()
    limiter = Limiter(steps) if steps else None
    for destination in settings.destinations.values():
        DestinationCheck(configuration, destination, limiter, found, items).run()
    for name, collection in settings.collections.items():
        keys = items.keys.get(name, {})
        if steps:
            keys = keys | check_items.stored_duplicates(settings, steps, collection)
        found.warnings += check_items.duplicates(name, keys)
    if steps:
        found.errors += check_items.waits(settings, steps, items.totals)
        found.warnings += removed_writebacks.waits(settings, steps)
