"""Records of one normal form become one, once, whatever happens on the way."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import redis
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from tests.support.depth import examples
from tests.support.earlier_stores import restore
from tests.support.outbox_driver import at, change, event
from tests.support.store_of_version import Keyed
from workers.model.attempts import Batch, Wait
from workers.model.changes import Incoming
from workers.store import keys, version
from workers.store.outbox import balanced
from workers.store.scripts import Steps
from workers.store.upgrade import Upgrade
from workers.webflow.item_keys import normal

SETS = ("due", "waiting", "lookup")


class Killed(BaseException):
    """The process is gone."""


class Failing(Steps):
    """Steps of a process that is killed after so many."""

    def __init__(self, steps, left):
        super().__init__(steps.client, clock_offset_ms=steps.clock_offset_ms)
        self._left = left

    def run(self, step, request, *more):
        if not self._left:
            raise Killed
        self._left -= 1
        return super().run(step, request, *more)


@pytest.fixture
def shop(store, store_socket, tmp_path):
    """A source on a store of the first version, at the time at which that was written."""
    with redis.Redis(unix_socket_path=store_socket) as client:
        written_at = restore(client, "v1")
    shop = Keyed(store, tmp_path)
    shop.steps.clock_offset_ms += written_at - shop.now_ms() + 1000
    return shop


def upgrade(shop, steps=None, **options):
    Upgrade(steps or shop.steps, shop.settings).complete(**options)


def _place(shop):
    return f"products:{shop.settings.copy_of(shop.settings.collections['products'])}"


def _show(shop, key):
    """Let the index know an item by *key*, as the version before did."""
    shop.client.hset(f"instep:ids:{_place(shop)}", key, f"id-{key.strip()}-2")


def records(shop):
    """Every record that any key of the store speaks of."""
    names = [name.split(":", 3)[3] for name in shop.client.keys("instep:item:products:*")]
    for key in shop.client.keys("instep:*:products*"):
        if key.split(":")[1] in SETS:
            names += shop.client.zrange(key, 0, -1)
    gone = shop.client.zrange("instep:tombstones", 0, -1)
    return {*names, *(name.partition(":")[2] for name in gone)}


def held(shop):
    """What is held of each field of each record, but for when it waits."""
    found = {}
    for record in records(shop):
        for slug, field in shop.item(record)[1].items():
            found[record, slug] = (field["v"], field["r"], field["a"], field["s"])
    return found, shop.counts()


def test_it_is_of_the_first_version_before_and_of_this_one_after(shop):
    assert version.read(shop.client) == 1
    upgrade(shop)
    assert shop.client.get(keys.VERSION) == str(version.VERSION)


def test_no_record_is_left_under_another_key_than_the_normal_one(shop):
    before = records(shop)
    upgrade(shop)
    assert records(shop) == {normal(record) for record in before}
    assert balanced(shop.counts())


def test_the_newer_value_stands_and_goes_out(shop):
    upgrade(shop)
    assert (shop.value("P-1"), shop.state("P-1")) == (9, "pending")
    shop.work()
    assert shop.state("P-1") == "written"


def test_an_older_value_that_was_pending_is_superseded_and_what_was_beside_it_goes_out(shop):
    superseded = shop.counts("superseded")[0]
    upgrade(shop)
    assert (shop.value("P-3"), shop.state("P-3", "name")) == (8, "pending")
    assert shop.counts("superseded")[0] == superseded + 2  # and one of É-1


def test_what_was_written_to_two_items_by_turns_is_written_once_more(shop):
    upgrade(shop)
    assert shop.state("P-3") == "written"
    batches = {}
    while isinstance(step := shop.claim(), Batch):
        for item in step.items:
            batches[item.record] = {field.slug: json.loads(field.value) for field in item.fields}
        shop.write(step)
    assert batches["P-3"] == {"stock": 8, "name": "Pine desk"}


def test_keys_that_are_composed_in_two_ways_are_one(shop):
    upgrade(shop)
    assert shop.value("\u00c9-1") == 1
    assert shop.item("E\u0301-1") == ({}, {})


def test_a_value_that_died_since_its_padded_key_was_not_found_is_looked_for_again(shop):
    upgrade(shop)
    assert shop.state("P-2") == "pending"
    assert not any(letter.get("record") == "P-2  " for letter in shop.letters())


def test_a_retirement_of_a_padded_key_retires_the_item(shop):
    upgrade(shop)
    assert shop.state("P-4", ":gone") == "pending"
    shop.work()
    assert shop.state("P-4", ":gone") == "written"


def test_a_newer_value_under_the_normal_key_lifts_an_older_retirement(shop):
    shop.send("P-4", 70, qty=12)
    upgrade(shop)
    assert shop.field("P-4", ":gone")["b"] == 1
    shop.work()
    assert (shop.value("P-4"), shop.state("P-4")) == (12, "written")


def test_a_reference_by_a_padded_key_finds_its_item(shop):
    upgrade(shop)
    assert shop.value("A-4", "store") == {"key": "S-1", "to": "stores"}
    shop.work()
    assert shop.state("A-4", "store") == "written"


def test_a_letter_of_a_padded_key_can_be_replayed_and_shows_the_key_as_it_came(shop):
    _show(shop, "A-1  ")
    shop.accept(event("A-1  ", {"stock": -3}, by="key", version=shop.ahead(-1)))
    shop.work(refused=("A-1  ",))
    letter = next(one for one in shop.letters() if one.get("key") == "A-1  ")
    upgrade(shop)
    assert shop.state("A-1") == "dead"
    assert shop.letter(letter["id"], "replay")["done"]
    assert (shop.state("A-1"), shop.value("A-1")) == ("pending", -3)
    assert balanced(shop.counts())


def test_a_second_run_changes_nothing(shop):
    upgrade(shop)
    before = held(shop)
    shop.client.delete(keys.VERSION)
    upgrade(shop)
    assert held(shop) == before


@pytest.mark.parametrize("steps", range(6))
def test_a_run_that_is_killed_is_finished_by_the_next(shop, store_socket, steps):
    upgrade(shop)
    whole = held(shop)
    shop.client.flushall()
    with redis.Redis(unix_socket_path=store_socket) as client:
        restore(client, "v1")
    with pytest.raises(Killed):
        upgrade(shop, Failing(shop.steps, steps))
    assert balanced(shop.counts())
    assert version.read(shop.client) == 1
    shop.client.delete("instep:upgrade")  # the lock of the dead runs out
    upgrade(shop)
    assert held(shop) == whole


def test_two_runs_at_once_come_to_the_same(shop, store_socket):
    upgrade(shop)
    whole = held(shop)
    shop.client.flushall()
    with redis.Redis(unix_socket_path=store_socket) as client:
        restore(client, "v1")
    runs = [threading.Thread(target=upgrade, args=(shop,)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert held(shop) == whole


def test_two_runs_without_a_lock_come_to_the_same(shop):
    steps = Failing(shop.steps, 3)
    with pytest.raises(Killed):
        upgrade(shop, steps)
    shop.client.delete("instep:upgrade")
    upgrade(shop)
    whole = held(shop)
    one = Upgrade(shop.steps, shop.settings)
    for page in one._pages():
        assert list(one._odd(page, looking=True)) == []
    assert held(shop) == whole


def test_a_claim_that_is_alive_is_waited_for_and_its_request_may_still_land(shop):
    _show(shop, "P-1   ")
    batch = shop.batch()
    assert "P-1   " in {item.record for item in batch.items}
    upgrade(shop, sleep=shop.pass_time)
    assert (shop.value("P-1"), shop.state("P-1")) == (9, "pending")
    assert shop.field("P-1")["m"] > shop.now_ms()
    assert shop.write(batch).lost == 1
    assert balanced(shop.counts())


def test_an_answer_to_a_claim_of_a_record_that_is_merged_leaves_nothing_behind(shop):
    _show(shop, "P-1   ")
    batch = shop.batch()
    upgrade(shop, sleep=shop.pass_time)
    before = records(shop)
    shop.write(batch)
    assert records(shop) == before


@pytest.mark.parametrize(("second", "stays"), [(30, False), (50, True)])
def test_what_was_left_out_leaves_its_letter_once_something_newer_is_merged(shop, second, stays):
    shop.send("P-1", second, qty="many")  # the padded key holds a value of second 40
    assert [one["kind"] for one in shop.letters()].count("unmapped") == 2
    upgrade(shop)
    assert [one["kind"] for one in shop.letters()].count("unmapped") == 1 + stays
    assert balanced(shop.counts())


def test_an_index_with_padded_keys_is_listed_anew(shop):
    _show(shop, "X-1 ")
    upgrade(shop)
    assert shop.client.keys(f"instep:*:{_place(shop)}") == []


def test_an_index_without_padded_keys_stays(shop):
    before = shop.client.hgetall(f"instep:ids:{_place(shop)}")
    upgrade(shop)
    assert shop.client.hgetall(f"instep:ids:{_place(shop)}") == before


def test_what_was_to_be_created_by_a_listing_of_raw_keys_is_looked_up_again(shop):
    shop.client.hset("instep:item:products:A-3", "make", shop.now_ms())
    upgrade(shop)
    meta, _ = shop.item("A-3")
    assert "make" not in meta
    assert meta["lookup"] == "1"


def test_what_the_version_before_writes_afterwards_is_found_within_the_hour(shop):
    one = Upgrade(shop.steps, shop.settings)
    one.complete()
    shop.accept(event("P-3  ", {"stock": 77}, by="key", version=shop.ahead(-1)))
    shop.accept(event("P-8  ", {"stock": 78}, by="key", version=shop.ahead(-1)))
    for _ in range(3):
        one.look_again()
    assert {"P-3  ", "P-8  "} & records(shop) == set()
    assert (shop.value("P-3"), shop.value("P-8")) == (77, 78)
    assert balanced(shop.counts())


def test_an_index_that_the_version_before_writes_afterwards_is_listed_anew(shop):
    one = Upgrade(shop.steps, shop.settings)
    one.complete()
    _show(shop, "X-1 ")
    one.look_again()
    assert shop.client.keys(f"instep:*:{_place(shop)}") == []


def test_how_many_records_were_merged_is_told(shop):
    one = Upgrade(shop.steps, shop.settings)
    one.complete()
    assert one.merged() == {"products": 4}  # P-1, P-3, P-4 and É-1; P-2 was alone


def test_an_empty_store_is_given_its_version_and_nothing_else(shop):
    shop.client.flushall()
    upgrade(shop)
    assert shop.client.keys("*") == [keys.VERSION]


SPELLED = st.sampled_from(["K", "K ", " K", "K\u00a0", "\tK\n"])
VALUES = st.tuples(SPELLED, st.sampled_from(["stock", "price"]), st.integers(0, 9))
RETIRED = st.tuples(SPELLED, st.just(":gone"), st.integers(0, 9))
WORK = st.just(None)


@examples(20, 150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(" K", ":gone", 0), ("K", "stock", 0), ("K ", ":gone", 0)], False)
@given(st.lists(VALUES | VALUES | RETIRED | WORK, min_size=1, max_size=14), st.booleans())
def test_whatever_came_under_whatever_spelling_the_newest_stands(store, tmp_path, history, refuse):
    store.flushall()
    shop = Keyed(store, tmp_path)
    newest = _play(shop, history, refuse)
    Upgrade(shop.steps, shop.settings).complete(sleep=shop.pass_time)
    _, fields = shop.item("K")
    values = {slug: json.loads(field["v"]) for slug, field in fields.items() if slug != ":gone"}
    assert values == {slug: value for slug, (_, value) in newest.items() if slug != ":gone"}
    if ":gone" in newest:
        last = max(key for key, _ in newest.values())
        assert ("b" in fields[":gone"]) == (newest[":gone"][0] != last)
    assert records(shop) <= {"K"}
    assert balanced(shop.counts())
    states = [field["s"] for field in fields.values()]
    assert (states.count("pending"), states.count("dead")) == shop.counts("pending", "dead")


def _play(shop, history, refuse):
    """Carry out *history*; return the newest value that was taken of each field, by slug."""
    newest = {}
    for number, one in enumerate(history):
        if one is None:
            _work(shop, refuse)
            continue
        record, slug, when = one
        made = change(record, {} if slug == ":gone" else {slug: number}, by="key", version=at(when))
        if slug == ":gone":
            made = replace(made, retire="archive")
        before = shop.counts("stale")
        shop.accept(Incoming(f"e{number}", "stock.changed", 0, (made,)))
        place = (at(when), number)
        if shop.counts("stale") == before and newest.get(slug, (("",),))[0] <= place:
            newest[slug] = (place, number)
    return newest


def _work(shop, refuse):
    while not isinstance(step := shop.claim(), Wait):
        if isinstance(step, Batch):
            refused = [item.record for item in step.items] if refuse else ()
            shop.settle(step, *(shop._verdict(item, refused) for item in step.items))
        else:
            shop.page(step, [(key, f"id {key!a}") for key in ("K", "K ", " K")])


def test_a_worker_knows_of_how_many_parts_keys_are_that_one_field_holds(shop):
    Upgrade(shop.steps, shop.settings, {"products": 2}).complete()
    worker = Upgrade(shop.steps, shop.settings)
    shop.accept(event("A  |B ", {"stock": 7}, by="key", version=shop.ahead(-1)))
    odd = SimpleNamespace(collection="products", items=(SimpleNamespace(record="A  |B "),))
    assert worker.is_odd(odd)
    worker.merge_claimed(odd)
    assert shop.value("A|B") == 7
    assert "A  |B " not in records(shop)
