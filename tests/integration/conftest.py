"""Outboxes for the tests of this folder."""

import pytest

from service.operate import record_pages, record_scan
from service.reconcile.apply import proof, settlement
from service.run import sync
from tests.support.console import (  # noqa: F401  # fixtures
    console,
    console_application,
    fast_application,
    fast_console,
    unanswered,
)
from tests.support.fetches_rig import Way
from tests.support.outbox_driver import Bench


@pytest.fixture(autouse=True)
def whole_pages(monkeypatch):
    """Lists of records take the time that they need, so that a busy machine shortens no page."""
    monkeypatch.setattr(record_pages, "SECONDS", 60.0)
    monkeypatch.setattr(record_scan, "SECONDS", 60.0)


@pytest.fixture(autouse=True)
def soon_seen(monkeypatch):
    """What waits for the outbox, which works beside the test, looks at it often."""
    monkeypatch.setattr(settlement, "LOOK", 0.05)
    monkeypatch.setattr(proof, "LOOK", 0.05)
    monkeypatch.setattr(sync, "_LOOK", 0.1)


@pytest.fixture
def bench(store):
    """An outbox on an empty store."""
    return Bench(store)


@pytest.fixture
def bench_with(store):
    """Makes an outbox with other settings (``outbox_driver.settings``) on an empty store."""

    def make(**options):
        return Bench(store, **options)

    return make


@pytest.fixture
def way_with(store, tmp_path):
    """Makes the way of thin notices, with functions from a notice to what is read."""

    def make(product=None, other=None):
        return Way(store, tmp_path, product, other)

    return make


@pytest.fixture
def way(way_with):
    """The way of thin notices; at its end each notice has one fate."""
    way = way_with()
    yield way
    way.context.fetches.status()
