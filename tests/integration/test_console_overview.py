"""The overview: what it says first, for whom, and what its buttons do."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from service.console.pages import PAGES
from service.operate import pauses as operate_pauses
from service.operate.reasons import Reason
from workers.errors import RequestRefused
from workers.store import keys, problem_keys
from workers.store.audit import Audit
from workers.store.held_keys import held
from workers.store.minute_samples import MinuteSamples

HELD = {"paused": "401 <b>refused</b>", "by": "instep", "since": 1}
SAID = ("degraded", None, "mend it", "why")
WITHOUT_WORKER = "Nothing is sent: no worker runs"
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def durable(monkeypatch):
    """The store of the tests keeps nothing on the disk, which a page would tell first."""
    monkeypatch.setattr("service.operate.status.trouble_of", lambda _: None)


@pytest.fixture
def workers(monkeypatch):
    """A worker is alive."""
    monkeypatch.setattr("workers.runtime.heartbeats.workers_alive", lambda _: 1)


def main(text):
    return text.partition("<main")[2].partition("<dialog")[0]


def part(text, live):
    """Return the live region *live* of a page."""
    return text.partition(f'data-live="{live}"')[2].partition("</section>")[0]


def states(console):
    return console.context.report.status()["destinations"]


def act(someone, action, name, **form):
    """Press a button, and confirm it; return the page that it leads to."""
    answer = someone.post(f"/overview/{action}", ids=[name])
    assert (answer.status_code, "Nothing has changed yet" in answer.text) == (200, True)
    done = someone.confirm(answer, **form)
    assert (done.status_code, done.location) == (303, "/")
    return someone.page("/")


@pytest.mark.usefixtures("workers")
def test_where_nothing_came_it_says_so(console):
    text = console.person().page("/")
    assert "<h1>Overview</h1>" in text
    assert "Nothing waits, and nothing was written yet" in part(text, "headline")
    assert "Nothing needs you" in part(text, "needs")
    assert "A worker counts once a minute" in part(text, "chart hour")
    assert "nothing was written yet" in part(text, "destination site")
    assert "0 web processes and 0 workers alive" in part(text, "machinery")
    assert "without a limit" in part(text, "machinery")


@pytest.mark.usefixtures("workers")
def test_what_stops_the_site_stands_at_the_top_with_its_cause_and_its_time(console):
    console.rig.fill()
    console.context.steps.client.hset(keys.destination("shop"), mapping=HELD)
    text = console.person().page("/")
    top = part(text, "headline")
    assert '<div class="headline bad">' in top
    assert "<strong>shop is paused</strong> since <time" in top
    assert "401 &lt;b&gt;refused&lt;/b&gt;" in top
    row = part(text, "needs").partition("<tr data-row>")[2].partition("</tr>")[0]
    assert '<a href="#destination-shop"><bdi class="name">shop is paused' in row
    assert "trouble" in row
    assert 'name="ids" value="destination:shop"' in row
    card = part(text, "destination shop")
    assert card.count("401 &lt;b&gt;refused&lt;/b&gt;") == 1
    assert "not while it is paused" in card
    assert 'action="/overview/resume"' in card
    # What does not flow comes first.
    assert text.index('id="destination-shop"') < text.index('id="destination-site"')


def test_without_a_worker_that_is_what_it_says(console):
    text = console.person().page("/")
    assert WITHOUT_WORKER in part(text, "headline")
    assert "<code>instep worker</code>" in part(text, "needs")
    assert 'href="/docs/running"' in part(text, "needs")


@pytest.mark.usefixtures("workers")
def test_problems_are_named_in_words_and_what_came_of_outside_is_escaped(console):
    console.rig.fill()
    console.rig.deliver(id="html", topic="stock", sku="<i>\u05d0</i>", qty="<script>x</script>")
    text = main(console.person().page("/"))
    needs = part(text, "needs")
    assert "Refused by the CMS: 1 in products" in needs
    assert "Does not fit the mapping: 2 in erp" in needs
    assert "Stock is not valid" in needs
    assert "things need a person" in part(text, "headline")
    assert "<script" not in text
    assert "instep dead" not in text


@pytest.mark.usefixtures("workers")
def test_what_waits_and_how_long_it_takes(console):
    console.rig.fill()
    card = part(console.person().page("/"), "destination shop")
    assert re.search(r"<strong>1</strong> item<span", card)
    assert "at least 1.1 s" in card
    assert '<meter min="0" max="60" value="0"' in card
    card = part(console.person().page("/"), "destination site")
    assert "for half,</span>" in card
    assert '1 <span class="hint">' not in card.partition("Refused (429)")[2]


@pytest.mark.usefixtures("workers")
def test_charts_show_what_came_with_its_numbers(console):
    steps = console.context.steps
    now = MinuteSamples(steps, console.context.settings).read().now
    before = steps.clock_offset_ms
    steps.clock_offset_ms += int(MINUTE_MS - now % MINUTE_MS) + 20
    try:
        MinuteSamples(steps, console.context.settings).look()
        console.rig.fill()
        steps.clock_offset_ms += MINUTE_MS
        MinuteSamples(steps, console.context.settings).look()
        text = console.person().page("/")
    finally:
        steps.clock_offset_ms = before
    chart = part(text, "chart hour")
    assert "Deliveries: <strong>7</strong>" in chart
    assert "7 in all, at most 7 in one minute. Nothing is known of 59 of 60 minutes." in chart
    assert '<path class="good" d="M591 12h8v88h-8z"/>' in chart
    assert '<path class="gap" d="M0 0h590v100h-590z"/>' in chart
    assert "<span>8</span><span>4</span><span>0</span>" in chart
    assert chart.count("data-clock") == 3 + 1
    assert '<td class="number">7</td><td class="number">0</td><td class="number">1</td>' in chart


@pytest.mark.usefixtures("unanswered")
def test_a_destination_is_paused_with_a_reason_and_resumed(console):
    console.rig.fill()
    someone = console.person("clerk")
    assert (
        "What comes in is still accepted"
        in someone.post("/overview/pause", ids=["destination:shop"]).text
    )
    assert states(console)["shop"]["state"] == "flowing"
    text = act(someone, "pause", "destination:shop", reason=" a <b>relaunch</b> ")
    assert "shop is paused. Nothing more of it is sent" in text
    card = part(text, "destination shop")
    assert "a &lt;b&gt;relaunch&lt;/b&gt;</bdi>, by <bdi>clerk</bdi>" in card
    assert states(console)["shop"]["reason"] == "a <b>relaunch</b>"
    answer = someone.post("/overview/resume", ids=["destination:shop"])
    assert "Goes out first" in answer.text
    assert 'data-label="Items"><bdi class="value">1</bdi>' in answer.text
    text = act(someone, "resume", "destination:shop")
    assert "shop is resumed; 1 item goes out." in text
    assert states(console)["shop"]["state"] == "flowing"
    done = [(each["action"], each["by"]) for each in Audit(console.context.steps).list(None, 9)[0]]
    assert done == [("resume", "clerk"), ("pause", "clerk")]


@pytest.mark.usefixtures("unanswered")
def test_a_pause_ends_when_the_page_has_said_that_it_does(console):
    someone = console.person("clerk")
    answer = someone.post("/overview/pause", ids=["destination:shop"])
    assert '<button class="primary">Pause: shop</button>' in answer.text
    ends = dict(re.findall(r'<option value="([^"]+)" data-until="([^"]+), until "', answer.text))
    assert [*ends.values()] == ["30 minutes", "2 hours", "8 hours", "1 day", "3 days"]
    assert re.search(
        r">30 minutes, until (?:[A-Z][a-z]{2} )?[0-9]{2}:[0-9]{2} UTC</option>", answer.text
    )
    until = next(iter(ends))
    done = someone.confirm(answer, **{"filter-until": until})
    assert (done.status_code, done.location) == (303, "/")
    text = someone.page("/")
    assert re.search(r"is sent until .*[0-9]{2}:[0-9]{2} UTC, or it is resumed", text)
    assert part(text, "destination shop").count("it goes on by itself at <time") == 1
    (entry, *_), _ = Audit(console.context.steps).list(None, 9)
    shown, kept = (datetime.fromisoformat(each) for each in (until, entry["figures"]["until"]))
    assert abs(shown - kept) < timedelta(seconds=2)


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"])
def test_a_pause_that_would_have_ended_is_none(console, until):
    someone = console.person()
    answer = someone.post("/overview/pause", ids=["destination:shop"])
    refused = someone.confirm(answer, **{"filter-until": until})
    assert (refused.status_code, "choose again" in refused.text) == (409, True)
    assert states(console)["shop"]["state"] == "flowing"


@pytest.mark.usefixtures("workers")
def test_since_when_deletes_wait_for_an_approval(console):
    began = datetime.now(UTC) - timedelta(hours=3)
    asks = {"asks": "{}", "asks_since": began.timestamp() * 1000}
    console.context.steps.client.hset(keys.collection("products"), mapping=asks)
    console.context.steps.client.zadd(held("products"), {"k1": 1})
    row = part(console.person().page("/"), "needs")
    assert "1 delete in products waits for approval" in row
    assert f'data-label="Since"><time datetime="{began:%Y-%m-%dT%H:%M:%S}' in row
    console.context.steps.client.hdel(keys.collection("products"), *asks)


@pytest.mark.usefixtures("workers")
def test_a_source_whose_every_delivery_is_unwanted_is_a_need(console):
    for number in range(3):
        assert "No mapping takes what" not in part(console.person().page("/"), "needs")
        console.rig.deliver(id=f"p{number}", topic="price", sku="A")
    someone = console.person()
    row = part(someone.page("/"), "needs")
    assert '<a href="/sources/erp"><bdi class="name">No mapping takes what erp sends' in row
    assert "<code>instep reload</code>" in row
    assert "Nothing of this source reaches the site" in someone.page("/sources/erp")
    console.rig.deliver(id="s", topic="stock", sku="A", qty=1)
    assert "No mapping takes what" not in part(someone.page("/"), "needs")


@pytest.mark.parametrize("name", ["collection:products", "source:till", "lane:replay"])
@pytest.mark.usefixtures("unanswered")
def test_whatever_is_paused_has_its_button(console, name):
    console.rig.fill()
    operate_pauses.pause(console.context, name, reason="by \u05d0", by="alice")
    someone = console.person("operator")
    button = f'name="ids" value="{name}"'
    assert button in part(someone.page("/"), "needs")
    assert button not in part(act(someone, "resume", name), "needs")


@pytest.mark.usefixtures("workers")
def test_a_collection_that_is_paused_stands_in_the_card_of_its_destination(console):
    operate_pauses.pause(console.context, "products", reason="new fields", by="alice", seconds=9e6)
    text = console.person().page("/")
    card = part(text, "destination site")
    assert "new fields" in card
    assert 'name="ids" value="collection:products"' in card
    assert "it goes on by itself at <time" in card
    assert 'href="#destination-site"' in part(text, "needs")


@pytest.mark.usefixtures("unanswered")
def test_a_collection_whose_destination_is_paused_too_says_that_it_stays_so(console):
    for name in ("site", "products"):
        operate_pauses.pause(console.context, name, reason=f"of {name}", by="alice")
    someone = console.person()
    answer = someone.post("/overview/resume", ids=["collection:products"])
    assert "It stays paused all the same: its destination site is: of site" in answer.text
    assert "It is still paused: its destination" in act(someone, "resume", "collection:products")


def test_a_cms_that_does_not_answer_stops_no_resume(console):
    operate_pauses.pause(console.context, "shop", reason="", by="alice")
    someone = console.person()
    answer = someone.post("/overview/resume", ids=["destination:shop"])
    assert "The CMS could not be asked" in answer.text
    assert "0 items go out" in act(someone, "resume", "destination:shop")


def test_a_token_that_is_refused_stays_paused(console, monkeypatch):
    def refuse(*_, **__):
        raise RequestRefused("shop answers 401", "a token that the CMS accepts", "correct it")

    operate_pauses.pause(console.context, "shop", reason="", by="alice")
    monkeypatch.setattr("service.operate.pauses._ask", refuse)
    answer = console.person().post("/overview/resume", ids=["destination:shop"])
    assert (answer.status_code, "shop answers 401" in answer.text) == (409, True)
    assert states(console)["shop"]["state"] == "paused"


@pytest.mark.parametrize(
    ("name", "form", "status"),
    [
        ("admin", {"ids": ["destination:none"]}, 404),
        ("admin", {"ids": ["destination:shop", "destination:site"]}, 409),
        ("admin", {"which": "all"}, 409),
        ("clerk", {"ids": ["destination:site"]}, 404),
        ("clerk", {"ids": ["lane:live"]}, 404),
        ("viewer", {"ids": ["destination:site"]}, 403),
        ("shop", {"ids": ["destination:shop"]}, 403),
    ],
)
@pytest.mark.parametrize("action", ["pause", "resume"])
def test_what_is_refused_changes_nothing(console, action, name, form, status):
    before = states(console)
    assert console.person(name).post(f"/overview/{action}", **form).status_code == status
    assert states(console) == before


@pytest.mark.usefixtures("workers")
def test_what_is_written_and_not_published_is_not_said_to_be_on_the_site(console):
    console.rig.fill()
    console.context.steps.client.sadd(keys.not_live("products"), "A/B", "plain")
    text = part(console.person().page("/"), "headline")
    assert "2 items are written, but not on the site: nobody has published them" in text
    assert '<a href="/records?state=not+published">' in text
    assert "not on the site" not in console.person("shop").page("/")


def test_a_record_is_searched_for_from_here(console):
    console.rig.fill()
    text = console.person().page("/")
    assert '<form method="get" action="/records" class="find" role="search">' in text
    assert text.count("data-search") == 1
    assert ">plain</bdi></a>" in console.person().page("/records?q=plain")


@pytest.mark.parametrize("name", ["viewer", "shop"])
def test_who_may_only_look_sees_no_button(console, name):
    console.context.steps.client.hset(keys.destination("shop"), mapping=HELD)
    text = main(console.person(name).page("/"))
    assert "shop is paused" in text
    assert re.findall("<button[^>]*>([^<]*)", text) == ["Find a record"]
    assert "press Resume" not in text


@pytest.mark.parametrize("name", ["shop", "clerk"])
def test_an_access_of_one_destination_sees_that_alone(console, name):
    console.rig.fill()
    operate_pauses.pause(console.context, "lane:live", reason="all of them", by="alice")
    text = main(console.person(name).page("/"))
    for other in ("site", "products", "erp", "Stock is not valid", WITHOUT_WORKER, "workers alive"):
        assert not re.search(rf"\b{other}\b(?! is|,| once)", text.replace("the site", "")), other
    assert "Live changes are paused" in text
    assert 'value="lane:live"' not in text  # others wait for it too


@pytest.mark.parametrize(
    ("name", "href"),
    [
        ("collection products: 3 deletes wait for approval", "/deletes?collection=products"),
        ("undo r7: held", "/runs/r7"),
        ("reconcile products: failed", "/runs"),
        ("source erp: silent", "/sources/erp"),
        ("destination shop: outage", "#destination-shop"),
        ("collection products: late", "#destination-site"),
        ("fetcher erp: outage", "/docs/fetching"),
        ("store weak", "/docs/operating"),
        ("lane live: paused", None),
    ],
)
def test_a_need_leads_to_the_page_that_shows_it(console, monkeypatch, name, href):
    monkeypatch.setattr("service.console.overview.existing", lambda: PAGES)
    monkeypatch.setattr("service.operate.status.reasons_of", lambda _: [Reason(name, *SAID)])
    needs = part(console.person().page("/", headers={"X-Forwarded-Prefix": "/ops"}), "needs")
    if href is not None and not href.startswith("#"):
        href = f"/ops{href}"
    assert re.findall(r'<a href="([^"]*)"><bdi', needs) == ([] if href is None else [href])


@pytest.mark.usefixtures("workers")
def test_a_problem_leads_to_its_page(console, monkeypatch):
    monkeypatch.setattr("service.console.overview.existing", lambda: PAGES)
    console.rig.fill()
    needs = part(console.person().page("/"), "needs")
    groups = {f"/problems/{each.id}" for each in console.context.problems.listed()}
    assert set(re.findall(r'<a href="([^"]*)"><bdi', needs)) == groups


def test_no_filter_is_known(console):
    assert console.person().get("/?colour=red").status_code == 404


@pytest.mark.usefixtures("workers")
def test_of_many_needs_the_first_are_shown_and_none_hides_what_is_paused(console):
    client = console.context.steps.client
    for number in range(12):
        problems = [{"field": f"f{number}", "message": f"f{number} is wrong"}]
        held = {"kind": "refused", "state": "open", "collection": "products", "status": 400}
        held |= {"key": "k", "record": "k", "problems": json.dumps(problems), "created": 1}
        held |= {"message": f"f{number} is wrong"}
        client.hset(keys.letter(f"d{number}"), mapping=held)
        for names in (keys.LETTERS, problem_keys.UNGROUPED):
            client.zadd(names, {f"d{number}": 1})
    console.context.problems.group(100)
    operate_pauses.pause(console.context, "lane:replay", reason="", by="alice")
    text = part(console.person().page("/"), "needs")
    shown, _, folded = text.partition("<details")
    assert (shown.count("<tr data-row>"), folded.count("<tr data-row>")) == (8, 1)
    assert "Replays are paused" in folded
    assert 'name="ids" value="lane:replay"' in folded
    assert "1 more that can wait longer" in folded
    assert "4 more, problems above all, are not listed here" in text
