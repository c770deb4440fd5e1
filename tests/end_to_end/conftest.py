"""The way out, opened by a test and closed after it."""

import pytest
from delivering import Way


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
