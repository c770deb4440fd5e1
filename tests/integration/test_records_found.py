"""What the lists of records show: by a text, by a part of a value, and what needs a person."""

import json
import time

import pytest

from service.operate import record_attention, record_pages, record_scan
from service.operate.page import FilterInvalid
from service.operate.record_attention import list_attention
from service.operate.record_list import search_records
from service.operate.record_pages import ATTENTION, Filters
from service.operate.record_scan import scan_page, scan_records
from tests.support.outbox_driver import Bench, change
from tests.support.outbox_retiring import retire
from workers.config.settings import Guard
from workers.delivery.context import make_context
from workers.model.attempts import FieldFailure, ItemOutcome
from workers.model.changes import FieldProblem, Incoming, LeftOut, sequence_version
from workers.store import keys
from workers.webflow.item_answers import ItemView

BOTH = frozenset({"products", "stores"})


@pytest.fixture
def bench(store):
    return Bench(store, guard=Guard(at_most=0, percent=0, half_from=1, delay=60.0))


@pytest.fixture
def context(bench):
    return make_context(bench.settings, bench.steps, None)


def put(bench, record, collection="products", source="erp", **fields):
    one = change(record, fields or {"stock": 1}, by="key", kind="text", collection=collection)
    bench.accept(Incoming(None, "t", 0, (one,)), source=source)


def searched(context, text, collections=BOTH, **options):
    """The keys of all pages of a search."""
    found, cursor = [], None
    for _ in range(50):
        page = search_records(
            context, text, collections=collections, cursor=cursor, **{"limit": 50, **options}
        )
        assert page.complete
        found += [each["key"] for each in page.items]
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("no end")


def test_what_is_named_in_full_comes_first_and_each_record_once(bench, context):
    put(bench, "blue-10", name="Blue")
    put(bench, "A", name="Blue", slug="blue")
    put(bench, "BLUE", "stores")
    put(bench, "other", name="Bluebird", slug="bluebird")
    for limit in (1, 2, 50):
        keys_found = searched(context, "Blue", limit=limit)
        assert sorted(keys_found[:3]) == ["A", "BLUE", "blue-10"]
        assert keys_found[3:] == ["other"]
    assert searched(context, "Blue", frozenset({"stores"})) == ["BLUE"]


def test_without_a_text_all_are_listed_by_their_keys(bench, context):
    for record in ("c", "B", "a"):
        put(bench, record, name=f"Name {record}", slug=f"s-{record}")
    for limit in (1, 50):
        assert searched(context, "", limit=limit) == ["a", "B", "c"]


def test_a_long_key_is_found_in_full_alone(bench, context):
    long = "k" * 150
    put(bench, f"{long}1")
    put(bench, f"{long}2")
    assert searched(context, f"{long.upper()}2") == [f"{long}2"]


def test_what_is_not_indexed_yet_is_found_by_key_and_item_id(bench, context, monkeypatch):
    put(bench, "A-1")
    own = bench.settings.collections["products"]
    place = ("products", bench.settings.copy_of(own))
    bench.client.hset(keys.item_ids(*place), "A-1", "i1")
    bench.client.hset(keys.item_keys(*place), "i1", "A-1")
    monkeypatch.setattr(type(context.search), "advance", lambda *_, **__: False)
    for text in ("A-1", " A-1 ", "i1"):
        page = search_records(context, text, collections=BOTH, limit=50)
        assert ([each["key"] for each in page.items], page.complete) == (["A-1"], False)
    assert search_records(context, "a", collections=BOTH, limit=50).items == []


def test_a_hit_says_how_its_record_stands(bench, context):
    version = bench.ahead(-60)
    one = change("A-1", {"name": "Blue", "slug": "blue"}, by="key", kind="text", version=version)
    bench.accept(Incoming("e1", "t", 0, (one,)))
    (hit,) = search_records(context, "a-1", collections=BOTH, limit=1).items
    waits = hit.pop("waits_for")
    assert waits == "a worker: none is alive"
    assert (hit.pop("changed_at") is None, hit.pop("next")) == (False, None)
    assert hit == {
        "collection": "products",
        "key": "A-1",
        "name": "Blue",
        "slug": "blue",
        "item": None,
        "state": "pending",
        "written_at": None,
        "pending": True,
        "approval": False,
        "letters": [],
        "sources": ["erp"],
        "link": None,
    }
    bench.list_all(("A-1", "i1"))
    batch = bench.batch()
    bench.write(batch, updated="2025-01-02T03:04:05Z")
    (hit,) = search_records(context, "i1", collections=BOTH, limit=1).items
    shown = {name: hit[name] for name in ("state", "waits_for", "written_at", "item", "pending")}
    assert shown == {
        "state": "in step",
        "waits_for": None,
        "written_at": "2025-01-02T03:04:05Z",
        "item": "i1",
        "pending": False,
    }


def test_of_values_without_a_time_it_says_when_they_came(bench, context):
    one = change("A-1", {"stock": 1}, by="key", version=sequence_version(7))
    bench.accept(Incoming("e1", "t", 0, (one,)))
    (hit,) = search_records(context, "a-1", collections=BOTH, limit=1).items
    assert hit["changed_at"].startswith(time.strftime("%Y-%m-%dT", time.gmtime()))


def test_an_item_that_no_event_has_named_is_found_as_such(bench, context):
    products = bench.settings.collections["products"]
    place = ("products", bench.settings.copy_of(products))
    bench.client.hset(keys.item_ids(*place), "B-2", "i2")
    context.search.show(products, [("B-2", ItemView("i2", {"name": "Oak", "slug": "oak"}))])
    (hit,) = search_records(context, "oak", collections=BOTH, limit=1).items
    assert (hit["key"], hit["item"], hit["state"], hit["name"]) == ("B-2", "i2", "unknown", "Oak")
    bench.client.hdel(keys.item_ids(*place), "B-2")  # and it is gone before the index knows
    assert search_records(context, "oak", collections=BOTH, limit=1).items == []


def test_filters_choose_by_state_and_source(bench, context):
    put(bench, "A-1")
    put(bench, "A-2", source="shop")
    bench.list_all(("A-1", "i1"), ("A-2", "i2"))
    bench.write(bench.batch())
    put(bench, "A-3")
    assert searched(context, "", filters=Filters("in step")) == ["A-1", "A-2"]
    assert searched(context, "", filters=Filters("in step"), limit=1) == ["A-1", "A-2"]
    assert searched(context, "a", filters=Filters(source="shop")) == ["A-2"]
    with pytest.raises(FilterInvalid, match="correct the state"):
        Filters("well")


def test_a_filter_that_fits_nothing_is_bounded_in_time(bench, context, monkeypatch):
    for number in range(130):
        put(bench, f"A-{number:03}")
    monkeypatch.setattr(record_pages, "SECONDS", -1.0)
    page = search_records(
        context, "", collections=BOTH, filters=Filters("dead"), limit=1, cursor=None
    )
    assert (page.items, bool(page.next)) == ([], True)


# what needs a person ----------------------------------------------------------------------------


def attention(context, collections=BOTH, **options):
    found, cursor = [], None
    for _ in range(50):
        page = list_attention(
            context, collections=collections, cursor=cursor, **{"limit": 50, **options}
        )
        found += [(each["collection"], each["key"]) for each in page.items]
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("no end")


@pytest.fixture
def troubled(bench):
    """Records of each kind that needs a person, some of two kinds, and one that needs none."""
    for record in ("fine", "dead", "both"):
        put(bench, record, name=record)
    bench.list_all(*((key, f"id-{key}") for key in ("fine", "dead", "both")))
    batch = bench.batch()
    failure = FieldFailure("refused", ("name",), "no", 400, "validation_error")
    bench.settle(
        batch,
        *(
            ItemOutcome(item.record, written=("name",))
            if item.record == "fine"
            else ItemOutcome(item.record, failures=(failure,), attempt=True)
            for item in batch.items
        ),
    )
    retire(bench, "both", version=bench.ahead(0))
    bench.pass_time(61)
    bench.outbox.sweep()
    left = tuple(LeftOut("products", f"l{n}", f"l{n}", "stock", bench.ahead(0)) for n in range(3))
    problems = (FieldProblem("stock", "not a number"),)
    bench.accept(Incoming("bad", "t", 0, (), problems, left=left))
    bench.pass_time(700)
    put(bench, "late", "stores")
    put(bench, "dead", stock=2)
    bench.pass_time(700)
    put(bench, "new", "stores")
    return bench


@pytest.mark.usefixtures("troubled")
def test_the_default_list_shows_what_needs_a_person(context):
    read = [("products", "dead"), *(("products", f"l{n}") for n in range(3))]
    expected = [("products", "both"), *read, ("stores", "late")]
    for limit in (1, 2, 50):
        assert attention(context, limit=limit) == expected
    assert attention(context, frozenset({"stores"})) == [("stores", "late")]
    only = Filters(ATTENTION, "shop")
    assert attention(context, filters=only) == []


def test_a_letter_that_closes_between_two_pages_ends_its_part(troubled, context):
    page = list_attention(context, collections=BOTH, limit=3)
    assert [each["key"] for each in page.items] == ["both", "dead", "l0"]
    (letter,) = page.items[-1]["letters"]
    troubled.letter(letter, "discard")
    page = list_attention(context, collections=BOTH, limit=9, cursor=page.next)
    assert [each["key"] for each in page.items] == ["late"]


@pytest.mark.usefixtures("troubled")
def test_a_long_list_is_read_in_parts(context, monkeypatch):
    monkeypatch.setattr(record_attention, "_PART", 1)
    assert len(attention(context)) == 6


# a part of a value ------------------------------------------------------------------------------


def scanned(context, text, **options):
    """Key → fields of all that a scan finds."""
    found, cursor = {}, None
    for _ in range(50):
        page = scan_page(
            context,
            text,
            collections=BOTH,
            cursor=cursor,
            **{"filters": Filters(), "limit": 50, **options},
        )
        found |= {each["key"]: each["fields"] for each in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found, page
    raise AssertionError("no end")


def value(slug, made, kind):
    one = change("A-1", {slug: made}, by="key", kind=kind)
    return Incoming(None, "t", 0, (one,))


@pytest.mark.parametrize(
    ("made", "kind", "text"),
    [
        ("Die große Straße", "text", "STRASSE"),
        ("Cafe\u0301 noir", "text", "CAFÉ"),
        ("日本語の本", "text", "本語"),
        ("https://cdn.example.com/a/b.png?x=1", "url", "example.com/A/b.p"),
        ({"url": "https://cdn.example.com/a.png"}, "image", "cdn.EXAMPLE"),
        (19.95, "number", "9.9"),
        (True, "switch", "tru"),
        (["red", "dark blue"], "options", "DARK"),
        ('say "hello"\n  world', "text", '"hello" world'),
        ("back\\slash", "text", "k\\s"),
    ],
)
def test_a_part_of_any_value_is_found(bench, context, made, kind, text):
    bench.accept(value("about", made, kind))
    put(bench, "B-2", about="nothing of it", empty="")
    assert scanned(context, text)[0] == {"A-1": ["about"]}


def test_a_part_of_keys_ids_and_shown_names_is_found(bench, context):
    products = bench.settings.collections["products"]
    put(bench, "A-xyz-1")
    place = ("products", bench.settings.copy_of(products))
    bench.client.hset(keys.item_ids(*place), "A-xyz-1", "65f0xyz")
    shown = ItemView("65f0xyz", {"name": "the XYZ", "slug": "the-xyz"})
    context.search.show(products, [("A-xyz-1", shown)])
    assert scanned(context, "xyz")[0] == {"A-xyz-1": ["item", "key", "name", "slug"]}


def test_a_scan_says_how_far_it_has_looked(bench, context):
    for number in range(30):
        put(bench, f"A-{number}", "stores" if number % 3 else "products", about="wood")
    products = bench.settings.collections["products"]
    place = ("products", bench.settings.copy_of(products))
    bench.client.hset(keys.item_ids(*place), "item-only", "i9")
    told = list(scan_records(context, "WOOD", collections=BOTH, seconds=60.0))
    assert len(told) == 2
    assert [each.looked for each in told] == sorted(each.looked for each in told)
    assert (told[-1].looked, told[-1].of, told[-1].hidden, told[-1].next) == (31, 31, 1, None)
    assert sum(len(each.found) for each in told) == 30
    by_page, last = scanned(context, "wood", limit=1)
    assert (len(by_page), last["looked"], last["of"]) == (30, 31, 31)
    only_stores = scanned(context, "wood", filters=Filters(source="shop"))[0]
    assert only_stores == {}


def test_a_scan_ends_where_its_time_is_up_and_goes_on_there(bench, context):
    for number in range(30):
        put(bench, f"A-{number}", "stores" if number % 3 else "products", about="wood")
    assert context.search.advance(5.0)
    (first,) = scan_records(context, "wood", collections=BOTH, seconds=0.0)
    assert first.next
    assert (first.looked, first.of) == (10, 30)
    rest = list(scan_records(context, "wood", collections=BOTH, cursor=first.next, seconds=60.0))
    assert (len(first.found), sum(len(each.found) for each in rest)) == (10, 20)


def test_a_scan_looks_closely_at_what_may_hold_the_text_alone(bench, context, monkeypatch):
    for number in range(20):
        put(bench, f"A-{number}", about="wood" if number == 7 else "iron")
    looked, fields = [], record_scan._fields
    monkeypatch.setattr(
        record_scan, "_fields", lambda *told: looked.append(told[1]) or fields(*told)
    )
    assert scanned(context, "a WOOD")[0] == {}
    assert scanned(context, "ooD")[0] == {"A-7": ["about"]}
    assert looked == ["A-7", "A-7"]


def test_a_scan_looks_at_nothing_before_all_is_indexed(bench, context):
    for number in range(600):
        bench.client.hset(keys.item("products", f"K{number}"), "by", "key")
    (told,) = scan_records(context, "k1", collections=BOTH, seconds=0.0)
    assert (told.indexing, told.found, told.looked) == (True, [], 0)
    found, _ = scanned(context, "k599")
    assert found == {"K599": ["key"]}


def test_nothing_is_no_part_and_no_collections_have_nothing(context):
    with pytest.raises(FilterInvalid, match="say what to look for"):
        scan_page(context, " ", collections=BOTH, filters=Filters(), limit=1)
    (told,) = scan_records(context, "x", collections=(), seconds=1.0)
    assert (told.found, told.next) == ([], None)


def test_progress_is_ready_for_json(bench, context):
    put(bench, "A-1", about="wood")
    json.dumps(scanned(context, "wood")[1])


# links ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "domain", "link"),
    [
        ("|2025-01-01|", "shop.example.com", "https://shop.example.com/products/ein%20hemd"),
        ("d|2025-01-01|", "shop.example.com", "https://shop.example.com/products/ein%20hemd"),
        ("a|2025-01-01|", "shop.example.com", None),
        ("d||", "shop.example.com", None),
        ("|2025-01-01|", "", None),
    ],
)
def test_a_published_item_has_a_link_to_its_page(bench, context, status, domain, link):
    products = bench.settings.collections["products"]
    place = ("products", bench.settings.copy_of(products))
    put(bench, "A-1", slug="ein hemd")
    bench.list_all(("A-1", "i1"))
    bench.write(bench.batch())
    bench.client.hset(keys.site(*place), "domain", domain)
    bench.client.hset(keys.index(*place), "slug", "products")
    bench.client.hset(keys.of_steps("status", *place), "i1", status)
    (hit,) = search_records(context, "a-1", collections=BOTH, limit=1).items
    assert hit["link"] == link


@pytest.mark.parametrize("stored", ['["s", [["en", "x"]]]', '["s", [["en", "x"]], "a.example"]'])
def test_a_site_that_an_older_release_found_has_no_domain(bench, context, stored):
    products = bench.settings.collections["products"]
    place = ("products", bench.settings.copy_of(products))
    bench.client.hset(keys.site(*place), "sites", f"[{stored}]")
    (site,) = context.locales.known(products).sites
    assert (site.id, site.domain) == ("s", "a.example" if "example" in stored else "")
