"""Outboxes for the tests of this folder."""

import pytest
from outbox_driver import Bench


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
