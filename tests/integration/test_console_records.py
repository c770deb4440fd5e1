"""The Records page: the search, what needs a person, and what is found in values."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from markupsafe import escape

from service.console import record_links
from service.mapping.record_keys import LONGEST_KEY
from service.operate import record_attention
from tests.support.console import TOKENS

ROW = re.compile(r"<tr data-row>.*?</tr>", re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"')


def rows(text):
    return [unescape(row) for row in ROW.findall(text)]


def names(text):
    return [re.search(r'<bdi class="name">(.*?)</bdi>', row, re.DOTALL)[1] for row in rows(text)]


def following(text):
    found = re.search(r'rel="next"[^>]*href="([^"]+)"', text)
    return found and unescape(found[1])


@pytest.fixture
def filled(console):
    console.rig.fill()
    return console


def test_without_a_query_it_shows_what_needs_a_person(filled):
    text = filled.person().page("/records")
    assert sorted(names(text)) == ["A/B", "plain"]
    assert text.count("1 problem<") == 2
    assert "All records" in text
    assert 'data-live="records"' in text


def test_with_nothing_that_needs_a_person_it_says_what_that_means(console):
    text = console.person().page("/records")
    assert "No record needs a person" in text
    assert "Every value that came is written" in text
    assert "None that the filter selects" in console.person().page("/records?collection=orders")
    assert "No event was accepted yet" not in text
    assert "None that the filter selects" in console.person().page("/records?state=any")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=PLAIN", ["plain"]),
        ("q=gid", ["gid://shopify/Product/1"]),
        ("q=item-2", ["A|ü"]),
        ("q=nothing", []),
        ("state=any&source=till", ["17"]),
        ("source=till", ["17"]),
        ("q=1&collection=orders", ["17"]),
        ("q=plain&collection=orders", []),
        ("q=plain&state=pending", ["plain"]),
        ("q=plain&state=in+step", []),
        ("state=in+step&collection=products", ["A|ü", "gid://shopify/Product/1"]),
        ("state=left+out", ["A/B"]),
        ("part=1&q=T+pl", ["plain"]),
        ("part=1&q=t+&collection=orders", []),
    ],
)
def test_each_filter_selects(filled, query, shown):
    text = filled.person().page(f"/records?{query}")
    assert sorted(names(text)) == sorted(shown)
    if not shown:
        assert "Nothing found" in text


def test_what_is_not_found_leads_to_what_has_named_it(filled, monkeypatch):
    someone = filled.person()
    text = someone.page("/records?q=%3Cgone%3E")
    for collection in ("orders", "products"):
        address = f"/records/record?collection={collection}&amp;key=%3Cgone%3E"
        assert f'<a href="{address}"><bdi>{collection}</bdi></a>' in text
    assert "collection=orders&amp;key" not in someone.page("/records?q=gone&collection=products")
    assert "collection=products&amp;key" not in filled.person("shop").page("/records?q=gone")
    monkeypatch.setattr("service.console.records.ASKED", 1)
    assert "see which deliveries named it" not in someone.page("/records?q=gone")


def test_the_filter_is_kept_in_its_fields(filled):
    text = filled.person().page("/records?q=a%22b&state=dead&collection=orders&source=till&part=1")
    assert 'value="a&#34;b"' in text
    for option in ('value="dead" selected', "<option selected>orders", "<option selected>till"):
        assert option in text
    assert 'value="1" checked' in text


@pytest.mark.parametrize(
    "query", ["state=odd", "collection=odd", "cursor=x", "colour=red", "q=" + 501 * "x"]
)
def test_what_selects_nothing_because_it_is_wrong_says_so(console, query):
    assert console.person().get(f"/records?{query}").status_code == 404


def test_pages_follow_one_another(console):
    for number in range(60):
        console.rig.deliver(id=f"n{number}", topic="stock", sku=f"K-{number:02}", qty=1, title="x")
    someone = console.person()
    first = someone.page("/records?q=k-")
    second = someone.page(following(first))
    assert names(first) + names(second) == [f"K-{number:02}" for number in range(60)]
    assert (following(second), "First page" in second) == (None, True)


@pytest.mark.parametrize("query", ["", "state=any", "q=k", "q=k&part=1"])
def test_pages_follow_one_another_at_the_longest_keys(console, monkeypatch, query):
    monkeypatch.setattr("service.console.query.LIMIT", 1)
    monkeypatch.setattr("service.operate.record_scan.SLICE", 1)
    keys = [f"K-{number}{'👟' * (LONGEST_KEY - 3)}" for number in range(3)]
    for key in keys:
        console.rig.deliver(id=key[:3], topic="stock", sku=key, qty=1, title="x")
    monkeypatch.setattr(record_attention, "LONG", -5.0)
    someone, path, found = console.person(), f"/records?{query}", []
    while path:
        text = someone.page(path)
        for row in rows(text):
            address = LINK.search(row)[1]
            assert someone.page(address)
            found += parse_qs(urlsplit(address).query)["key"]
        path = following(text)
    assert sorted(found) == keys


def test_a_row_leads_to_its_record(console):
    odd = 'a/b "<b>&?=שלום 👟'
    console.rig.deliver(id="e", topic="stock", sku=odd, qty=1, title="T")
    someone = console.person()
    text = someone.page("/records?state=any")
    assert "<b>" not in text
    (row,) = rows(text)
    assert f"<h1>{escape(odd)}</h1>" in someone.page(LINK.search(row)[1])


def test_what_the_store_knows_of_a_record_stands_in_its_row(console, monkeypatch):
    entry = {
        "collection": "products",
        "key": "K-1",
        "name": "<i>Shoe</i>",
        "state": "pending",
        "waits_for": "the look-up of its item id",
        "next": "2026-05-12T09:30:00Z",
        "changed_at": "2026-05-12T09:29:00Z",
        "written_at": None,
        "letters": [],
        "link": "https://shop.example/shoes/shoe-1",
    }
    monkeypatch.setattr(
        "service.console.records.list_records", lambda *_, **__: {"items": [entry], "next": None}
    )
    text = console.person().page("/records?q=k")
    assert 'href="https://shop.example/shoes/shoe-1"' in text
    assert "&lt;i&gt;Shoe&lt;/i&gt;" in text
    for shown in ("K-1", "the look-up of its item id", "2026-05-12T09:30:00.000+00:00"):
        assert shown in text
    assert "2026-05-12T09:29:00.000+00:00" in text


def test_who_sees_one_destination_sees_its_records_alone(filled):
    someone = filled.person("shop")
    assert names(someone.page("/records?state=any")) == ["17"]
    assert names(someone.page("/records?q=plain")) == []
    assert names(someone.page("/records?q=t&part=1")) == []
    assert someone.get("/records?collection=products").status_code == 404
    assert "erp" not in someone.page("/records").partition("<main")[2]


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_no_list_has_buttons_that_change_anything(filled, name):
    text = filled.person(name).page("/records?state=any").partition("<main")[2]
    assert 'method="post"' not in text


# in all values ---------------------------------------------------------------------------------


def test_a_scan_shows_what_it_finds_and_how_far_it_has_looked(filled, monkeypatch):
    monkeypatch.setattr("service.operate.record_scan.SECONDS", 60.0)
    text = filled.person().page("/records?q=PLAI&part=1")
    assert "Looked at 5 of 5 records." in text
    assert '<progress max="5" value="5"' in text
    assert "<bdi>title</bdi>" in text
    assert "<bdi>key</bdi>" in text
    assert "records.js" not in text.partition("</head>")[2]
    assert re.search(r"/static/records\.\w{12}\.js", text)


def test_a_scan_goes_on_page_by_page(filled, monkeypatch):
    monkeypatch.setattr("service.operate.record_scan.SLICE", 1)
    monkeypatch.setattr("service.console.query.LIMIT", 1)
    someone = filled.person()
    found, path, pages = [], "/records?q=T&part=1&collection=products", 0
    while path and pages < 10:
        text = someone.page(path)
        found += names(text)
        path, pages = following(text), pages + 1
        assert "data-scan-stop hidden" in text or path is None
    assert sorted(found) == sorted(["A/B", "A|ü", "gid://shopify/Product/1", "plain"])
    assert "Looked at 4 of 4 records." in text


def test_a_scan_that_is_not_at_its_end_says_so_where_nothing_was_found(filled, monkeypatch):
    monkeypatch.setattr(
        "service.console.records.list_records",
        lambda *_, **__: {
            "items": [],
            "next": "abc",
            "looked": 12_000,
            "of": 100_000,
            "hidden": 3_000,
            "indexing": False,
        },
    )
    text = filled.person().page("/records?q=x&part=1")
    assert "Looked at 12,000 of 100,000 records. Of 3,000 no values are kept" in text
    assert "Nothing found in this part." in text
    assert "cursor=abc" in following(text)


def test_a_scan_waits_for_the_index(filled, monkeypatch):
    monkeypatch.setattr(type(filled.context.search), "advance", lambda *_, **__: False)
    text = filled.person().page("/records?q=x&part=1")
    assert "The index of the records is being made first." in text
    assert following(text)


def test_a_scan_of_nothing_asks_what_for(filled):
    text = filled.person().page("/records?part=1")
    assert "What is to be found in the values?" in text


def test_while_the_index_is_made_the_list_says_so(filled, monkeypatch):
    monkeypatch.setattr(type(filled.context.search), "advance", lambda *_, **__: False)
    filled.context.steps.client.delete(*filled.context.steps.client.scan_iter("*search*"))
    text = filled.person().page("/records?q=plain")
    assert ("The index of the records is being made" in text, names(text)) == (True, ["plain"])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=left+out", ["A/B"]),
        ("state=unknown", []),
        ("source=till", ["17"]),
        ("state=attention&source=erp", ["A/B", "plain"]),
        ("q=p&state=pending", ["plain"]),
    ],
)
def test_a_filter_that_fits_few_says_how_far_it_has_looked(filled, monkeypatch, query, shown):
    monkeypatch.setattr("service.operate.record_hits.AT_ONCE", 1)
    monkeypatch.setattr("service.operate.record_pages.AT_ONCE", 1)
    monkeypatch.setattr("service.operate.record_pages.SECONDS", -1.0)
    someone = filled.person()
    found, path, looked = [], f"/records?{query}", []
    while path and len(looked) < 10:
        text = someone.page(path)
        found += names(text)
        looked += re.findall(r"Looked at (\d+)(?: of 5)? records", text)
        path = following(text)
        # The script goes on by itself with such a page; the others are kept fresh.
        by_script = "/static/records." in text
        assert (by_script, 'data-live="records"' in text) == (bool(path), not path)
    assert sorted(found) == sorted(shown)
    assert looked == sorted(set(looked), key=int)
    assert names(text) or "No other record fits the filter" in text


def test_what_waits_long_needs_a_person(console, monkeypatch):
    console.rig.deliver("till", id="o1", number="17", total=3)
    monkeypatch.setattr(record_attention, "LONG", -5.0)
    text = console.person().page("/records")
    assert names(text) == ["17"]


def test_the_links_of_a_record_fit_the_pages_that_there_are(console):
    with console.app.test_request_context():
        found = [
            record_links.run_link("r1"),
            record_links.problem_link("d1"),
            record_links.delivery_link("the-erp-7"),
            record_links.record_link("products", "A/B ü"),
        ]
    pages = console.app.url_map.bind("instep.test")
    assert [pages.match(each.partition("?")[0])[0] for each in found] == [
        *("runs.run", "problems.failure", "sources.delivery", "records.record"),
    ]
