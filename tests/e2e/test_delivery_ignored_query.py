"""Pictures whose addresses differ in the query alone, where that is to be ignored."""

import pytest

from service.reconcile.plan import causes
from service.sandbox.model.schema import Field

ADDRESS = "https://shop.example/a.png"


@pytest.fixture
def way(reconciling):
    way = reconciling(items=2)
    way.products.put_field(Field("photo", "Image"))
    sent(way, ADDRESS + "?token=1", version=1)
    return way


def sent(way, url, *, version):
    """How many requests an event of product 1 with the picture *url* takes."""
    way.forget_requests()
    way.change(1, photo={"url": url}, version=version)
    way.run()
    return len(way.patches())


def test_another_query_is_not_imported_anew(way):
    assert sent(way, ADDRESS + "?token=2", version=2) == 0
    assert sent(way, ADDRESS, version=3) == 0
    assert way.counts("unchanged") == (2,)


def test_another_address_is_imported(way):
    assert sent(way, ADDRESS + "?token=2", version=2) == 0
    assert sent(way, "https://shop.example/b.png?token=2", version=3) == 1


def test_what_somebody_has_changed_is_imported_though_the_query_alone_differs(way):
    way.edit(1, photo={"fileId": "f" * 24, "url": "https://cdn.example/other.png"})
    way.reconcile({way.record(1): ({"stock": way.staged(1)["stock"]}, None)}, partial=True)
    assert sent(way, ADDRESS + "?token=2", version=2) == 1


def test_a_snapshot_with_another_query_is_in_step(way):
    way.pass_time(61)
    record = {way.record(1): ({"photo": {"url": ADDRESS + "?token=9"}}, None)}
    told = way.reconcile(record, partial=True)
    assert (told.by_cause(), told.told()) == ({}, set())
    record = {way.record(1): ({"photo": {"url": "https://shop.example/b.png"}}, None)}
    assert way.reconcile(record, partial=True).by_cause() == {causes.MISSED: [way.record(1)]}
