"""Fields that an item gets at its creation only."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from tests.support.delivery_rig import TYPES
from workers.model.changes import Change, FieldValue, canonical

MAKING = {"by": "key", "collection": {"missing": "create"}, "window": 600}


def change(way, record, *, once=(), version=None, **fields):
    """As `Way.change`, where the fields *once* are written at creation only."""
    record = way.record(record) if isinstance(record, int) else record
    values = tuple(
        FieldValue(slug, canonical(value), TYPES.get(slug, "plain"), slug in once)
        for slug, value in fields.items()
    )
    number = None if version is None else f"s{version:020d}"
    way._accept(Change("stock", "products", record, "key", values, number), None)


def given(way, key, slug="supplier"):
    return way.the(key).live.fields.get(slug)


def test_a_new_item_gets_them(making):
    change(making, "new-1", once={"supplier"}, name="Oak desk", stock=1, supplier="first")
    making.run()
    assert given(making, "new-1") == "first"
    assert making.counts("written", "ignored", "pending") == (3, 0, 0)


def test_an_item_that_is_there_never_gets_them(making):
    change(making, 3, once={"supplier"}, stock=77, supplier="first")
    making.run()
    assert making.live(3)["stock"] == 77
    assert making.live(3)["supplier"] != "first"
    assert making.counts("written", "ignored", "pending") == (1, 1, 0)
    assert all("supplier" not in sent for sent in making.sent_to(3))


def test_alone_they_make_no_call_to_an_item_that_is_known(making):
    change(making, 3, stock=77)
    making.run()
    making.forget_requests()
    change(making, 3, once={"supplier"}, supplier="first")
    making.run()
    assert making.requests == []
    assert making.counts("ignored", "pending") == (1, 0)


def test_what_was_created_gets_no_second_value(making):
    for supplier in ("first", "second"):
        change(making, "new-1", once={"supplier"}, name="Oak desk", supplier=supplier)
        making.run()
    assert given(making, "new-1") == "first"
    assert making.counts("ignored", "pending") == (1, 0)


def test_of_several_values_a_new_item_gets_the_newest(making):
    change(making, "new-1", once={"supplier"}, version=2, supplier="newest", stock=1)
    change(making, "new-1", once={"supplier"}, version=1, supplier="older")
    change(making, "new-1", version=3, name="Oak desk")
    making.run()
    assert given(making, "new-1") == "newest"


def test_a_record_of_nothing_else_is_created(making):
    change(making, "new-1", once={"name", "supplier"}, name="Oak desk", supplier="first")
    making.run()
    assert given(making, "new-1") == "first"


def test_one_that_is_created_anew_gets_the_newest_that_was_held(making):
    change(making, "new-1", once={"name", "supplier"}, name="Oak desk", supplier="first", stock=1)
    making.run()
    change(making, "new-1", once={"supplier"}, supplier="second")
    making.run()
    making.products.remove(making.the("new-1"))
    making.forget_requests()
    change(making, "new-1", stock=2)
    making.run()
    assert given(making, "new-1", "stock") == 2
    assert given(making, "new-1") == "second"


def test_a_slug_of_theirs_is_that_of_the_new_item(making):
    change(making, "new-1", once={"slug"}, name="Oak desk", slug="best-desk")
    making.run()
    change(making, "new-1", once={"slug"}, slug="another-desk")
    making.run()
    assert given(making, "new-1", "slug") == "best-desk"


def test_a_draft_at_creation_stays_a_draft(making):
    change(making, "new-1", once={"_draft"}, name="Oak desk", _draft=True)
    making.run()
    assert making.the("new-1").staged.draft
    change(making, "new-1", once={"_draft"}, _draft=False, stock=2)
    making.run()
    assert making.the("new-1").staged.draft
    assert making.the("new-1").staged.fields["stock"] == 2


@pytest.mark.parametrize("missing", ["dead-letter", "ignore"])
def test_where_nothing_is_created_they_are_ignored_at_once(open_way, missing):
    way = open_way(by="key", collection={"missing": missing})
    change(way, 3, once={"supplier"}, supplier="first")
    change(way, "new-1", once={"supplier"}, supplier="first")
    assert way.counts("ignored", "pending") == (2, 0)
    way.run()
    assert way.requests == []


def test_what_was_ignored_so_goes_once_the_collection_creates(open_way):
    way = open_way(by="key", collection={"missing": "ignore"})
    change(way, "new-1", once={"supplier"}, supplier="first")
    way.run()
    products = replace(way.settings.collections["products"], missing="create")
    way.settings = replace(way.settings, collections={"products": products})
    way.begin()
    change(way, "new-1", name="Oak desk")
    way.run()
    assert given(way, "new-1") == "first"


def test_a_creation_whose_answer_is_lost_gives_them_once(making):
    making.fault("timeout-after", delay=0, times=1, match={"method": "POST"})
    change(making, "new-1", once={"supplier"}, name="Oak desk", stock=1, supplier="first")
    making.run()
    assert given(making, "new-1") == "first"
    assert making.counts("pending", "dead") == (0, 0)
    assert all("supplier" not in r.body.get("fields", {}) for r in making.patches())


def test_a_value_that_the_new_item_does_not_show_is_sent_once_more(making):
    making.fault("drop-field", slug="supplier", times=1, match={"method": "POST"})
    change(making, "new-1", once={"supplier"}, name="Oak desk", supplier="first")
    making.run()
    assert given(making, "new-1") == "first"
    assert making.counts("written", "dead") == (2, 0)


def test_a_value_that_the_cms_refuses_dies_and_the_item_is_created(making):
    change(making, "new-1", once={"price"}, name="Oak desk", price="a lot")
    making.run()
    assert making.the("new-1")
    (letter,) = making.letters()
    assert set(letter.fields) == {"price"}


def test_a_field_that_was_written_whenever_it_changed_falls_silent(making):
    change(making, 3, supplier="always")
    making.run()
    change(making, 3, once={"supplier"}, supplier="once")
    making.run()
    assert making.live(3)["supplier"] == "always"
    change(making, 3, supplier="again")
    making.run()
    assert making.live(3)["supplier"] == "again"


# a snapshot


def test_a_reconcile_neither_compares_nor_writes_them(reconciling):
    way = reconciling(items=3, missing="create", policy={"orphans": "report"})
    source = way.products_as_source(range(1, 4), version=1)
    for fields, _ in source.values():
        fields["supplier"] = "first"
    told = way.reconcile(source, once={"supplier"})
    assert told.by_cause() == {}
    assert {call.method for call in told.calls} == {"GET"}
    assert "first" not in way.shown("supplier", range(1, 4))


def test_an_item_that_a_reconcile_makes_gets_them(reconciling):
    way = reconciling(items=3, missing="create", policy={"orphans": "report"})
    source = {"new-1": ({"name": "Oak desk", "supplier": "first", "stock": 1}, 1)}
    told = way.reconcile(source, once={"supplier", "name"})
    assert way.the("new-1").live.fields["supplier"] == "first"
    assert told.by_cause()[causes.MISSING] == ["new-1"]
    assert causes.MISSING not in way.reconcile(source, once={"supplier", "name"}).by_cause()


def test_one_of_nothing_else_that_was_deleted_is_made_anew(reconciling):
    way = reconciling(items=3, missing="create", policy={"orphans": "report"})
    once = {"supplier", "name"}
    source = {"new-1": ({"name": "Oak desk", "supplier": "first"}, 1)}
    way.reconcile(source, once=once)
    change(way, "new-1", once=once, version=2, supplier="second")
    way.run()
    way.products.remove(way.the("new-1"))
    way.pass_time(100)
    way.reconcile(source, once=once)
    assert way.the("new-1").live.fields["supplier"] == "second"
