"""The sorted sets of the search index in parts: each reads as one, and takes a third of it."""

import json
import random
from itertools import pairwise
from unittest import mock

import pytest
import redis

from service.operate.record_list import search_records
from tests.support.outbox_driver import change
from workers.delivery.context import make_context
from workers.model.changes import Incoming
from workers.store import keys, search_keys, version
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.search_index import SearchIndex
from workers.store.search_row import SearchRow, key_member
from workers.store.search_rows import SearchRows
from workers.store.upgrade import Upgrade

MOST = 120  # members of a part
HOUR = 3600


@pytest.fixture
def place(bench):
    return f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"


@pytest.fixture
def rows(bench):
    return SearchRows(bench.steps)


def shoe(number):
    return f"SKU-{number:04}", SearchRow(f"id-{number:04}", f"Shoe {number % 7} é{number}")


def put(rows, place, *records):
    rows.write(place, [(record, None, row, None) for record, row in records])


def as_before(bench, place, *records):
    """Put *records* into the store and its search index as the release before did."""
    for record, row in records:
        name = {"v": json.dumps(row.name), "t": "text", "s": "written"}
        item = {"by": "key", "f:name": json.dumps(name)}
        bench.client.hset(keys.item("products", record), mapping=item)
        bench.client.hset(keys.item_ids(*place.split(":")), record, row.item)
        bench.client.hset(search_keys.rows(place), record, row.as_text())
        bench.client.zadd(search_keys.texts(place), dict.fromkeys(row.members(record), 0))
        bench.client.zadd(search_keys.by_key(place), {key_member(record): 0})


def all_of(rows, key):
    return rows.members(key, "", None, 10**6)


def parts_of(client, key):
    """Each part of a set with what it begins with; first what stands before them."""
    firsts = client.zrange(f"{key}:parts", 0, -1)
    names = {"": key, **{first: f"{key}:={first}" for first in firsts}}
    assert {*client.scan_iter(f"{key}:=*")} == {*names.values()} - {key}
    return [(first, client.zrange(name, 0, -1)) for first, name in names.items()]


def whole_in_parts(bench, place, members, key):
    """Check that the set *key* has *members*, in small parts, each where it belongs."""
    parts = parts_of(bench.client, key)
    assert [each for _, part in parts for each in part] == sorted(members, key=str.encode)
    for first, part in parts[1:]:
        assert part[0] == first
    assert {bench.client.object("encoding", name) for name in _names(key, parts)} <= {"listpack"}
    assert max(len(part) for _, part in parts) <= MOST
    if key == search_keys.by_key(place):
        told = bench.client.hget(search_keys.STATE, search_keys.parted(place))
        assert int(told) == sum(len(part) for _, part in parts[1:])
    return len(parts)


def _names(key, parts):
    return [f"{key}:={first}" if first else key for first, part in parts if part]


@pytest.mark.parametrize("at_once", [1, 60])
def test_a_set_in_parts_reads_as_one(bench, rows, place, at_once):
    chance, texts = random.Random(5), search_keys.texts(place)  # noqa: S311
    rows.part(place)
    there, most = {}, 0
    for turn in range(40):
        adds, entries = turn < 25, []
        for number in chance.sample(range(900), 60):
            record, row = shoe(number)
            before = there.get(record)
            there[record] = row if adds else None
            entries.append((record, before and before.as_text(), there[record], None))
        for start in range(0, len(entries), at_once):
            assert rows.write(place, entries[start : start + at_once]) == []
        held = {record: row for record, row in there.items() if row}
        members = {each for record, row in held.items() for each in row.members(record)}
        most = max(most, whole_in_parts(bench, place, members, texts))
        whole_in_parts(bench, place, map(key_member, held), search_keys.by_key(place))
        for _ in range(5):
            beginning = chance.choice(["", "shoe 3", "sku-01", "id-0", "shoe 3 é1", "x", "s"])
            after = chance.choice([None, *sorted(members)[:: chance.randint(1, 50)]])
            after = after if after and after.startswith(beginning) else None
            count = chance.choice([1, 7, 100, 5000])
            fits = sorted((m for m in members if m.startswith(beginning)), key=str.encode)
            fits = [m for m in fits if after is None or m.encode() > after.encode()][:count]
            assert rows.members(texts, beginning, after, count) == fits
        asked = [m for record, row in map(shoe, range(900)) for m in row.members(record)]
        assert rows.held(texts, asked) == members & {*asked}
    assert most > 10


def test_what_one_step_adds_to_a_part_goes_into_several(bench, rows, place):
    rows.part(place)
    put(rows, place, *map(shoe, range(100)))
    names = [f"SKU-0050 {number:02}" for number in range(50)]
    new = [(name, SearchRow(f"{name} a", f"{name} b", f"{name} c", f"{name} d")) for name in names]
    put(rows, place, *new)
    held = [*map(shoe, range(100)), *new]
    members = {each for record, row in held for each in row.members(record)}
    assert whole_in_parts(bench, place, members, search_keys.texts(place)) > 3
    keys_of = [key_member(record) for record, _ in held]
    whole_in_parts(bench, place, keys_of, search_keys.by_key(place))


def test_nothing_stays_of_a_set_that_becomes_empty(bench, rows, place):
    put(rows, place, *map(shoe, range(300)))
    for record, _ in map(shoe, range(300)):
        rows.drop(place, record)
    for key in (search_keys.texts(place), search_keys.by_key(place)):
        assert bench.client.keys(f"{key}*") == []


def test_what_the_release_before_wrote_is_put_into_parts_and_listed_meanwhile(bench, place):
    shoes = [shoe(number) for number in range(700)]
    as_before(bench, place, *shoes)
    context = make_context(bench.settings, bench.steps, mock.Mock())
    asked = {"collections": frozenset({"products"}), "limit": 1000}
    slices = 0
    while not context.search.advance(0.0):
        slices += 1
        if slices % 5 == 0:
            with mock.patch.object(SearchIndex, "advance"):
                listed = search_records(context, "", **asked).items
                found = search_records(context, "shoe 3", **asked).items
            assert [each["key"] for each in listed] == [record for record, _ in shoes]
            assert {each["key"] for each in found} == {f"SKU-{n:04}" for n in range(3, 700, 7)}
    assert slices > 5
    members = {each for record, row in shoes for each in row.members(record)}
    assert whole_in_parts(bench, place, members, search_keys.texts(place)) > 10
    keys_of = [key_member(record) for record, _ in shoes]
    assert whole_in_parts(bench, place, keys_of, search_keys.by_key(place)) > 5


@pytest.mark.parametrize("way", ["by itself", "by a change"])
def test_no_parts_are_made_within_an_hour_of_the_upgrade(bench, rows, place, way):
    as_before(bench, place, *map(shoe, range(300)))
    bench.client.set(keys.VERSION, 3)
    Upgrade(bench.steps, bench.settings).complete()
    assert version.read(bench.client) == version.VERSION
    index = SearchIndex(bench.steps, bench.settings)

    def go_on():
        if way == "by itself":
            assert index.advance(20.0)
        put(rows, place, *(shoe(number) for number in range(300, 301 + slept)))

    slept = 0
    go_on()
    assert bench.client.keys("instep:search*:parts") == []
    assert len(index.at_keys("products", None, 1000)[0]) == 301
    bench.pass_time(HOUR + 1)
    slept = 1
    go_on()
    assert bench.client.keys("instep:search*:parts")
    assert [each.record for each in index.matches("products", "shoe 0 ", None, 1)] == ["SKU-0000"]


def test_what_an_older_process_writes_all_the_same_is_gathered(bench, rows, place):
    index = SearchIndex(bench.steps, bench.settings)
    as_before(bench, place, *map(shoe, range(300)))
    assert index.advance(20.0)
    as_before(bench, place, shoe(500))  # behind the first part
    assert all_of(rows, _by_key(place)) == _keys(300)  # not shown between the parts, out of order
    look = json.loads(bench.client.hget(search_keys.STATE, "look"))
    seconds, _ = bench.client.time()
    bench.client.hset(search_keys.STATE, "look", json.dumps({**look, "next": seconds}))
    assert index.advance(20.0)
    listed, _ = index.at_keys("products", None, 1000)
    assert [each.record for each in listed][-1] == "SKU-0500"
    whole_in_parts(bench, place, _keys(300, 500), _by_key(place))


@pytest.mark.parametrize("known", [True, False])
def test_what_an_older_process_wrote_goes_with_its_record(bench, rows, place, known):
    as_before(bench, place, *map(shoe, range(300)))
    assert SearchIndex(bench.steps, bench.settings).advance(20.0)
    if known:
        put(rows, place, shoe(500))
    as_before(bench, place, shoe(500))
    rows.drop(place, "SKU-0500")
    whole_in_parts(bench, place, _keys(300), _by_key(place))


def _keys(number, *more):
    return [key_member(shoe(n)[0]) for n in (*range(number), *more)]


def _by_key(place):
    return search_keys.by_key(place)


def test_a_wrong_count_is_set_right(bench, place):
    index = SearchIndex(bench.steps, bench.settings)
    as_before(bench, place, *map(shoe, range(300)))
    assert index.advance(20.0)
    bench.client.hincrby(search_keys.STATE, search_keys.parted(place), 7)
    assert len(index.at_keys("products", None, 1000)[0]) == 300
    assert index.advance(20.0)
    whole_in_parts(bench, place, _keys(300), _by_key(place))


def test_a_full_store_makes_parts_all_the_same(bench, rows, place):
    as_before(bench, place, *map(shoe, range(300)))
    bench.client.config_set("maxmemory", 1)
    try:
        for _ in range(9):
            assert not rows.part(place)
    finally:
        bench.client.config_set("maxmemory", 0)
    whole_in_parts(bench, place, _keys(300), _by_key(place))


def test_of_an_erased_record_no_part_keeps_the_name(bench, place, store_socket):
    for number in range(300):
        fields = {"name": f"Shoe {number}"}
        one = change(f"SKU-{number:04}", fields, by="key", kind="text")
        bench.accept(Incoming(None, "t", 0, (one,)))
    assert SearchIndex(bench.steps, bench.settings).advance(20.0)
    firsts = [first for first, _ in parts_of(bench.client, _by_key(place))[1:]]
    first = firsts[1].partition("\x1f")[0].upper()
    with redis.Redis(unix_socket_path=store_socket) as raw:
        erasure = Erasure(raw, bench.steps, KeyText("products", first, names=("sku",)))
        erasure.run(erasure.find())
        assert [hit for hit in erasure.find() if hit.kind == "search"] == []
    left = set(_keys(300)) - {key_member(first)}
    whole_in_parts(bench, place, left, _by_key(place))
    names = bench.client.keys("*")
    assert [name for name in names if first.lower() in name.lower()] == []


def test_parts_are_in_order(bench, rows, place):
    put(rows, place, *map(shoe, range(400)))
    firsts = [first.encode() for first, _ in parts_of(bench.client, search_keys.texts(place))]
    assert all(one < other for one, other in pairwise(firsts))
