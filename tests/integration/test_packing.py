"""The fields of records at rest in one text: nothing is lost, and a change takes them out again."""

import hashlib
import json
import re
from importlib.resources import files
from unittest import mock

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.operate.record_pages import Filters
from service.operate.record_scan import scan_page
from tests.support.outbox_driver import Bench, at, event
from tests.support.stored_items import item_of
from workers.delivery.context import make_context
from workers.runtime.sweeper import sweep_forever
from workers.store import keys, packing, version
from workers.store.erasure import Erasure
from workers.store.field_pack import WORDS, plain
from workers.store.item_record import PACK, unpacked
from workers.store.key_text import KeyText
from workers.store.packing import Packing
from workers.store.publishing import Publishing
from workers.store.record_reader import RecordReader
from workers.store.shown_values import ShownValues
from workers.store.step_library import library
from workers.store.undo_log import UndoLog
from workers.store.upgrade import Upgrade
from workers.store.writeback import WriteBacks

KEY = "instep:item:products:i1"
HOUR = 3600
BOTH = frozenset({"products", "stores"})
VALUES = {"stock": 5, "price": 20, "name": 7}


def reading():
    """A script that reads an item as the steps do, and tells its fields as if each stood apart."""
    end = "return steps\nend\n"
    read = """
    return calls.step({redis = 1, step = 1, items = 1}, function(ARGV)
      local told = {}
      for slug, field in pairs(items.load('products', 'i1').fields) do
        told[slug] = field_codes.encode(field)
      end
      return cjson.encode(told)
    end)(ARGV)
    end
    return make()
    """
    text = library().text
    assert text.endswith(end)
    return f"#!lua\n{text.removesuffix(end)}{read}"


def packed(bench, key=KEY):
    return PACK in bench.client.hgetall(key)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
MARKS = st.sampled_from(["f11f402f59c8", "0a1b2c3d4e5f", ""])
HISTORY = st.lists(
    st.builds(
        "{},{},{}".format, st.integers(0, 9), MARKS, st.sampled_from(["", "t00000000000000001"])
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
FIELDS = st.fixed_dictionaries(
    {
        "v": st.one_of(TEXTS, st.integers(), st.booleans(), TEXTS.map(lambda t: t * 30)).map(
            json.dumps
        ),
        "t": st.sampled_from(["text", "number"]),
        "r": st.sampled_from(["s1", "s2"]),
        "s": st.sampled_from(["written", "unchanged", "superseded", "ignored"]),
    },
    optional={
        "a": st.integers(1, 9),
        "n": st.sampled_from(["evt_1", "evt\n2"]),
        "w": st.integers(1, 2),
        "e": st.just("x1 x2"),
        "o": TEXTS,
        "q": st.integers(1, 3),
        "k": HISTORY,
        "own": st.booleans(),  # confirmed, and answered, with its own value
        "c": st.just("f00"),
        "B": TEXTS.map(json.dumps),
        "u": st.just({"_draft": 14}),
        "j": st.just("[]"),
        "added later": st.just([1]),
    },
)


def stored(field):
    """A field as it is stored apart."""
    field = dict(field)
    if field.pop("own", False):
        field["c"] = hashlib.sha1(field["v"].encode(), usedforsecurity=False).hexdigest()
        if "a" in field:
            last = f"{field['a']},{field['c'][:12]},t00000000000000002"
            field["k"] = " ".join(filter(None, [field.get("k", ""), last]))
    return field


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c d", "é", "name@de"]), FIELDS, min_size=1),
    st.dictionaries(st.sampled_from(["a", "b", "é"]), FIELDS),
)
def test_what_is_packed_is_read_as_it_was_by_the_steps_and_by_python(bench, first, then):
    bench.client.delete(KEY)
    read = bench.client.register_script(reading())
    expected = {}
    for fields in (first, then):  # the second ones over a pack that stands
        mine = {slug: stored(field) for slug, field in fields.items()}
        expected |= mine
        bench.client.hset(KEY, mapping={"by": "item", "tried": "0"})
        for slug, field in mine.items():
            bench.client.hset(KEY, f"f:{slug}", json.dumps(field))
        bench.pack()
        names = [name for name in bench.client.hkeys(KEY) if name.startswith("f:")]
        long = {f"f:{slug}" for slug, field in expected.items() if len(field["v"]) > 200}
        assert long <= set(names)
        told = json.loads(read(args=[0, "{}"]))
        assert {slug: json.loads(text) for slug, text in told.items()} == expected
        held = unpacked(bench.client.hgetall(KEY))
        python = {name[2:]: json.loads(text) for name, text in held.items() if name[:2] == "f:"}
        assert python == expected
        assert held["by"] == "item"


def held(bench):
    """The bytes of all names and values of the record; its memory goes by how a store is set up."""
    return sum(len(name) + len(text) for name, text in bench.client.hgetall(KEY).items())


def test_a_settled_record_is_packed_and_takes_a_quarter(bench):
    bench.confirm("i1", {f"field-{n}": n for n in range(6)}, version=at(1))
    before, took = item_of(bench.client, KEY), held(bench)
    bench.pack()
    assert packed(bench)
    assert {name for name in bench.client.hkeys(KEY) if name[:2] == "f:"} == {PACK}
    after = item_of(bench.client, KEY)
    assert before.pop("due")  # of what rests nothing is
    assert {name: _parsed(text) for name, text in after.items()} == {
        name: _parsed(text) for name, text in before.items()
    }
    assert held(bench) < took / 4


def _parsed(text):
    return json.loads(text) if text[:1] == "{" else text


def test_words_stand_for_the_same_bytes_in_lua_and_in_python():
    text = (files("workers.store") / "lua/lib/field_pack.lua").read_text()
    told = re.findall(r"\[(\d+)\] = '(.+?)'(?=,|\n)", text)
    assert {int(byte): word.replace("\\\\", "\\") for byte, word in told} == WORDS


def as_of_version_3(bench, key=KEY):
    """Give the record the form that the release before has packed."""
    words = plain(bench.client.hget(key, PACK))
    bench.client.hset(key, mapping={PACK: "2" + words[1:], "due": "1"})


def test_what_the_release_before_has_packed_is_read_and_packed_anew(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    new = bench.client.hgetall(KEY)
    as_of_version_3(bench)
    read = bench.client.register_script(reading())
    told = json.loads(read(args=[0, "{}"]))
    assert {slug: json.loads(json.loads(text)["v"]) for slug, text in told.items()} == VALUES
    assert {slug: bench.value("i1", slug) for slug in VALUES} == VALUES
    bench.pack()
    assert bench.client.hgetall(KEY) == new
    as_of_version_3(bench)
    bench.accept(event("i1", {"stock": 6}, version=at(2)))
    assert (bench.value("i1"), bench.value("i1", "price")) == (6, 20)
    bench.write(bench.batch())
    bench.pack()
    assert bench.client.hget(KEY, PACK)[0] == "3"
    assert (bench.value("i1"), bench.value("i1", "price")) == (6, 20)


def test_what_waits_or_was_just_sent_is_not_packed(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.steps.run("pack", {"records": [["products", "i1"]]})
    assert not packed(bench)  # it was sent just now
    bench.accept(event("i1", {"stock": 6}, version=at(2)))
    bench.pack()
    assert not packed(bench)
    bench.write(bench.batch())
    bench.pack()
    assert packed(bench)


def test_a_change_takes_its_field_out_and_a_change_of_all_takes_all(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    bench.confirm("i1", {"stock": 6}, version=at(2))
    assert packed(bench)
    assert "f:stock" in bench.client.hkeys(KEY)
    assert (bench.value("i1"), bench.value("i1", "price")) == (6, 20)
    bench.pack()
    assert "f:stock" not in bench.client.hkeys(KEY)
    assert (bench.value("i1"), bench.value("i1", "price")) == (6, 20)
    bench.confirm("i1", dict.fromkeys(VALUES, 9), version=at(3))
    assert not packed(bench)
    assert {bench.value("i1", slug) for slug in VALUES} == {9}


def test_parts_of_which_little_counts_are_written_anew(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    for n, slug in enumerate(VALUES, 2):
        bench.confirm("i1", {slug: n}, version=at(n))
        bench.pack()
    text = bench.client.hget(KEY, PACK)
    assert text.count("\n") == 2  # one part for each, and none of the first event
    assert [bench.value("i1", slug) for slug in VALUES] == [2, 3, 4]


def test_an_event_of_a_packed_record_is_judged_as_ever(bench):
    bench.confirm("i1", VALUES, version=at(5))
    bench.pack()
    bench.accept(event("i1", {"stock": 1}, version=at(4)))
    assert bench.counts("stale") == (1,)
    bench.accept(event("i1", {"stock": 5}, version=at(6)))
    assert bench.counts("unchanged") == (1,)
    assert bench.field("i1")["r"] == at(6)


def test_a_full_store_packs_all_the_same(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.client.config_set("maxmemory", 1)
    try:
        bench.pack()
    finally:
        bench.client.config_set("maxmemory", 0)
    assert packed(bench)


def test_the_sweeper_looks_at_all_records_page_by_page_once_an_hour(bench, monkeypatch):
    monkeypatch.setattr(packing, "PAGE", 5)
    for n in range(30):
        bench.confirm(f"r{n}", VALUES, version=at(n))
    bench.pass_time(HOUR / 5)
    looks = Packing(bench.steps)
    rounds = 0
    while looks.look():
        rounds += 1
    assert rounds > 1
    assert all(packed(bench, f"instep:item:products:r{n}") for n in range(30))
    bench.pass_time(HOUR / 2)
    assert not looks.look()
    bench.pass_time(HOUR)
    assert looks.look()


@pytest.mark.parametrize("now", [3, 2, 1])
def test_a_store_of_an_older_version_is_packed_an_hour_after_its_upgrade(bench, now):
    bench.confirm("i1", VALUES, version=at(1))
    if now > 1:
        bench.client.set(keys.VERSION, now)
    bench.pass_time(HOUR / 5)
    Upgrade(bench.steps, bench.settings).complete()
    assert version.read(bench.client) == version.VERSION
    bench.steps.run("pack", {"records": [["products", "i1"]]})
    assert not packed(bench)
    bench.pass_time(HOUR + 1)
    bench.steps.run("pack", {"records": [["products", "i1"]]})
    assert packed(bench)


@pytest.mark.parametrize("now", [3, 2])
def test_a_store_that_is_not_upgraded_yet_is_not_packed(bench, now):
    bench.client.set(keys.VERSION, now)
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    assert not packed(bench)


def test_a_release_that_does_not_know_packs_fails(bench: Bench):
    """It reads each "f:" as JSON, and takes no record for one without fields."""
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    with pytest.raises(json.JSONDecodeError):
        json.loads(bench.client.hget(KEY, PACK))


def named(bench, key="REF-77"):
    reference = {"to": "stores", "key": key}
    values = {"name": "Blue Shirt", "slug": "blue-shirt", "size": "XL 000 cm", "best": reference}
    texts = {
        f"f:{slug}": json.dumps({"v": json.dumps(value), "t": "text", "s": "written"})
        for slug, value in values.items()
    }
    bench.client.hset(KEY, mapping={"by": "item", **texts})
    bench.pack()
    assert {name for name in bench.client.hkeys(KEY) if name[:2] == "f:"} == {PACK}


def test_a_packed_record_is_found_and_told_as_ever(bench):
    named(bench)
    context = make_context(bench.settings, bench.steps, mock.Mock())
    while not context.search.advance(5.0):
        pass
    (row,) = context.search.rows("products", ["i1"])
    assert (row.name, row.slug) == ("Blue Shirt", "blue-shirt")
    facts = RecordReader(bench.steps, bench.settings).read("products", "i1")
    assert json.loads(facts.fields["best"].value)["key"] == "REF-77"
    for part, slug in {"ue shir": "name", "0 cm": "size", "00": "size"}.items():
        told = scan_page(context, part, collections=BOTH, filters=Filters(), limit=10)
        assert [hit["fields"] for hit in told["items"]] == [[slug]]


# Of the second one's key no letter stands as it is: it is a word of the pack.
@pytest.mark.parametrize("key", ["REF-77", "00000000"])
def test_a_packed_record_that_names_an_erased_one_is_told(bench, store_socket, key):
    named(bench, key)
    text = KeyText("stores", key, names=("sku",), others={"products"})
    with redis.Redis(unix_socket_path=store_socket) as raw:
        hits = Erasure(raw, bench.steps, text).find()
    assert ("reference", KEY, "best") in {(hit.kind, hit.key, hit.id) for hit in hits}


def test_the_sweeper_packs(bench):
    bench.confirm("i1", VALUES, version=at(1))
    bench.pass_time(HOUR)
    stop = mock.Mock(is_set=mock.Mock(side_effect=[False, True]))
    bench.client.rpush(keys.NUDGE, "")  # or it would wait for one
    sweep_forever(make_context(bench.settings, bench.steps, mock.Mock()), [], stop)
    assert packed(bench)


def test_what_else_reads_records_reads_packed_ones(bench):
    """A write-back, an undo, and a listing that asks for the types of fields."""
    bench.confirm("i1", VALUES, version=at(1))
    bench.pack()
    bench.accept(event("i1", {"stock": 6}, version=at(2)))
    assert packed(bench)
    told = UndoLog(bench.steps).of_record("products", "i1")
    assert {entry.slug for entry in told if entry.waits} == {"stock"}
    products = bench.settings.collections["products"]
    assert set(ShownValues(bench.steps)._types(products, ["i1"])[0]) == set(VALUES)
    (held,) = WriteBacks(bench.steps, bench.settings)._read("products", ["i1"])
    assert held.id == "i1"
    assert not Publishing(bench.steps, bench.settings).doubted(products, ["i1"])
