"""Records that no item has, and their letters: how many there may be, and when they go."""

import contextlib
from dataclasses import replace

import pytest

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import at, bad, change, event
from workers.model.changes import FieldProblem, Incoming, LeftOut
from workers.store.dead_letters import DeadLetters

DAY = 86_400


def unknown(bench, *keys, **options):
    """Accept events of *keys*, which a listing does not show."""
    bench.accept(*(event(key, {"stock": 1}, by="key", **options) for key in keys))
    bench.list_all()


def letters(bench):
    return DeadLetters(bench.steps, bench.settings)


def sweep(bench):
    settings = bench.settings
    bench.steps.run("sweep", {"destinations": [], "places": settings.copies()})


def balanced(bench):
    counts = bench.counts()
    return counts.pop("accepted") == sum(counts.values())


def records(bench):
    return sorted(key.split(":")[-1] for key in bench.client.scan_iter("instep:item:*"))


MANY = 3000  # more than a store of 20 MB has room for


@contextlib.contextmanager
def room_for(client, megabytes):
    """Give the store a limit."""
    client.config_set("maxmemory", client.info("memory")["used_memory"] + megabytes * 2**20)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


def test_discarding_the_letters_of_unknown_keys_frees_their_records(bench):
    unknown(bench, "k1", "k2")
    for letter in letters(bench).list():
        letters(bench).discard(letter.id)
    assert records(bench) == []
    assert bench.counts("accepted", "discarded") == (2, 2)
    assert bench.client.exists("instep:resting") == 0


def test_so_do_those_of_the_release_before(bench):
    unknown(bench, "k1")
    (letter,) = letters(bench).list()
    bench.client.hdel(f"instep:letter:{letter.id}", "absent")
    letters(bench).discard(letter.id)
    assert records(bench) == []


def test_a_record_that_has_other_values_in_letters_stays(bench):
    unknown(bench, "k1")
    bench.accept(event("k1", {"price": 2}, by="key"))
    bench.pass_time(31)
    bench.list_all()
    first, _ = letters(bench).list()
    letters(bench).discard(first.id)
    assert (records(bench), bench.state("k1"), bench.state("k1", "price")) == (
        *(["k1"], "discarded", "dead"),
    )


def test_a_record_whose_item_may_yet_be_made_is_kept_for_a_while(bench):
    unknown(bench, "k1")
    bench.client.hset("instep:item:products:k1", "doubt", bench.now_ms() + 60_000)
    letters(bench).discard(letters(bench).list()[0].id)
    assert records(bench) == ["k1"]
    assert bench.client.zcard("instep:resting") == 1


def test_a_record_whose_item_was_written_before_is_kept_for_a_while(bench):
    bench.accept(event("k1", {"stock": 1}, by="key"))
    bench.list_all(("k1", "id-1"))
    bench.write(bench.batch())
    bench.pass_time(31)
    place = bench.settings.copy_of(bench.settings.collections["products"])
    for name, entry in (("ids", "k1"), ("keys", "id-1")):
        bench.client.hdel(f"instep:{name}:products:{place}", entry)
    bench.accept(event("k1", {"price": 2}, by="key"))
    bench.list_all(("k0", "id-0"))
    (letter,) = letters(bench).list()
    letters(bench).discard(letter.id)
    assert bench.value("k1") == 1
    bench.pass_time(29 * DAY)
    sweep(bench)
    assert records(bench) == ["k1"]
    bench.pass_time(2 * DAY)
    sweep(bench)
    assert records(bench) == []
    assert bench.client.exists("instep:resting") == 0
    assert balanced(bench)


@pytest.fixture
def ignoring(bench_with):
    return bench_with(missing="ignore")


def test_ignored_records_go_after_thirty_days(ignoring):
    unknown(ignoring, "k1")
    assert ignoring.counts("ignored") == (1,)
    ignoring.pass_time(31 * DAY)
    sweep(ignoring)
    assert records(ignoring) == []
    assert balanced(ignoring)


def test_but_not_where_something_newer_waits(ignoring):
    unknown(ignoring, "k1")
    ignoring.pass_time(31 * DAY)
    ignoring.accept(event("k1", {"stock": 2}, by="key"))
    sweep(ignoring)
    assert ignoring.value("k1") == 2
    assert ignoring.counts("pending") == (1,)


def test_nor_where_an_item_has_the_key_by_now(ignoring):
    unknown(ignoring, "k1")
    place = ignoring.settings.copy_of(ignoring.settings.collections["products"])
    ignoring.client.hset(f"instep:ids:products:{place}", "k1", "id-1")
    ignoring.pass_time(31 * DAY)
    sweep(ignoring)
    assert records(ignoring) == ["k1"]
    assert ignoring.client.exists("instep:resting") == 0


def test_where_there_are_too_many_they_go_at_once(ignoring):
    ignoring.client.zadd("instep:resting", {f"products:x{n}": 1 for n in range(MANY)})
    with room_for(ignoring.client, 1):
        unknown(ignoring, "k1")
    assert records(ignoring) == []
    assert ignoring.counts("ignored") == (1,)


@pytest.mark.parametrize("missing", ["dead-letter", "ignore", "create"])
def test_where_too_many_unknown_records_are_retired_they_are_kept_where_items_are_made(
    bench_with, missing
):
    bench = bench_with(missing=missing)
    bench.client.zadd("instep:tombstones", {f"products:x{n}": 1 for n in range(MANY)})
    gone = replace(event("k1", {}, by="key").changes[0], retire="delete")
    with room_for(bench.client, 1):
        bench.accept(Incoming("e1", "t", 0, (gone,)))
        bench.list_all()
    assert records(bench) == (["k1"] if missing == "create" else [])
    assert bench.client.zcard("instep:tombstones") == MANY + len(records(bench))
    assert balanced(bench)


def test_beyond_so_many_letters_one_stands_for_all_unknown_keys(bench):
    bench.client.zadd("instep:letters", {f"x{n}": 1 for n in range(MANY)})
    with room_for(bench.client, 1):
        unknown(bench, "k1", "k2", "k3")
    (letter,) = letters(bench).list()
    assert (letter.kind, letter.collection, letter.times) == ("missing", "products", 3)
    assert letter.message.startswith("no item has their keys; so many dead letters are open")
    assert "k3" not in letter.message
    assert bench.counts("accepted", "discarded", "dead") == (3, 3, 0)
    assert records(bench) == []
    assert letters(bench).replay(letter.id) == (False, None)
    assert letters(bench).discard(letter.id)
    assert letters(bench).list() == []


def test_the_next_of_them_opens_it_again(bench):
    bench.client.zadd("instep:letters", {f"x{n}": 1 for n in range(MANY)})
    with room_for(bench.client, 1):
        unknown(bench, "k1", "k2")
        letters(bench).discard(letters(bench).list()[0].id)
        bench.pass_time(31)
        unknown(bench, "k3")
    (letter,) = letters(bench).list()
    assert letter.times == 1


def test_a_closed_letter_goes_after_thirty_days(bench):
    unknown(bench, "k1")
    letters(bench).discard(letters(bench).list()[0].id)
    assert len(letters(bench).list(all=True)) == 1
    bench.pass_time(31 * DAY)
    sweep(bench)
    assert list(bench.client.scan_iter("instep:letter*")) == ["instep:letter-number"]


def test_a_closed_letter_keeps_no_long_value(bench):
    text = Incoming("e1", "t", 0, (change("k1", {"text": "x" * 5000, "stock": 1}, by="key"),))
    bench.accept(text)
    bench.list_all()
    (letter,) = letters(bench).list()
    letters(bench).discard(letter.id)
    (closed,) = letters(bench).list(all=True)
    assert set(closed.fields) == {"stock"}
    assert bench.client.memory_usage(f"instep:letter:{letter.id}") < 2000


def test_a_record_of_which_nothing_could_be_read_leaves_nothing_behind(bench):
    left = (LeftOut("products", "k1", "key", "stock", at(1)),)
    bench.accept(Incoming("e1", "t", 0, (), (FieldProblem("stock", "not a number"),), left=left))
    assert records(bench) == ["k1"]
    letters(bench).discard(letters(bench).list()[0].id)
    assert records(bench) == []


def test_what_has_no_room_for_its_body_is_kept_without_in_a_store_with_a_limit(bench):
    with room_for(bench.client, 4):
        limit = bench.client.info("memory")["maxmemory"]
        for n in range(3):
            bench.accept(bad(id=f"e{n}"), body=b"%d" % n + b"x" * (limit // 20))
    assert [letter.raw is None for letter in letters(bench).list()] == [False, False, True]


def test_a_store_with_a_limit_has_fewer_letters_of_what_cannot_be_read(bench):
    bench.client.zadd("instep:letters", {f"x{n}": 1 for n in range(MANY)})
    with room_for(bench.client, 1):
        for n in range(3):
            bench.accept(bad(id=f"e{n}"))
    (letter,) = letters(bench).list()
    assert (letter.stands_for_many, letter.times) == (True, 3)


def test_an_incomplete_record_that_is_to_be_created_counts_as_unknown(bench_with):
    bench = knowing(bench_with(missing="create"))
    bench.client.zadd("instep:letters", {f"x{n}": 1 for n in range(MANY)})
    with room_for(bench.client, 1):
        unknown(bench, "k1")
    assert bench.counts("accepted", "discarded") == (1, 1)
    assert records(bench) == []
    assert balanced(bench)
