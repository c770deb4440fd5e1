"""Kept deliveries run again after a mapping was corrected: which value wins, and what counts."""

import json
from dataclasses import replace

import pytest

from service.ingest.event_mapper import Reader
from tests.support.outbox_driver import EPOCH, at, event
from tests.support.remap_rig import PROOF, Shop
from tests.support.undoing import entry_of, undo
from workers.model.changes import FieldProblem, Gone

WRONG = 'price = fields.Integer(data_key="cents")'
RIGHT = 'price = fields.Integer(data_key="euros")'
BOTH = RIGHT + '\nstock = fields.Integer(data_key="qty")'


def moment(seconds):
    return int(EPOCH.timestamp() + seconds)


@pytest.fixture
def shop_with(store, tmp_path):
    def make(fields=WRONG, **options):
        return Shop(store, tmp_path, fields, **options)

    return make


@pytest.fixture
def shop(shop_with):
    return shop_with()


@pytest.fixture(params=[{"id": "e1"}, {}], ids=["an id", "no id"])
def id(request):
    return request.param


@pytest.fixture(params=[{"at": moment(10)}, {}], ids=["a time", "no time"])
def when(request):
    return request.param


@pytest.mark.parametrize("delivered", [False, True], ids=["pending", "written"])
def test_the_very_event_of_a_wrong_value_gives_the_right_one(shop, id, when, delivered):
    shop.receive(sku="a", cents=500, euros=5, **id, **when)
    if delivered:
        shop.deliver()
    version = shop.field("a", "price")["r"]
    shop.correct(RIGHT)
    shop.remap()
    assert shop.value("a", "price") == 5
    assert shop.field("a", "price")["r"] == version
    assert shop.deliver() == {"a": {"price": 5}}
    written, superseded = (2, 0) if delivered else (1, 1)
    assert shop.counts("accepted", "written", "superseded") == (2, written, superseded)


def test_what_runs_again_is_sent_after_what_is_live(shop):
    shop.receive(sku="a", cents=500, euros=5)
    shop.deliver()
    shop.correct(RIGHT)
    shop.remap()
    assert list(shop.due("replay")) == ["a"]
    assert shop.due("live") == {}


def test_a_second_run_changes_nothing_at_all(shop, id, when):
    shop.receive(sku="a", cents=500, euros=5, **id, **when)
    shop.receive(sku="b", cents=700, euros=7)
    shop.correct(BOTH)
    shop.remap()
    held = shop.stored()
    again = shop.remap()
    assert shop.stored() == held
    assert (again.tally.taken, again.tally.same) == (0, 2)


def test_a_newer_value_of_another_source_of_the_field_stays(shop):
    shop.receive(sku="a", cents=500, euros=5, at=moment(10))
    shop.accept(event("a", {"price": 6}, id="x", version=at(20)))
    shop.correct(RIGHT)
    assert shop.remap().tally.stale == 1
    assert shop.value("a", "price") == 6


def test_an_equal_version_of_another_event_stays(shop):
    shop.receive(sku="a", cents=500, euros=5, at=moment(10))
    shop.accept(event("a", {"price": 6}, id="x", version=at(10)))
    shop.correct(RIGHT)
    shop.remap()
    assert shop.value("a", "price") == 6


def test_what_was_sent_before_never_goes_over_what_was_sent_after(shop, id, when):
    shop.receive(sku="a", cents=500, euros=5, **id, **when)
    shop.receive(sku="a", cents=600, euros=6, **when)
    shop.correct(RIGHT)
    shop.remap()
    assert shop.value("a", "price") == 6
    again = shop.remap()
    assert (again.tally.taken, again.tally.stale, again.tally.same) == (0, 1, 1)


def test_a_live_event_of_the_same_version_that_comes_during_the_run_wins(shop):
    shop.receive(sku="a", cents=500, euros=5, at=moment(10), id="e1")
    shop.correct(RIGHT)
    shop.receive(sku="a", cents=600, euros=6, at=moment(10), id="e2")
    shop.remap()
    assert shop.value("a", "price") == 6


def test_a_field_that_is_new_in_the_mapping_gets_the_newest_value(shop, when):
    for n in (1, 2, 3):
        shop.receive(sku="a", cents=1, euros=1, qty=n, id=f"e{n}", **when)
    shop.correct(BOTH)
    shop.remap()
    assert shop.value("a", "stock") == 3


def test_events_of_one_delivery_keep_their_order_in_a_new_field(shop, when):
    shop.receive(*({"sku": "a", "qty": n, "id": f"e{n}", **when} for n in (1, 2, 3)))
    shop.correct(BOTH)
    shop.remap()
    assert shop.value("a", "stock") == 3
    assert shop.remap().tally.taken == 0


def test_out_of_order_events_give_a_new_field_the_newest_by_version(shop):
    for n in (3, 1, 2):
        shop.receive(sku="a", cents=n, qty=n, at=moment(n))
    shop.correct(BOTH)
    shop.remap()
    assert shop.value("a", "stock") == 3


def test_a_renamed_slug_is_written_under_its_new_name(shop):
    shop.receive(sku="a", cents=500)
    shop.correct('amount = fields.Integer(data_key="cents")')
    shop.remap()
    assert shop.value("a", "amount") == 500
    assert shop.value("a", "price") == 500  # what an item was given is not taken back


def test_another_key_writes_to_another_item(shop):
    shop.receive(sku="a", ean="4711", cents=500)
    shop.correct(WRONG, meta='item = "ean"')
    shop.remap()
    assert shop.value("4711", "price") == 500


def test_another_collection_gets_the_values(shop):
    shop.receive(sku="a", cents=500)
    shop.correct(WRONG, meta='collection = "stores"')
    shop.remap()
    assert json.loads(shop.field("a", "price", "stores")["v"]) == 500


def test_an_event_that_nothing_wanted_is_taken_once_a_mapping_does(shop_with):
    shop = shop_with(meta='topics = ("other",)')
    assert shop.receive(sku="a", cents=500, id="e1") == "unwanted"
    shop.correct(WRONG)
    shop.remap()
    assert shop.value("a", "price") == 500
    assert shop.receive(sku="a", cents=500, id="e1") == "duplicate"


def test_a_repeat_of_what_nothing_wanted_does_not_come_later_than_the_first(shop_with):
    shop = shop_with(meta='topics = ("other",)')
    shop.receive(sku="a", cents=500, id="e1")
    shop.receive(sku="a", cents=600, id="e2")
    shop.receive(sku="a", cents=500, id="e1")
    for factor in (1, 2):  # corrected twice
        shop.correct(f'price = fields.Integer(data_key="cents{" && cents" * factor}")')
        shop.remap()
        assert shop.value("a", "price") == 600
    assert shop.counts("accepted", "superseded", "pending") == (2, 1, 1)


def test_a_repeat_within_a_delivery_is_not_run(shop):
    shop.receive(sku="a", cents=500, id="e1")
    shop.receive(sku="a", cents=600, id="e2")
    shop.receive(
        {"sku": "a", "cents": 500, "euros": 5, "id": "e1"}, {"sku": "b", "cents": 1, "id": "e3"}
    )
    shop.correct(RIGHT)
    made = shop.remap()
    assert made.tally.repeats == 1
    assert shop.value("a", "price") == 600


def test_an_event_once_mapped_again_leaves_its_dead_letter(shop):
    shop.receive(sku="a", cents="5 EUR", euros=5)
    assert len(shop.letters()) == 1
    shop.correct(RIGHT)
    made = shop.remap()
    assert shop.letters() == []
    assert made.diff.letters() == 1
    assert shop.value("a", "price") == 5


def test_a_body_that_could_not_be_split_leaves_its_dead_letter(shop):
    wrong = [{"sku": "a", "cents": "x", "euros": n} for n in range(201)]
    shop.receive(*wrong)
    assert len(shop.letters()) == 1
    shop.correct(RIGHT)
    shop.remap()
    assert shop.letters() == []
    assert shop.value("a", "price") == 200


def test_an_event_that_can_no_longer_be_mapped_is_told_and_stays_as_it_is(shop):
    shop.receive(sku="a", cents=500)
    shop.correct('price = fields.Integer(data_key="sku")')
    held = shop.stored()
    made = shop.remap()
    assert shop.stored() == held
    ((path, (count, _)),) = made.tally.problems.items()
    assert (path, count) == ("sku", 1)


def test_a_version_that_the_field_cannot_take_is_told(shop):
    shop.receive(sku="a", cents=500, rev=3, at=moment(10))
    shop.correct(WRONG, meta='version = "rev"')
    made = shop.remap()
    assert made.tally.problems["version"][0] == 1
    assert shop.letters() == []
    assert shop.value("a", "price") == 500


def test_a_value_in_a_dead_letter_is_superseded_by_the_right_one(shop):
    shop.receive(sku="a", cents=500, euros=5)
    from workers.model.attempts import FieldFailure, ItemOutcome

    failure = FieldFailure(
        "refused", ("price",), "too much", 400, None, (FieldProblem("price", "no"),)
    )
    batch = shop.batch()
    shop.settle(batch, ItemOutcome("a", failures=(failure,)))
    assert shop.counts("dead") == (1,)
    shop.correct(RIGHT)
    shop.remap()
    assert shop.letters() == []
    assert shop.counts("accepted", "dead", "superseded", "pending") == (2, 0, 1, 1)


def test_a_value_that_a_claim_holds_is_sent_once_more_as_it_is_right(shop):
    shop.receive(sku="a", cents=500, euros=5)
    batch = shop.batch()
    shop.correct(RIGHT)
    shop.remap()
    shop.write(batch)
    shop.pass_time(61)
    assert shop.deliver() == {"a": {"price": 5}}


def test_a_dry_run_says_what_a_run_does_and_writes_nothing(shop_with):
    shop = shop_with(meta='topics = ("stock", "old")')
    for n, seconds in enumerate((30, 10, 20, 40, 40, 5)):
        shop.receive(sku=f"i{n % 2}", cents=n, euros=-n, qty=n, at=moment(seconds), type="stock")
    shop.receive(sku="i0", cents="x", euros=9, type="stock", at=moment(50))
    shop.receive(sku="i1", cents="x", euros=9, type="stock")
    shop.receive(sku="i1", cents=1, euros=9, qty=3, type="new", id="e1")
    shop.receive(sku="i1", cents=1, euros="y", type="new")
    shop.correct(BOTH)
    held = shop.stored()
    dry = shop.remap(dry=True)
    assert shop.stored() == held
    real = shop.remap()
    assert dry.tally == real.tally
    assert dry.diff.changed() == real.diff.changed()
    assert dry.diff.letters() == real.diff.letters() == 2

    def told(made):
        return [(row.record, row.slug, *row.values) for row in made.diff.rows(100)]

    assert told(dry) == told(real)
    stored = [(r, s, shop.value(r, s)) for r in ("i0", "i1") for s in ("price", "stock")]
    assert {(record, slug, new) for record, slug, _, new in told(real)} <= set(stored)
    assert real.tally.taken > 4


def test_many_steps_say_what_one_does(shop, monkeypatch):
    for n in range(40):
        shop.receive(sku=f"i{n % 3}", cents=n, euros=-n, qty=n, at=moment((n * 7) % 40))
    shop.correct(BOTH)
    one = shop.remap(dry=True)
    monkeypatch.setattr("service.ingest.remap.EVENTS", 3)
    many = shop.remap(dry=True)
    assert many.tally == one.tally
    assert many.diff.changed() == one.diff.changed()
    assert shop.remap().tally == one.tally


def test_only_what_came_since_is_run(shop):
    shop.receive(sku="a", cents=500, euros=5)
    shop.pass_time(3 * 3600)
    shop.receive(sku="b", cents=600, euros=6)
    shop.correct(RIGHT)
    assert shop.remap(hours=2).tally.deliveries == 1
    assert (shop.value("a", "price"), shop.value("b", "price")) == (500, 6)


TWICE = """
price = fields.Integer(data_key="first.{0}")

class Second(Mapping):
    class Meta:
        source, collection, item = "erp", "products", "sku"

    price = fields.Integer(data_key="second.{0}")
"""


def test_of_an_event_that_names_one_field_twice_the_same_value_wins_as_when_it_came(shop_with):
    shop = shop_with(TWICE.format("cents"))
    halves = {"first": {"cents": 1, "euros": 10}, "second": {"cents": 2, "euros": 20}}
    for more in ({}, {"at": moment(10), "id": "e1"}):
        shop.client.flushall()
        shop.outbox._packer._words.clear()
        shop.correct(TWICE.format("cents"))
        shop.receive(sku="a", **halves, **more)
        first = shop.value("a", "price")
        shop.correct(TWICE.format("euros"))
        shop.remap()
        assert shop.value("a", "price") == first * 10
        assert shop.remap().tally.taken == 0


def test_the_same_number_of_another_source_is_another_delivery(shop):
    shop.receive(sku="a", cents=500, euros=5, at=moment(10))
    field = shop.field("a", "price")
    shop.correct(RIGHT)
    for number in (1, 0):  # of its delivery, by the other source
        field |= {"o": "other", "f": number}
        shop.client.hset("instep:item:products:a", "f:price", json.dumps(field))
        shop.remap()
        assert shop.value("a", "price") == 500


def test_what_nothing_wanted_can_be_corrected_once_it_was_taken(shop_with):
    shop = shop_with(meta='topics = ("other",)')
    shop.receive(sku="a", cents=500, euros=5, id="e1")
    for fields, price in ((WRONG, 500), (RIGHT, 5)):
        shop.correct(fields)
        shop.remap()
        assert shop.value("a", "price") == price


def test_what_the_cms_said_was_gone_is_not_said_again(shop, monkeypatch):
    gone = Gone("products", "i1", deleted=True)
    read = shop.intake._reader.read("erp", PROOF, b'{"sku": "a", "cents": 500}')
    told = replace(read, events=(replace(read.events[0], gone=(gone,)),))
    monkeypatch.setattr(Reader, "read", lambda *_, **__: told)
    shop.receive(sku="a", cents=500)
    held = shop.stored()
    shop.remap()
    assert shop.stored() == held


def test_a_retirement_runs_again_the_other_way(shop_with):
    shop = shop_with("", meta='on_delete = "keep"')
    shop.receive(id="e1", sku="a", at=moment(10))
    shop.correct("", meta='on_delete = "archive"')
    seen = shop.remap(dry=True)
    assert (seen.tally.taken, seen.tally.unwanted) == (1, 0)
    made = shop.remap()
    assert (made.tally.taken, made.tally.unwanted) == (1, 0)
    assert (shop.value("a", ":gone"), shop.state("a", ":gone")) == ("archive", "pending")
    assert shop.remap().tally.taken == 0


def test_a_deletion_that_no_mapping_took_is_caught_up_with(shop_with):
    shop = shop_with(WRONG, meta='topics = ("stock",)')
    shop.receive(id="e1", type="deleted", sku="a", at=moment(10))
    shop.correct("", meta='on_delete = "delete"')
    assert shop.remap().tally.taken == 1
    assert shop.value("a", ":gone") == "delete"


def test_what_was_undone_stays_so_and_is_counted_until_the_undo_is_undone(shop):
    shop.receive(sku="a", cents=500, euros=5, at=moment(10), id="e1")
    shop.deliver()
    shop.receive(sku="a", cents=600, euros=6, at=moment(20), id="e2")
    shop.deliver()
    undo(shop, entry_of(shop, "a", "price"), run="r8")
    shop.deliver()
    assert shop.value("a", "price") == 500
    shop.correct(RIGHT)
    dry = shop.remap(dry=True)
    made = shop.remap()
    for each in (dry, made):
        assert (each.tally.taken, each.tally.undone, each.tally.stale) == (0, 1, 1)
    assert shop.value("a", "price") == 500
    undo(shop, entry_of(shop, "a", "price"), run="r9")
    assert shop.remap().tally.undone == 0
    assert shop.value("a", "price") == 6


def test_what_was_there_before_a_remap_is_remembered(shop):
    shop.receive(sku="a", cents=500, euros=5)
    shop.deliver()
    shop.correct(RIGHT)
    shop.remap()
    shop.deliver()
    entry = entry_of(shop, "a", "price")
    assert (entry.before, entry.value) == ("500", "5")
