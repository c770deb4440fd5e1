"""The order of the keys: a list of all records reads its page alone, also of an older store."""

import json
from itertools import chain
from unittest import mock

import pytest
import redis

from service.operate.record_choice import list_records
from service.operate.record_list import search_records
from service.operate.scope import Scope
from tests.support.outbox_driver import change
from workers.delivery.context import make_context
from workers.errors import StoreFull
from workers.model.changes import Incoming
from workers.store import keys, search_keys, search_order
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.search_index import SearchIndex
from workers.store.search_row import SearchRow, key_member

BOTH = frozenset({"products", "stores"})


@pytest.fixture
def context(bench):
    return make_context(bench.settings, bench.steps, mock.Mock())


def put(bench, *records, collection="products", source="erp"):
    for record in records:
        fields = {"name": f"A name {record}", "slug": f"s-{record}"}
        one = change(record, fields, by="key", kind="text", collection=collection)
        bench.accept(Incoming(None, "t", 0, (one,)), source=source)


def place(bench, collection="products"):
    return f"{collection}:{bench.settings.copy_of(bench.settings.collections[collection])}"


def listed(context, limit=50, **options):
    """The keys of each page of all records."""
    pages, cursor = [], None
    for _ in range(50):
        asked = {"collections": BOTH, "limit": limit, "cursor": cursor, **options}
        page = search_records(context, "", **asked)
        pages.append([each["key"] for each in page.items])
        cursor = page.next
        if cursor is None:
            return pages
    raise AssertionError("no end")


def ordered(bench, collection="products"):
    return bench.client.zrange(search_keys.by_key(place(bench, collection)), 0, -1)


def is_whole(bench, collection="products"):
    """Whether the members are those of the rows, one by one."""
    rows = bench.client.hkeys(search_keys.rows(place(bench, collection)))
    return ordered(bench, collection) == sorted(map(key_member, rows), key=str.encode)


def as_before(bench):
    """Make the store that of an older release."""
    names = [search_keys.by_key(place(bench, each)) for each in BOTH]
    bench.client.delete(*names)
    for name in bench.client.hkeys(search_keys.STATE):
        if name != "look":
            bench.client.hdel(search_keys.STATE, name)


class Older:
    """A process of an older release, which keeps rows and texts alone."""

    def __init__(self, bench):
        self.client, self.place = bench.client, place(bench)

    def add(self, record):
        self.client.hset(keys.item("products", record), "by", "key")
        self.client.hset(search_keys.rows(self.place), record, SearchRow().as_text())
        self.client.zadd(
            search_keys.texts(self.place), dict.fromkeys(SearchRow().members(record), 0)
        )

    def remove(self, record):
        (text,) = self.client.hmget(search_keys.rows(self.place), [record])
        members = SearchRow.parse(text).members(record)
        self.client.delete(keys.item("products", record))
        self.client.hdel(search_keys.rows(self.place), record)
        self.client.zrem(search_keys.texts(self.place), *members)


def test_a_page_reads_the_keys_alone(bench, context):
    put(bench, "c", "B", "a", "É", "é2", "Zz")
    put(bench, "b-1", collection="stores")
    assert context.search.advance(5.0)
    bench.client.delete(search_keys.texts(place(bench)))  # nothing else is looked at
    assert listed(context, 2) == [["a", "B"], ["c", "Zz"], ["É", "é2"], ["b-1"]]
    assert listed(context) == [["a", "B", "c", "Zz", "É", "é2", "b-1"]]
    assert is_whole(bench)


def test_a_list_goes_on_behind_a_record_that_is_no_more(bench, context):
    put(bench, "a", "b", "c")
    page = search_records(context, "", collections=BOTH, limit=2)
    bench.client.delete(keys.item("products", "b"))
    bench.client.hset(search_keys.DUE, "products:b", 1)
    page = search_records(context, "", collections=BOTH, limit=2, cursor=page.next)
    assert [each["key"] for each in page.items] == ["c"]
    assert listed(context) == [["a", "c"]]
    assert is_whole(bench)


def test_state_source_and_scope_choose_among_the_keys(bench, context):
    put(bench, "a", "c", "e")
    put(bench, "b", "d", source="shop")
    put(bench, "f", collection="stores")
    names = frozenset({"erp", "shop"})
    whole = Scope(True, frozenset({"site"}), BOTH, names)
    one = Scope(False, frozenset({"site"}), frozenset({"products"}), names)

    def found(scope, **chosen):
        pages, cursor = [], None
        while not pages or cursor:
            page = list_records(context, scope, **chosen, cursor=cursor, limit=2)
            pages.append([each["key"] for each in page["items"]])
            cursor = page["next"]
        return pages

    assert found(whole, state="any") == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert found(one, state="any") == [["a", "b"], ["c", "d"], ["e"]]
    assert found(whole, source="shop") == [["b", "d"]]
    assert found(whole, source="erp") == [["a", "c"], ["e", "f"]]
    assert found(whole, state="any", collection="stores") == [["f"]]
    assert found(whole, state="dead") == [[]]


@pytest.mark.parametrize("size", [2, 500])
def test_a_store_of_before_is_listed_at_once_and_gets_its_order_by_itself(
    bench, context, monkeypatch, size
):
    monkeypatch.setattr(search_order, "PAGE", size)
    records = [f"K{number:02}" for number in range(9)]
    put(bench, *records)
    put(bench, "S", collection="stores")
    assert context.search.advance(5.0)
    as_before(bench)
    with monkeypatch.context() as patch:
        patch.setattr(SearchIndex, "advance", lambda *_, **__: True)
        assert list(chain(*listed(context, 4))) == [*records, "S"]
        assert ordered(bench) == []
    while True:  # each slice by another process, as if the one before had died
        if SearchIndex(bench.steps, bench.settings).advance(0.0):
            break
    assert is_whole(bench)
    assert is_whole(bench, "stores")
    assert list(chain(*listed(context, 4))) == [*records, "S"]


def test_a_list_goes_on_when_the_order_is_made_between_two_pages(bench, context, monkeypatch):
    put(bench, "a", "b", "c")
    assert context.search.advance(5.0)
    as_before(bench)
    with monkeypatch.context() as patch:
        patch.setattr(SearchIndex, "advance", lambda *_, **__: True)
        page = search_records(context, "", collections=BOTH, limit=1)
    rest = search_records(context, "", collections=BOTH, limit=9, cursor=page.next)
    assert [each["key"] for each in (*page.items, *rest.items)] == ["a", "b", "c"]
    assert is_whole(bench)


def test_what_an_older_release_writes_beside_is_listed_at_once(bench, context, monkeypatch):
    put(bench, "a", "b", "c")
    assert context.search.advance(5.0)
    older = Older(bench)
    older.add("new")
    older.remove("a")
    older.remove("b")
    with monkeypatch.context() as patch:
        patch.setattr(SearchIndex, "advance", lambda *_, **__: True)
        assert listed(context) == [["c", "new"]]
    assert context.search.advance(5.0)
    assert is_whole(bench)
    assert listed(context) == [["c", "new"]]


def test_numbers_that_agree_by_chance_are_met_by_the_next_look(bench, context):
    put(bench, "a", "b")
    assert context.search.advance(5.0)
    older = Older(bench)
    older.add("new")
    older.remove("a")
    look = json.loads(bench.client.hget(search_keys.STATE, "look"))
    seconds, _ = bench.client.time()
    bench.client.hset(search_keys.STATE, "look", json.dumps({**look, "next": seconds}))
    assert listed(context)[-1][-1] == "new"
    assert context.search.advance(5.0)
    assert is_whole(bench)


def test_a_row_that_changes_during_the_pass_keeps_its_new_text(bench, context, monkeypatch):
    put(bench, "a")
    assert context.search.advance(5.0)
    as_before(bench)
    run, once = bench.steps.run, []

    def meanwhile(step, *arguments):
        if step == "index_search" and not once:
            once.append(True)
            one = change("a", {"name": "Newer"}, by="key", kind="text", version=bench.ahead(0))
            bench.accept(Incoming(None, "t", 0, (one,)))
            assert SearchIndex(bench.steps, bench.settings).advance(5.0)
        return run(step, *arguments)

    monkeypatch.setattr(bench.steps, "run", meanwhile)
    assert context.search.advance(5.0)
    assert once
    assert context.search.rows("products", ["a"])[0].name == "Newer"
    assert is_whole(bench)


def test_a_full_store_is_listed_without_the_order(bench, context, monkeypatch):
    put(bench, "a", "b")
    assert context.search.advance(5.0)
    as_before(bench)
    run = bench.steps.run

    def full(step, *arguments):
        if step == "index_search":
            raise StoreFull("full")
        return run(step, *arguments)

    monkeypatch.setattr(bench.steps, "run", full)
    assert listed(context, 1) == [["a"], ["b"]]


def test_forget_takes_out_what_has_no_row_any_more(bench, context, store_socket):
    put(bench, "REF-77", "B-2")
    assert context.search.advance(5.0)
    Older(bench).remove("REF-77")
    with redis.Redis(unix_socket_path=store_socket) as raw:
        erasure = Erasure(raw, bench.steps, KeyText("products", "REF-77", names=("sku",)))
        kinds = {hit.kind for hit in erasure.find() if "search" in hit.key}
        assert kinds == {"search"}
        erasure.run(erasure.find())
    assert is_whole(bench)
    assert [record for record in ordered(bench) if "REF" in record] == []
