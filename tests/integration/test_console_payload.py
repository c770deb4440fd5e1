"""The form that shows what a payload would write."""

import json
import re
from html import unescape

import pytest

from service.operate.problems import list_letters
from service.operate.selection import Selection

STOCK = {"topic": "stock", "sku": "A/B", "qty": 5, "title": "T A/B"}


def tried(console, name="admin", source="erp", **form):
    form.setdefault("body", json.dumps(STOCK))
    return console.person(name).post(f"/sources/{source}/preview", **form)


def body_of(text):
    return unescape(re.search(r'<textarea name="body"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)[1])


def test_each_field_has_what_is_held_and_what_it_would_be(console):
    console.rig.fill()
    accepted = console.context.steps.client.hgetall("instep:metrics")
    names = set(console.rig.dump())
    text = tried(console).text
    assert "It would write <span" in text
    assert "Mapping <code>Stock</code>, topic <bdi>stock</bdi>" in text
    rows = text.partition('aria-label="Fields"')[2].partition("</table>")[0].split("<tr>")
    told = {re.search("<code>(.*?)</code>", row)[1]: row for row in rows if "<code>" in row}
    assert set(told) == {"stock", "title"}
    assert ">5</bdi>" in told["stock"]
    assert ">1</bdi>" in told["stock"]
    assert "changes</span>" in told["stock"]
    assert told["title"].count(">T A/B</bdi>") == 2
    assert '<span class="hint">none</span>' in told["title"]
    assert console.context.steps.client.hgetall("instep:metrics") == accepted
    assert set(console.rig.dump()) == names


def test_who_views_may_try_and_sees_own_collections_alone(console):
    assert "It would write" in tried(console, "viewer").text
    assert tried(console, "shop").status_code == 404
    order = json.dumps({"id": "1", "number": "18", "total": 4})
    assert "<bdi>orders</bdi>" in tried(console, "shop", "till", body=order).text
    someone = console.person("viewer")
    answer = someone.post("/sources/erp/preview", csrf=False, body="{}")
    assert answer.status_code == 400


def test_why_no_mapping_uses_it(console):
    text = tried(console, body=json.dumps(STOCK | {"topic": "price"})).text
    assert "no mapping uses it" in text
    assert "it takes stock; the topic is price" in text
    assert "<bdi>stock</bdi>" in tried(console, body='{"sku": 1, "qty": 2}', topic="stock").text


def test_what_is_wrong_with_it(console):
    text = tried(console, body=json.dumps(STOCK | {"qty": "<x>"})).text
    assert "the rest would become a problem" in text
    assert "<code>qty</code>" in text
    assert "&lt;x&gt;" in text
    assert body_of(text) == json.dumps(STOCK | {"qty": "<x>"})
    text = tried(console, body="no json").text
    assert "It would write nothing, and become a problem" in text
    assert "What is wrong" in text


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"body": " "}, "no payload"),
        ({"headers": "nonsense"}, "nonsense"),
        ({"headers": "a: b\n" * 51}, "51 headers"),
    ],
)
def test_a_form_that_cannot_be_tried_says_what_to_correct(console, form, found):
    answer = tried(console, **form)
    assert (answer.status_code, found in answer.text) == (400, True)
    assert body_of(answer.text).strip() == form.get("body", json.dumps(STOCK)).strip()


def test_headers_and_a_fetched_object(console):
    answer = tried(console, headers="Content-Type: application/json\n\nX-A: b:c")
    assert "It would write" in answer.text
    assert "X-A: b:c" in answer.text
    answer = tried(console, fetched="1", topic="stock")
    assert 'value="1" checked' in answer.text


def test_it_is_filled_from_a_delivery_or_a_failure(console):
    console.rig.deliver(id="e1", **STOCK | {"qty": "none"})
    (letter,) = list_letters(console.context, Selection(), cursor=None, limit=5).items
    someone = console.person("viewer")
    for asked, origin in (
        ("delivery=erp-1", "delivery erp-1"),
        (f"letter={letter['id']}", f"failure {letter['id']}"),
    ):
        text = someone.page(f"/sources/erp?{asked}")
        assert f"This is <bdi>{origin}</bdi>" in text
        assert json.loads(body_of(text))["qty"] == "none"
        assert tried(console, body=body_of(text)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("delivery=erp-9", "no delivery erp-9"),
        ("delivery=till-1", "no delivery till-1"),
        ("letter=u0", "no failure u0"),
        ("delivery=erp-2", "too large"),
    ],
)
def test_what_it_cannot_be_filled_from_is_said(console, monkeypatch, asked, why):
    monkeypatch.setattr("service.console.payload_form.LARGEST", 100)
    console.rig.deliver("till", id="o1", number="17", total=3)
    console.rig.deliver(id="e1", **STOCK)
    console.rig.deliver(id="e2", **STOCK | {"title": 200 * "x"})
    text = console.person().page(f"/sources/erp?{asked}")
    assert why in text
    assert body_of(text) == ""


def test_what_was_not_kept_cannot_be_tried(console):
    for _ in range(2):
        console.rig.deliver(id="e1", **STOCK)
    ids = re.findall(
        r"/sources/erp/deliveries/(erp-u[^\"]+)", console.person().page("/sources/erp")
    )
    assert "was not kept" in console.person().page(f"/sources/erp?delivery={ids[0]}")
