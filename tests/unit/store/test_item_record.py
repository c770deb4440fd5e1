"""The stored form of an item, read into names."""

import json
import re
from pathlib import Path

import pytest

import workers.store
from tests.support.earlier_stores import STORES
from workers.store import lua_limits
from workers.store.item_record import (
    FieldRecord,
    ItemRecord,
    left_out_of,
    slug_of,
    without_request,
)

LUA = Path(workers.store.__file__).parent / "lua" / "lib"


def stored(**more):
    return json.dumps(
        {"v": "1", "t": "number", "r": "t00000000000000001", "a": 7, "s": "written"} | more
    )


def test_a_field_has_its_codes_as_names():
    field = FieldRecord.parse(stored(w=5, i=6, c="ab", l="L1", o="erp", g="{}", A=3, R=1, y=4))
    assert (field.value, field.type, field.version) == ("1", "number", "t00000000000000001")
    assert (field.arrival, field.state, field.source) == (7, "written", "erp")
    assert (field.since, field.came, field.as_of, field.timed) == (5, 6, 3, True)
    assert (field.confirmed, field.letter, field.file) == (True, "L1", "{}")
    assert (field.mending, field.undone, field.stuck) == (False, False, False)


def test_a_value_that_waits_for_an_item_is_stuck_after_a_minute():
    assert not FieldRecord.parse(stored(y=4), 60_004).stuck
    assert FieldRecord.parse(stored(y=4), 60_005).stuck


def test_a_value_with_a_repair_mark_is_not_confirmed():
    field = FieldRecord.parse(stored(m=9, c="ab"))
    assert (field.mending, field.confirmed) == (True, False)
    assert not FieldRecord.parse(stored(m=9, s="dead")).mending


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param("7,aa,t1", ("t1", "aa"), id="to this value"),
        pytest.param("7,aa,t1 0,bb,t2", ("t2", "bb"), id="an event told of it later"),
        pytest.param("5,aa,t1", ("t1", "aa"), id="to the same value, sent before"),
        pytest.param("6,aa,t1", (None, None), id="to another value"),
        pytest.param("7,aa,", (None, None), id="sent and not answered"),
        pytest.param("", (None, None), id="never sent"),
    ],
)
def test_the_last_answer_is_to_this_value(answers, found):
    field = FieldRecord.parse(stored(k=answers, S=5))
    assert (field.answered, field.mark) == found


@pytest.mark.parametrize(
    ("more", "at"),
    [
        pytest.param({"A": 8}, 8, id="a snapshot lacked it"),
        pytest.param({"A": 8, "I": 0}, None, id="an event said so before"),
        pytest.param({"q": 3, "r": "t00000000000002000"}, 2, id="a reconcile of an older release"),
        pytest.param({"q": 3, "n": "e1", "r": "t00000000000002000"}, None, id="an event"),
    ],
)
def test_a_retirement_tells_whether_a_snapshot_inferred_it(more, at):
    assert FieldRecord.parse(stored(t="gone", **more)).as_of == at


def test_an_item_is_its_fields_its_retirement_and_its_request():
    hash = {
        "f:stock": stored(o="erp"),
        "f:price": stored(s="superseded", o="shop"),
        "f::gone": stored(t="gone", b=1, m=5),
        "o:name": "{}",
        "claim": '{"token": "x", "at": 1, "till": 20}',
        "tried": "12.0",
        "by": "key",
        "make": "1",
    }
    item = ItemRecord.parse(hash, "i1", 19)
    assert list(item.fields) == ["stock"]
    assert (item.id, item.gone, item.lifting) == ("i1", None, True)
    assert (item.busy, item.tried, item.by) == (True, 12, {"erp", "shop"})
    assert (item.by_key, item.create, len(item.stored)) == (True, True, 3)
    assert not ItemRecord.parse(hash, "i1", 20).busy
    assert ItemRecord.parse({**hash, "doubt": "1"}, "i1", 20).busy


def test_of_nothing_stored_there_is_an_empty_item():
    assert ItemRecord.parse({}) == ItemRecord()


def test_names_of_entries_are_told_apart():
    assert (slug_of("f:stock"), slug_of("f::gone"), slug_of("due")) == ("stock", ":gone", None)
    assert left_out_of('o:["products","A-1","stock"]') == ("products", "A-1", "stock")
    assert left_out_of("f:stock") is None


def test_a_copy_without_its_request_keeps_the_rest():
    assert without_request({"claim": "{}", "lane": "live", "due": "1"}) == {"due": "1"}


@pytest.mark.parametrize("store", sorted(STORES.iterdir()), ids=lambda path: path.stem)
def test_items_of_earlier_releases_are_read(store):
    items = [
        dict(zip(command[2::2], command[3::2], strict=True))
        for command in json.loads(store.read_text())["commands"]
        if command[0] == "HSET" and command[1].startswith("instep:item:")
    ]
    read = [ItemRecord.parse(item) for item in items]
    assert sum(len(item.fields) for item in read) > 10
    assert any(item.gone for item in read)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("CLAIM_MS", "step"),
        ("HOUR_US", "version_kinds"),
        ("STALLED_MS", "stale_values"),
        ("STALLED_EVENTS", "stale_values"),
        ("MARKER_MS", "wakeups"),
    ],
)
def test_a_limit_is_the_same_in_lua(name, file):
    text = (LUA / f"{file}.lua").read_text()
    factors = re.search(rf"^local {name} = ([\d *]+)", text, re.MULTILINE)[1].split("*")
    product = 1
    for factor in factors:
        product *= int(factor)
    assert product == getattr(lua_limits, name)
