"""The search index follows what the store holds, and what listings show."""

import json
from unittest import mock

import pytest
import redis

from service.operate import record_search
from service.operate.record_life import UnknownRecord, life_of
from tests.support.outbox_creating import created, knowing, wanted
from tests.support.outbox_driver import at, change, event
from workers.delivery.context import make_context
from workers.errors import StoreFull
from workers.model.changes import Incoming
from workers.runtime.sweeper import sweep_forever
from workers.store import keys, search_keys
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.search_index import FOREIGN, SearchIndex
from workers.store.search_look import DAILY, SOON
from workers.store.search_row import SearchRow
from workers.store.search_rows import SearchRows
from workers.webflow.item_answers import ItemView


@pytest.fixture
def index(bench):
    return SearchIndex(bench.steps, bench.settings)


def named(bench, record, name, slug=None, **options):
    fields = {"name": name, **({"slug": slug} if slug else {})}
    one = change(record, fields, by="key", kind="text", **options)
    bench.accept(Incoming(None, "t", 0, (one,)))


def found(index, text, collection="products"):
    assert index.advance(5.0)
    matches = index.matches(collection, text, None, 50)
    return {each.record for each in matches if each.member in each.row.members(each.record)}


def place(bench, collection="products"):
    return f"{collection}:{bench.settings.copy_of(bench.settings.collections[collection])}"


def merge(bench, one, other):
    request = {"token": f"{one}+{other}", "collection": "products", "from": one, "to": other}
    bench.steps.run("merge", {**request, "texts": {}, "look": False})


def texts(bench):
    return set(bench.client.zrange(search_keys.texts(place(bench)), 0, -1))


def rowed(index):
    """All texts, as the rows say them."""
    _, rows = index.page("products", 0, 100)
    return set().union(*(SearchRow.parse(row).members(record) for record, row in rows.items()))


def test_a_record_is_found_by_key_name_and_slug(bench, index):
    named(bench, "A-1", "Blue Shirt", "blue-shirt")
    for text in ("a-1", "a", "blue sh", "blue-shirt"):
        assert found(index, text) == {"A-1"}
    assert found(index, "a-1", "stores") == set()
    assert index.coverage(["products", "stores"]).complete


def test_a_name_that_changes_leaves_the_index(bench, index):
    named(bench, "A-1", "Blue")
    assert found(index, "blue") == {"A-1"}
    named(bench, "A-1", "Green")
    assert (found(index, "blue"), found(index, "green")) == (set(), {"A-1"})
    assert texts(bench) == rowed(index)


@pytest.mark.parametrize("fields", [{"stock": 1}, {"name": "Blue"}])
def test_what_changes_no_name_notes_nothing(bench, index, fields):
    named(bench, "A-1", "Blue")
    assert index.advance(5.0)
    one = change("A-1", fields, by="key", kind="text")
    bench.accept(Incoming(None, "t", 0, (one,)))
    assert bench.client.hlen(search_keys.DUE) == 0


def test_an_item_that_is_made_is_found_by_its_id(bench_with):
    bench = knowing(bench_with(missing="create"))
    index = SearchIndex(bench.steps, bench.settings)
    wanted(bench, "A-1")
    batch = bench.batch()
    assert found(index, "id-") == set()
    bench.settle(batch, *created(batch))
    assert found(index, "id-a") == {"A-1"}


def view(id, **fields):
    return ItemView(id, fields)


def test_what_a_listing_shows_is_found_beside_what_instep_writes(bench, index):
    named(bench, "A-1", "Blue")
    products = bench.settings.collections["products"]
    bench.client.hset(keys.of_steps("ids", place(bench)), mapping={"A-1": "i1", "B-2": "i2"})
    shown = [("A-1", view("i1", name="Navy", slug="navy")), ("B-2", view("i2", name="Oak"))]
    index.show(products, [*shown, (None, view("i3", name="No key"))])
    assert found(index, "navy") == found(index, "blue") == found(index, "i1") == {"A-1"}
    assert found(index, "oak") == {"B-2"}
    assert found(index, "no key") == set()
    index.show(products, [("A-1", view("i1", name="Blue", slug=7))])
    assert found(index, "navy") == set()
    assert index.rows("products", ["A-1"]) == [SearchRow("i1", "Blue")]


def test_of_two_items_with_one_key_the_one_that_is_written_is_shown(bench, index):
    products = bench.settings.collections["products"]
    bench.client.hset(keys.of_steps("ids", place(bench)), "A-1", "i1")
    index.show(products, [("A-1", view("i1", name="First"))])
    index.show(products, [("A-1", view("i2", name="Second"))])
    assert (found(index, "first"), found(index, "second")) == ({"A-1"}, set())


def test_a_record_that_is_no_more_leaves_the_index(bench, index):
    named(bench, "A-1", "Blue")
    assert found(index, "blue") == {"A-1"}
    bench.list_all()  # no item has its key
    for letter in bench.letters():
        bench.letter(letter["id"], "discard")
    bench.pass_time(31 * 86_400)
    bench.steps.run(
        "sweep",
        {
            "destinations": [{"name": "site", "collections": ["products"]}],
            "places": bench.settings.copies(),
        },
    )
    assert bench.client.exists(keys.item("products", "A-1")) == 0
    assert found(index, "") == set()
    assert (texts(bench), bench.client.hlen(search_keys.DUE)) == (set(), 0)


def test_an_item_that_is_no_more_leaves_the_index(bench, index):
    mapping = {"B-2": "i2", "C-3": "i3"}
    bench.client.hset(keys.of_steps("ids", place(bench)), mapping=mapping)
    items = {id: key for key, id in mapping.items()}
    bench.client.hset(keys.of_steps("keys", place(bench)), mapping=items)
    assert found(index, "") == {"B-2", "C-3"}
    bench.client.sadd(keys.of_steps("listed", place(bench)), "i2")  # by a round, at its end
    bench.drop_unlisted(bench.settings.collections["products"])
    assert found(index, "") == {"B-2"}
    assert texts(bench) == rowed(index)


def test_records_that_are_merged_are_one(bench, index):
    named(bench, "A-1 ", "Blue")
    assert found(index, "blue") == {"A-1 "}
    merge(bench, "A-1 ", "A-1")
    assert found(index, "blue") == found(index, "a-1") == {"A-1"}
    assert texts(bench) == rowed(index)


def test_of_merged_records_the_newer_name_is_found(bench, index):
    named(bench, "A-1", "Old", version=at(1))
    named(bench, "A-1 ", "New", version=at(2))
    assert found(index, "old") == {"A-1"}
    merge(bench, "A-1 ", "A-1")
    assert (found(index, "old"), found(index, "new")) == (set(), {"A-1"})


def test_the_sweeper_keeps_the_index_current(bench):
    named(bench, "A-1", "Blue")
    context = make_context(bench.settings, bench.steps, mock.Mock())
    stop = mock.Mock(is_set=mock.Mock(side_effect=[False, True]))
    bench.client.rpush(keys.NUDGE, "")  # or it would wait for one
    sweep_forever(context, [], stop)
    assert context.search.coverage(["products"]).complete
    assert context.search.rows("products", ["A-1"]) == [SearchRow("", "Blue")]


def test_forget_takes_a_record_out_and_names_those_that_name_it(bench, index, store_socket):
    named(bench, "REF-77", "Blue")
    named(bench, "B-2", "Box for REF-77")
    assert found(index, "ref-77") == {"REF-77"}
    named(bench, "REF-77", "Green")  # noted, and not yet indexed
    with redis.Redis(unix_socket_path=store_socket) as raw:
        text = KeyText("products", "REF-77", names=("sku",), others={"stores"})
        erasure = Erasure(raw, bench.steps, text)
        left = erasure.run(erasure.find()).left
    rows = search_keys.rows(place(bench))
    assert [(hit.kind, hit.id) for hit in left if hit.key == rows] == [("reference", "B-2")]
    assert bench.client.hkeys(rows) == ["B-2"]
    assert texts(bench) == rowed(index)
    assert found(index, "ref-77") == set()


def test_a_store_of_before_is_indexed_by_a_look_at_all_records(bench, index):
    for number in range(700):
        bench.client.hset(keys.item("products", f"K{number}"), "by", "key")
    bench.client.hset(keys.item("gone", "X"), "by", "key")  # of no collection any more
    bench.client.hset(keys.of_steps("ids", place(bench)), mapping={"ONLY-ITEM": "i9", "K1": "i1"})
    assert not index.coverage(["products"]).whole
    assert not index.advance(0.0)  # one slice
    assert index.advance(5.0)
    told = index.coverage(["products"])
    assert (told.records, told.complete) == (701, True)
    assert found(index, "i9") == found(index, "only") == {"ONLY-ITEM"}
    assert found(index, "k699") == {"K699"}


def test_what_an_older_release_writes_is_met_by_the_next_look(bench, index):
    assert index.advance(5.0)
    stored = '{"v":"\\"Blue\\"","t":"text","s":"written","a":1}'
    bench.client.hset(keys.item("products", "A-1"), mapping={"by": "key", "f:name": stored})
    assert found(index, "blue") == set()
    look = json.loads(bench.client.hget(search_keys.STATE, "look"))
    seconds, _ = bench.client.time()
    assert look["next"] == pytest.approx(seconds + SOON, abs=60)
    bench.client.hset(search_keys.STATE, "look", json.dumps({**look, "next": seconds}))
    assert found(index, "blue") == {"A-1"}
    look = json.loads(bench.client.hget(search_keys.STATE, "look"))
    assert look["next"] == pytest.approx(seconds + DAILY, abs=60)


def test_another_copy_of_a_collection_is_looked_at_anew(bench, index):
    named(bench, "A-1", "Blue")
    assert index.advance(5.0)
    other = SearchIndex(bench.steps, bench.settings)
    other._look._places = other._places = {**other._places, "products": "products:other"}
    assert not other.coverage(["products"]).whole
    assert found(other, "blue") == {"A-1"}
    assert index.coverage(["products"]).complete


def test_a_change_during_the_indexing_is_not_lost(bench, index, monkeypatch):
    named(bench, "A-1", "Blue")
    run, once = bench.steps.run, []

    def meanwhile(step, *arguments):
        if step == "index_search" and not once:
            once.append(True)
            named(bench, "A-1", "Green")
        return run(step, *arguments)

    monkeypatch.setattr(bench.steps, "run", meanwhile)
    assert found(index, "green") == {"A-1"}


def test_a_row_that_another_process_has_changed_is_read_again(bench, index, monkeypatch):
    products = bench.settings.collections["products"]
    run, once = bench.steps.run, []

    def meanwhile(step, *arguments):
        if step == "index_search" and not once:
            once.append(True)
            index.show(products, [("A-1", view("i1", name="Oak"))])
        return run(step, *arguments)

    monkeypatch.setattr(bench.steps, "run", meanwhile)
    index.show(products, [("A-1", view("i1", name="Elm", slug="elm"))])
    assert index.rows("products", ["A-1"]) == [SearchRow("i1", "", "", "Elm", "elm")]
    assert texts(bench) == rowed(index)


def test_many_records_are_indexed_by_few_commands(bench, index, monkeypatch):
    assert index.advance(5.0)
    for number in range(50):
        named(bench, f"SKU-{number}", "Oak")
    monkeypatch.setattr(SearchRows, "held", None)  # what has changed is written, whatever is there
    bench.client.config_resetstat()
    assert index.advance(5.0)
    stats = bench.client.info("commandstats")
    calls = {name: stats[f"cmdstat_{name}"]["calls"] for name in ("hget", "hset", "hdel")}
    assert max(calls.values()) < 10
    assert len(found(index, "oak")) == 50


def test_a_full_store_is_indexed_later(bench, index, monkeypatch):
    named(bench, "A-1", "Blue")
    run = bench.steps.run

    def full(step, *arguments):
        if step == "index_search":
            raise StoreFull("full")
        return run(step, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(bench.steps, "run", full)
        assert index.advance(5.0)
        index.show(bench.settings.collections["products"], [("B", view("i", name="x"))])
    assert bench.client.hlen(search_keys.DUE) == 1
    assert found(index, "blue") == {"A-1"}


def test_notes_of_collections_that_are_no_more_end_after_a_while(bench, index):
    seconds, _ = bench.client.time()
    stamps = {f"gone:{n}": int(seconds - FOREIGN - 60) * 10**6 for n in range(300)}
    bench.client.hset(search_keys.DUE, mapping=stamps)
    bench.client.hset(search_keys.DUE, "new:X", seconds * 10**6)
    for _ in range(40):  # some of them at a time, by chance
        assert index.advance(5.0)
    assert bench.client.hkeys(search_keys.DUE) == ["new:X"]


def test_why_names_the_records_that_have_the_text_as_name(bench, index):
    context = make_context(bench.settings, bench.steps, None)
    named(bench, "A-1", "Blue Shirt", "shirt-1")
    assert index.advance(5.0)
    for text in ("blue shirt", "SHIRT"):
        assert record_search.named(context, "products", text) == ["A-1"]
    for text in ("a-1", "", "shoe"):
        assert record_search.named(context, "products", text) == []
    with pytest.raises(UnknownRecord) as unknown:
        life_of(context, "products", "Blue Shirt")
    assert unknown.value.nearest[0] == "A-1"


def test_an_item_id_is_a_record_of_its_own(bench, index):
    bench.accept(event("65f0ab", {"stock": 1}))
    assert found(index, "65f0") == {"65f0ab"}
    assert index.rows("products", ["65f0ab"]) == [SearchRow("65f0ab")]
