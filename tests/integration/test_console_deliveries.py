"""The deliveries of a source, one of them, and their replay."""

import re
from html import unescape

import pytest

from service.operate.deliveries import list_deliveries
from tests.support.console_sources import refuse

IDS = re.compile(r'href="/sources/erp/deliveries/([^"]+)"')


def deliver(console, number, **more):
    body = {"id": f"d{number}", "topic": "stock", "sku": f"k{number}", "qty": number, **more}
    return console.rig.deliver(**body)


def listed(text):
    return IDS.findall(text.partition('data-live="deliveries"')[2])


def test_the_newest_first_page_by_page_with_the_filter(console):
    for number in range(30):
        deliver(console, number)
    someone = console.person()
    text = someone.page("/sources/erp?outcome=kept&since=1h&delivery=erp-1")
    assert listed(text) == [f"erp-{number}" for number in range(30, 5, -1)]
    following = re.search(r'rel="next" href="([^"]+)"', text)[1]
    following = unescape(following)
    assert listed(someone.page(following)) == [f"erp-{number}" for number in range(5, 0, -1)]
    assert "All that match" in text
    assert "All 30 that match" in someone.page("/sources/erp")


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("outcome=kept", 2),
        ("outcome=unwanted", 1),
        ("outcome=unmapped", 1),
        ("outcome=refused", 1),
        ("key=A/B", 2),
        ("key=nothing", 0),
        ("since=2000-01-01T00:00:00Z", 5),
        ("since=2100-01-01T00:00:00Z", 0),
    ],
)
def test_every_filter(console, asked, ids):
    deliver(console, 1, sku="A/B")
    deliver(console, 2)
    deliver(console, 3, topic="price")
    deliver(console, 4, sku="A/B", qty="none")
    refuse(console)
    text = console.person().page(f"/sources/erp?{asked}")
    assert len(listed(text)) == ids
    assert ("No delivery matches" in text) is (ids == 0)


def test_what_came_from_outside_is_escaped(console):
    names = ("<script>x</script>", "שלום", "🧦" * 40)
    for number, name in enumerate(names):
        deliver(console, number, sku=name, topic="stock")
    deliver(console, 7, topic="<i>t</i>")
    someone = console.person()
    for path in ("/sources/erp", "/sources/erp/deliveries/erp-1", "/sources"):
        text = someone.page(path)
        assert "<script>x" not in text
        assert "<i>t" not in text
    assert "&lt;script&gt;x&lt;/script&gt;" in someone.page("/sources/erp/deliveries/erp-1")


def test_where_the_time_was_up_the_next_page_goes_on(console, monkeypatch):
    monkeypatch.setattr("service.console.sources.SECONDS", -1.0)
    for most in ("FIRST", "MOST"):
        monkeypatch.setattr(f"workers.store.delivery_list.{most}", 1)
    for number in range(3):
        deliver(console, number)
    someone = console.person()
    text = someone.page("/sources/erp?key=k0")
    looked = 0
    while not listed(text):
        assert "None among those looked at" in text
        text = someone.page(unescape(re.search(r'rel="next" href="([^"]+)"', text)[1]))
        looked += 1
    assert listed(text) == ["erp-1"]
    assert looked >= 1


def test_a_delivery_shows_its_body_in_lines_and_what_became_of_it(console):
    deliver(console, 1, sku="A/B", title="T")
    text = console.person().page("/sources/erp/deliveries/erp-1")
    assert "Accepted: at least one event was new." in text
    assert "bearer, secret 1 of 1" in text
    assert "&#34;qty&#34;: 1" in text
    assert "<summary>As it came</summary>" in text
    assert "d1</bdi></span>: accepted." in text
    assert "s3cret" not in text
    assert 'href="/sources/erp?delivery=erp-1#try"' in text


def test_one_that_could_not_be_mapped_leads_to_its_problem(console):
    deliver(console, 1, qty="none")
    text = console.person().page("/sources/erp/deliveries/erp-1")
    assert "it is a problem" in text
    assert "<code>qty</code> <bdi>Not a valid integer" in text


def test_one_that_no_mapping_takes_says_why(console):
    deliver(console, 1, topic="price")
    text = console.person().page("/sources/erp/deliveries/erp-1")
    assert "its topic is price; the mappings of erp take stock" in text


def test_a_refused_one_says_what_was_checked_and_cannot_be_replayed(console):
    checked = {"scheme": "bearer", "proof": "a token", "headers": {"authorization": "missing"}}
    refuse(console, times=3, checked=checked)
    (found,) = list_deliveries(console.context, outcome="refused").items
    text = console.person().page(f"/sources/erp/deliveries/{found['id']}")
    for shown in ("<code>authorization</code></dt><dd>missing", "3 times", "Compare <code>secrets"):
        assert shown in text
    assert f"Refused request {found['id']}</h1>" in text
    assert "/replay" not in text
    assert "?delivery=" not in text


@pytest.mark.parametrize("path", ["erp-99", "till-1", "x-1", "nothing", "erp-x"])
def test_a_delivery_that_there_is_not(console, path):
    assert console.person().get(f"/sources/erp/deliveries/{path}").status_code == 404


def correct(console):
    """Leave two deliveries whose values an undo of the store has lost."""
    client = console.context.steps.client
    deliver(console, 1)
    deliver(console, 2)
    for key in client.scan_iter("instep:item:*"):
        client.delete(key)


def test_those_selected_are_replayed_by_a_run(console):
    correct(console)
    someone = console.person("operator")
    answer = someone.post("/sources/erp/replay", ids=["erp-1"], which="selected")
    assert answer.status_code == 200
    assert "<dt>Delivery</dt><dd>1</dd>" in answer.text
    done = someone.confirm(answer)
    assert done.status_code == 303
    run = console.context.runs.show(done.location.rpartition("/")[2])
    assert (run.kind, run.by, run.figures["deliveries"]) == ("replay", "operator", 1)


def test_all_that_match_are_replayed(console):
    correct(console)
    deliver(console, 3, topic="price")
    someone = console.person()
    fields = {"filter-outcome": "unwanted", "filter-since": "1h", "which": "all"}
    answer = someone.post("/sources/erp/replay", **fields)
    assert "<dt>Delivery</dt><dd>1</dd>" in answer.text
    assert "Nothing on the site would change." in answer.text
    done = someone.confirm(answer)
    assert console.context.runs.show(done.location.rpartition("/")[2]).figures["deliveries"] == 1
    answer = someone.post("/sources/erp/replay", which="all")
    assert "<dt>Deliveries</dt><dd>3</dd>" in answer.text


def test_the_estimate_names_what_cannot_be_replayed_and_why(console, monkeypatch):
    monkeypatch.setattr("service.console.source_actions.MOST", 2)
    for number in range(3):
        deliver(console, number, qty="none" if number else 1)
    someone = console.person()
    answer = someone.post("/sources/erp/replay", which="all")
    assert "the newest 2 that match" in answer.text
    assert "2 events can still not be mapped: qty" in answer.text
    refuse(console)
    (found,) = list_deliveries(console.context, outcome="refused").items
    answer = someone.post("/sources/erp/replay", ids=[found["id"], "erp-1"])
    assert "1 cannot be replayed: it was refused" in answer.text


def test_only_deliveries_of_the_source_are_replayed(console):
    console.rig.deliver("till", id="o1", number="17", total=3)
    answer = console.person().post("/sources/erp/replay", ids="till-1")
    assert answer.status_code == 409
    someone = console.person("clerk")
    assert someone.post("/sources/erp/replay", which="all").status_code == 404
    assert someone.post("/sources/till/replay", ids="till-1").status_code == 200
