"""A list of deliveries whose time is up: it says how far it has looked, and goes on from there."""

from functools import partial
from itertools import count, product

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate import deliveries
from service.operate.deliveries import list_deliveries
from tests.support.deliveries_rig import Deliveries
from tests.support.depth import some
from workers.store import delivery_list

FILTERS = (
    {"key": "wanted"},
    {"key": "many-55"},
    {"key": "nothing"},
    {"outcome": "duplicate"},
    {"outcome": "unwanted", "source": "erp"},
    {"source": "brief"},
    {},
)


@pytest.fixture
def rig(tmp_path, store, store_socket, monkeypatch):
    """Deliveries of four sources, of which a read takes a few only."""
    assert store.dbsize() == 0
    monkeypatch.setattr(delivery_list, "FIRST", 2)
    monkeypatch.setattr(delivery_list, "MOST", 3)
    made = Deliveries(tmp_path, store_socket)
    for n in range(12):
        sku = "wanted" if n % 5 == 0 else f"other-{n}"
        made.send(type="price", sku=sku, cents=n, id=f"e{n}")
        made.send(source="brief", sku=sku, cents=n)
        made.send(source="crm", sku=sku)
        made.send(type="order", sku=sku)
        made.send(type="price", sku=sku, cents=n, id=f"e{n}")
    # More keys than are listed: only its body tells that it fits.
    made.send(*({"type": "price", "sku": f"many-{n}", "cents": n} for n in range(60)))
    yield made
    made.close()


def ids(page):
    return [each["id"] for each in page.items]


@pytest.mark.parametrize(("filters", "limit"), some(product(FILTERS, [1, 3, 200]), 2), ids=str)
def test_page_by_page_nothing_is_left_out_or_listed_twice(rig, filters, limit):
    whole = ids(rig.listed(limit=200, seconds=3600, **filters))
    ticks = count()
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = rig.listed(
            limit=limit, cursor=cursor, seconds=2, clock=lambda: float(next(ticks)), **filters
        )
        assert len(page.items) <= limit
        assert page.next != cursor
        found, cursor, pages = found + ids(page), page.next, pages + 1
    assert found == whole
    assert pages > 1


def test_a_page_says_how_far_it_has_looked(rig):
    told = []
    empty = rig.listed(key="nothing", seconds=-1, told=told.append)
    assert empty.items == []
    assert len(told) == 1
    told.clear()
    rest = rig.listed(key="nothing", cursor=empty.next, seconds=3600, told=told.append)
    assert rest.next is None
    assert sum(told) > 20


def test_the_command_goes_on_by_itself(rig, monkeypatch):
    whole = ids(rig.listed(limit=200, seconds=3600, key="wanted"))
    monkeypatch.setattr(deliveries, "list_deliveries", partial(list_deliveries, seconds=-1))
    asked = ("deliveries", "list", "--key", "wanted", "--limit")
    some, all_of = (
        CliRunner().invoke(main, [*asked, str(limit)], env=rig.environ).stdout
        for limit in (len(whole) - 1, len(whole))
    )
    assert [whole.index(id) for id in whole if f"  {id}\n" in all_of] == [*range(len(whole))]
    assert "There are older ones" not in all_of
    assert "There are older ones" in some
    assert f"  {whole[-1]}\n" not in some
