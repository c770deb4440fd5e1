"""The page's data and headers: what a person is shown, and what a browser is allowed."""

import json
from datetime import UTC, datetime

import pytest

from service.sandbox.app import create_sandbox
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.ui.cells import plain, readable

ONE, TWO = product_id(1), product_id(2)
MAKERS = "ab" * 12


@pytest.fixture
def client(site):
    return create_sandbox(site).test_client()


@pytest.fixture
def view(v2):
    def _view(**query):
        return v2.call("GET", f"{v2.root}/_sandbox/view", params=query).json()

    return _view


def shown(data, id=ONE):
    return next(one for one in data["items"] if one["id"] == id)


def test_the_page_may_load_and_run_only_what_is_its_own(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_pictures_come_from_elsewhere_only_when_asked_for(client):
    assert "img-src 'self';" in client.get("/").headers["Content-Security-Policy"]
    web = client.get("/?pictures=web").headers["Content-Security-Policy"]
    assert "img-src 'self' https: http:;" in web


@pytest.mark.parametrize(
    ("name", "kind"),
    [("page.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")],
)
def test_the_parts_of_the_page_come_from_the_sandbox(client, name, kind):
    answer = client.get(f"/_sandbox/{name}")
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["page.html", "..%2Fpages.py", "other.js"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/_sandbox/{name}").status_code == 404


def test_the_page_names_nothing_of_another_host(client):
    for path in ("/", "/_sandbox/page.css", "/_sandbox/page.js"):
        text = client.get(path).get_data(as_text=True)
        assert "://" not in text.replace('"http://www.w3.org/2000/svg"', "")
        assert "innerHTML" not in text


def test_what_has_not_changed_is_not_sent_again(v2):
    url = f"{v2.root}/_sandbox/view"
    first = v2.call("GET", url)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert v2.call("GET", url, headers=headers).status_code == 304
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    assert v2.call("GET", url, headers=headers).status_code == 200


def test_the_staged_value_stands_beside_the_live_one_where_they_differ(v2, view):
    v2.patch(f"/items/{ONE}", {"fieldData": {"price": 1234.5, "color": None}})
    item = shown(view())
    assert item["cells"]["price"]["text"] == "1,234.50"
    assert set(item["live"]) == {"price", "color"}
    assert "color" not in item["cells"]
    assert item["live"]["color"]["kind"] == "color"


@pytest.mark.parametrize(
    ("orders", "status"),
    [
        ([], "Published"),
        ([{"fields": {"stock": 1}}], "Queued to publish"),
        ([{"fields": {"stock": 1}, "draft": True}], "Changes in draft"),
        ([{"unpublish": True}], "Draft"),
        ([{"unpublish": True}, {"draft": False}], "Queued to publish"),
        ([{"draft": True, "archived": True}], "Archived"),
    ],
)
def test_the_status_is_in_the_words_of_the_panel(v2, view, clock, orders, status):
    for order in orders:
        clock.at += 1
        v2.control("POST", "/item", {"item": ONE, **order})
    assert view(item=ONE)["item"]["status"] == status


def test_an_option_is_shown_by_its_label_and_a_date_as_one(view):
    cells = view(item=ONE)["item"]["cells"]
    assert cells["category"] == {"kind": "option", "text": "Desks"}
    assert cells["launched"]["text"] == "31 Dec 2024"
    assert cells["in-stock"] == {"kind": "switch", "text": "Yes", "on": True}


def test_a_reference_is_shown_by_the_name_of_its_item(v2, view):
    fields = [
        {"slug": "best", "type": "Reference", "validations": {"collectionId": PRODUCTS}},
        {"slug": "all", "type": "MultiReference", "validations": {"collectionId": PRODUCTS}},
    ]
    item = {"name": "Ann", "slug": "ann", "best": ONE, "all": [ONE, TWO]}
    v2.control("POST", "/collections", {"id": MAKERS, "fields": fields, "items": [item]})
    v2.control("POST", "/item", {"item": ONE, "fields": {"name": "<b>Oak</b>"}})
    cells = view(collection=MAKERS)["items"][0]["cells"]
    assert cells["best"] == {"kind": "references", "names": ["<b>Oak</b>"]}
    assert cells["all"]["names"] == ["<b>Oak</b>", "Product 2"]


def test_a_picture_is_drawn_for_its_file_and_known_by_its_source(v2, view):
    url = "https://shop.example.com/my%20chair.jpg"
    v2.patch(f"/items/{ONE}", {"fieldData": {"image": {"url": url, "alt": "A chair"}}})
    (file,) = view(item=ONE)["item"]["cells"]["image"]["files"]
    assert (file["name"], file["alt"], file["source"]) == ("my chair.jpg", "A chair", url)
    answer = v2.call("GET", f"{v2.root}/_sandbox/picture/{file['id']}")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert ">JPG<" in answer.text
    assert answer.text != v2.call("GET", f"{v2.root}/_sandbox/picture/other").text


def test_rich_text_is_shown_as_text():
    html = "<h2>One &amp; two</h2><p>A <b>bold</b><br>line</p><script>alert(1)</script><li>x</li>"
    assert plain(html) == "One & two\nA bold\nline\nx"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 2, 3, tzinfo=UTC), "3 Feb 2025"),
        (datetime(2025, 2, 3, 9, 5, tzinfo=UTC), "3 Feb 2025, 09:05"),
    ],
)
def test_times_are_readable(moment, text):
    assert readable(moment) == text


@pytest.mark.parametrize("text", ["PRODUCT 77", "product-77", "P-0077", product_id(77)[-8:]])
def test_items_are_found_by_name_slug_key_and_id(view, text):
    data = view(q=text)
    assert [one["id"] for one in data["items"]] == [product_id(77)]


def test_items_come_page_by_page(view):
    last = view(page=3, order="oldest")
    assert (last["total"], last["pages"], len(last["items"])) == (120, 3, 20)
    assert last["items"][-1]["id"] == product_id(120)
    assert view(page=99)["page"] == 3
    assert view(page="x")["page"] == 1


def test_the_latest_change_comes_first_or_the_name(v2, view, clock):
    clock.at += 1
    v2.patch(f"/items/{product_id(60)}/live", {"fieldData": {"name": "A"}})
    assert view()["items"][0]["id"] == product_id(60)
    assert view(order="name")["items"][0]["id"] == product_id(60)
    assert view(order="oldest")["items"][0]["id"] == ONE


def test_a_long_text_is_whole_only_where_the_item_stands_alone(v2, view):
    v2.control("POST", "/item", {"item": ONE, "fields": {"supplier": "x" * 1000}})
    data = view(item=ONE)
    assert len(shown(data)["cells"]["supplier"]["text"]) == 280
    assert len(data["item"]["cells"]["supplier"]["text"]) == 1000


def test_the_window_the_calls_and_the_faults_are_shown(v2, view, clock):
    v2.get()
    v2.fault("slow", delay=5, times=3, match={"method": "PATCH"})
    v2.control("POST", "/clock", {"offset": 3})
    data = view()
    assert data["token"] == {
        "limit": 60,
        "used": 1,
        "ends": clock.at - 3 + 60,
        "valid": True,
        "second_consumer": 0.0,
    }
    assert data["calls"]["recent"][0]["status"] == 200
    (fault,) = data["faults"]
    assert (fault["fault"], fault["times"], fault["words"]) == (
        "slow",
        3,
        "delay=5.0, method=PATCH",
    )


def test_neither_token_nor_secret_is_shown(v2, view):
    order = {"url": "http://127.0.0.1:9/x", "secret": "hush", "triggers": ["site_publish"]}
    v2.control("POST", "/webhooks", order)
    data = json.dumps(view())
    assert "a-token" not in data
    assert "hush" not in data


def test_a_site_without_collections_has_a_page(v2, view):
    v2.control("DELETE", f"/collections/{PRODUCTS}")
    assert view()["items"] == []


def test_a_variant_is_shown_in_its_locale(view, site):
    other = site.locales.secondary[0].cms_id
    assert view(locale=other)["total"] == 0
    assert view(locale="nonsense")["total"] == 0
