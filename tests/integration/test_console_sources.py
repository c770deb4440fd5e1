"""The list of sources, the page of one, and its pause."""

import re
from dataclasses import replace

import pytest

from service.console.sentences import sentence
from service.operate import pauses
from tests.support.console_sources import Sampled, refuse
from workers.config.settings import Source
from workers.model.changes import Change, Delivery, FieldValue, Incoming
from workers.store.audit import Audit
from workers.store.outbox import Outbox
from workers.store.pauses import Pauses

NAMES = re.compile(r'class="source-name" href="/sources/([^"]+)"')


def section(text, label):
    return text.partition(f'aria-label="{label}"')[2].partition("</section>")[0]


def test_without_deliveries_each_source_says_so(console):
    text = console.person().page("/sources")
    assert NAMES.findall(text) == ["erp", "till"]
    assert text.count("nothing yet") == 2
    assert "name no source" not in text
    assert "No deliveries yet" in console.person().page("/sources/erp")


def test_what_came_in_the_last_hour_by_outcome_and_the_secret_that_was_used(console):
    with Sampled(console):
        console.rig.fill()
        console.rig.deliver(id="e0", topic="stock", sku="plain", qty=1)  # came before
        refuse(console)
    row = console.person().page("/sources").partition(">erp</bdi>")[2].partition("</tr>")[0]
    assert re.search(r'data-label="Last hour"><div>7 .*1 refused.*1 repeat', row, re.DOTALL)
    assert re.search(r'data-label="Secret used"><div>.*<time', row, re.DOTALL)
    assert "price" in row  # a topic that no mapping takes
    page = console.person().page("/sources/erp")
    assert "<dt>Last hour</dt><dd>7</dd>" in page
    assert "<dt>Refused, last day</dt><dd>1</dd>" in page
    assert "<dt>Open problems</dt>" in page or "Open problems</a>" in page
    assert "Mappings take: <bdi>stock</bdi>" in page
    assert '<bdi>price</bdi> <span class="hint">1</span>' in page


def test_what_refuses_or_is_paused_comes_first(console):
    console.rig.fill()
    pauses.pause(console.context, "source:till", reason="a <b>move</b>", by="clerk", seconds=7200)
    console.rig.deliver("till", id="o2", number="18", total=3)
    text = console.person().page("/sources")
    assert NAMES.findall(text) == ["till", "erp"]
    row = text.partition(">till</bdi>")[2].partition("</tr>")[0]
    assert "a &lt;b&gt;move&lt;/b&gt;</bdi>, by <bdi>clerk</bdi>" in row
    assert "goes on by itself" in row
    assert "1 item" in row
    console.context.steps.client.flushall()
    refuse(console, "till", times=3)
    pauses.pause(console.context, "source:erp", reason="", by="clerk")
    text = console.person().page("/sources")
    assert NAMES.findall(text) == ["till", "erp"]
    assert "every delivery refused" in text
    page = console.person().page("/sources/till")
    assert "<strong>Every delivery of till is refused</strong>: 3 so far" in page
    told = console.rig.get("/api/sources").json["items"][1]["attention"][0]
    assert f"Do:</span> {sentence(told['do'])}</p>" in page
    assert "Compare <code>secrets</code> of sources.till" in page


def test_most_refused_is_not_said_beside_every_delivery_refused(console):
    with Sampled(console):
        console.context.steps.client.hset("instep:source:till", "deliveries", 1)
        refuse(console, "till", times=6)
        refuse(console, "erp", times=6)
    found = console.rig.get("/api/sources").json["items"]
    told = {each["name"]: [one["name"] for one in each["attention"]] for each in found}
    assert told["erp"] == ["every delivery refused"]
    assert told["till"] == ["most requests refused"]


def test_each_reason_for_a_refusal_says_what_to_do(console):
    refuse(console, times=2)
    refuse(console, reason="too-large")
    text = section(console.person().page("/sources/erp"), "Refused requests")
    _, first, second = text.split("<tr>")[1:]
    assert '<div>2 <span class="under hint together">answered 401' in first
    assert "<code>max_body</code>" in second


def test_requests_that_name_no_source_are_for_who_sees_all(console):
    refuse(console, "(unknown)", "not-found", message="no source has the <name>")
    for name in ("admin", "viewer"):
        assert "/sources/_" in console.person(name).page("/sources")
    page = console.person().page("/sources/_")
    assert "There is no such address" in page
    assert "no source has the &lt;name&gt;" in page
    assert "formaction" not in page
    assert "Try a payload" not in page
    someone = console.person("clerk")
    assert "/sources/_" not in someone.page("/sources")
    assert someone.get("/sources/_").status_code == 404
    answer = console.person().post("/sources/_/preview", body="{}")
    assert answer.status_code == 404


def test_who_sees_one_destination_sees_its_sources_alone(console):
    console.rig.fill()
    for name in ("shop", "clerk"):
        someone = console.person(name)
        assert NAMES.findall(someone.page("/sources")) == ["till"]
        for path in ("/sources/erp", "/sources/nothing", "/sources/erp/deliveries/erp-1"):
            assert someone.get(path).status_code == 404
        assert someone.get("/sources/till").status_code == 200


def test_a_role_that_views_has_no_buttons(console):
    console.rig.fill()
    someone = console.person("viewer")
    for path in ("/sources", "/sources/erp", "/sources/erp/deliveries/erp-1"):
        text = someone.page(path)
        assert "checkbox" not in text.partition('id="try"')[0]
        posts = set(re.findall(r'<form method="post" action="([^"]+)"', text))
        assert posts <= {"/logout", "/sources/erp/preview"}, path
    for act in ("pause", "resume", "replay"):
        answer = someone.post(f"/sources/erp/{act}", ids="source:erp", which="all")
        assert answer.status_code == 403


def test_a_source_is_paused_and_resumed_on_its_page(console):
    console.rig.fill()
    someone = console.person("operator")
    answer = someone.post("/sources/till/pause", ids="source:till")
    assert '<a class="button" href="/sources/till">Cancel' in answer.text
    done = someone.confirm(answer, reason="it sends rubbish")
    assert (done.status_code, done.location) == (303, "/sources/till")
    text = someone.page("/sources/till")
    assert "<bdi>it sends rubbish</bdi>, by <bdi>operator</bdi>" in text
    assert 'action="/sources/till/resume"' in text
    (entry, *_), _ = Audit(console.context.steps).list(None, 10)
    assert (entry["action"], entry["target"]) == ("pause", "source:till")
    done = someone.confirm(someone.post("/sources/till/resume", ids="source:till"))
    assert done.location == "/sources/till"
    assert 'action="/sources/till/pause"' in someone.page("/sources/till")


def test_who_may_not_pause_a_source_is_refused(console):
    someone = console.person("clerk")
    assert someone.post("/sources/erp/pause", ids="source:erp").status_code == 404
    assert someone.post("/sources/till/pause", ids="source:erp").status_code == 404


@pytest.mark.parametrize(
    "path", ["/sources?x=1", "/sources/erp?colour=red", "/sources/erp?since=x"]
)
def test_a_filter_that_there_is_not_is_named(console, path):
    assert console.person().get(path).status_code == 404


def test_where_there_was_no_time_for_topics_the_deliveries_are_a_click_away(console, monkeypatch):
    monkeypatch.setattr("service.operate.sources.FIRST", 0)
    monkeypatch.setattr("service.operate.sources.SECONDS", -1.0)
    for number in range(3):
        console.rig.deliver(id=f"p{number}", topic="price", sku="A/B")
    text = console.person().page("/sources/erp")
    assert "There was no time to look" in text
    assert 'href="/sources/erp?outcome=unwanted#deliveries"' in text


@pytest.mark.usefixtures("unanswered")
def test_one_that_is_paused_and_not_configured_any_more_can_be_resumed(console):
    settings = console.context.settings
    held = Pauses(console.context.steps, settings)
    held.pause("source:old", "a <b>move</b>", by="ada")
    change = Change("Old", "products", "A", "key", (FieldValue("stock", "1", "int"),), None)
    before = replace(settings, sources={**settings.sources, "old": Source("old", "bearer")})
    outbox = Outbox(console.context.steps, before)
    outbox.accept(Delivery("old", "o1", (Incoming("o1", None, 0, (change,)),)))
    someone = console.person("operator")
    text = someone.page("/sources")
    assert NAMES.findall(text) == ["erp", "till"]
    row = section(text, "Paused and removed sources")
    assert "a &lt;b&gt;move&lt;/b&gt;</bdi>, by <bdi>ada</bdi>" in row
    assert "1 item</span> waits" in row
    assert "source:old" not in console.person("viewer").page("/sources")
    assert "a &lt;b&gt;move" not in console.person("clerk").page("/sources")
    assert console.person("clerk").get("/sources/old").status_code == 404
    assert someone.get("/sources/old").location == "/sources"  # where the overview leads to
    done = someone.confirm(someone.post("/sources/old/resume", ids="source:old"))
    assert (done.status_code, done.location, held.read()) == (303, "/sources", {})
    text = someone.page("/sources")
    assert "old is resumed; 1 item goes out." in text
    assert "Paused and removed" not in text
