"""The way out, opened by a test and closed after it."""

import os

import pytest

from tests.support.delivery_rig import Way
from tests.support.reconcile_rig import Reconciling
from tests.support.started import Started
from tests.support.writeback_rig import STATEMENT, Shop, Telling

PATIENCE = 20.0  # s


@pytest.fixture
def open_way(store):
    """Opens a way out, see `Way`; whatever the test did, the counters must balance at its end."""
    ways = []

    def open(**options):
        ways.append(Way(store, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


@pytest.fixture(params=["v2", "v1"])
def api(request):
    return request.param


@pytest.fixture
def way(open_way, api):
    """A way out to twenty products by their item ids, by each version."""
    return open_way(api=api)


@pytest.fixture
def bulk(open_way):
    """A way out by v2 to two hundred products by their item ids."""
    return open_way(items=200)


@pytest.fixture
def instep(tmp_path):
    """Start ``instep`` with some arguments; what still runs at the end is stopped."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("INSTEP_", "REDIS_"))}
    started = []

    def _instep(*arguments, folder=tmp_path, **environ):
        started.append(Started(arguments, folder, clean | environ, tmp_path / "errors.log"))
        return started[-1]

    yield _instep
    for process in reversed(started):
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


@pytest.fixture
def making(open_way, api):
    """A way out to twenty products by their keys, that creates what is missing."""
    return open_way(api=api, by="key", collection={"missing": "create"})


@pytest.fixture
def reconciling(store):
    """Opens a way out with a reconcile beside it; its counters balance at the end."""
    ways = []

    def open(**options):
        ways.append(Reconciling(store, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


@pytest.fixture
def shop(tmp_path):
    """A table of products, which a write-back may write to."""
    return Shop(tmp_path / "shop.db")


@pytest.fixture
def telling(store):
    """Opens a way out with the write-back "shop", by default to a sink; its counters balance."""
    ways = []

    def open(shop=None, options=None, **given):
        own = {"sql": f"sqlite:///{shop.path}", "statement": STATEMENT} if shop else {}
        ways.append(Telling(store, writebacks={"shop": own | given}, **(options or {})))
        return ways[-1]

    yield open
    for way in ways:
        way.check()
        way.close()
