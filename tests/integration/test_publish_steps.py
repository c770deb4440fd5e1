"""The steps of publishing: who holds a round, what stays in it, and what wakes it."""

import pytest
import redis

from service.sandbox.site.site import SITE_ID
from tests.support.delivery_rig import Way
from tests.support.publishes import Publishes
from workers.model.attempts import Batch, Claimed, Publish
from workers.model.publishing import Outcome, Round, Task
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.publishing import Progress

ROUND = "instep:publishing:site"


@pytest.fixture
def open_way(store):
    ways = []

    def open(**options):
        ways.append(Way(store, **({"live": False, "site": SITE_ID, "items": 5} | options)))
        return ways[-1]

    yield open
    for way in ways:
        way.close()


@pytest.fixture
def way(open_way):
    """A way out on which one item waits, for a round that may begin now."""
    way = open_way(publish="items")
    staged(way)
    return way


def staged(way, seconds=11):
    way.change(1, stock=1)
    way.run(1)
    way.pass_time(seconds)


def publish_claim(way):
    step = way.claim()
    assert isinstance(step, Publish)
    return step


def settle(way, token, progress):
    site = way.settings.destinations["site"]
    return way.context.publishing.settle(site, token, progress)


def member(way):
    return Publishes(way).waiting()


def done(way):
    known = way.context.publishing.known(way.settings.collections["products"], [way.id(1)])
    return Outcome(way.id(1), known[way.id(1)].member.at, "done")


def test_one_caller_has_the_round(way):
    publish_claim(way)
    assert not isinstance(way.claim(), Publish)
    way.pass_time(29)
    assert not isinstance(way.claim(), Publish)
    way.pass_time(2)
    assert isinstance(way.claim(), Publish)


def test_who_has_lost_it_settles_nothing(way):
    first = publish_claim(way)
    way.pass_time(31)
    second = publish_claim(way)
    progress = Progress(Round(), "products", [done(way)])
    assert settle(way, first.token, progress) == {"settled": 0, "lost": True}
    assert member(way) == {way.id(1): ""}
    assert settle(way, second.token, progress) == {"settled": 1, "lost": False}
    assert member(way) == {}
    assert settle(way, second.token, progress)["lost"]


def test_what_was_written_since_stays(way):
    step, found = publish_claim(way), done(way)
    way.pass_time(1)
    way.change(1, stock=2)
    while isinstance(way.step(), Claimed) or way.counts("pending")[0]:
        pass
    settled = settle(way, step.token, Progress(Round(), "products", [found]))
    assert settled == {"settled": 0, "lost": False}
    assert member(way) == {way.id(1): ""}
    assert way.store.hget(ROUND, "next") is not None


def test_a_round_goes_on_where_it_was(way):
    step = publish_claim(way)
    rest = Round((Task("send", "c"),), ready={"c": 1})
    settle(way, step.token, Progress(rest, wait=5))
    assert not isinstance(way.claim(), Publish)
    way.pass_time(5.01)
    assert Round.parse(publish_claim(way).work) == rest


def test_live_changes_have_their_turn_between_two_of_its_calls(open_way):
    """Else the pages of a large site would hold them up for minutes."""
    way = open_way(publish="items", linger=0.0)
    staged(way)
    pages = tuple(Task("check", "c", offset) for offset in range(0, 300, 100))
    step = publish_claim(way)
    seen = []
    for number, left in enumerate((3, 2, 1)):
        settle(way, step.token, Progress(Round(pages[-left:], sent=("c",)), "products"))
        way.change(2 + number, stock=1)
        while not isinstance(step := way.claim(), Publish):
            if isinstance(step, Batch):
                way.context.outbox.give_back(step, wait=60)
                seen.append("batch")
            else:
                way.pass_time(step.seconds + 0.001)  # for the budget
        seen.append("publish")
    assert seen == ["batch", "publish"] * 3


@pytest.fixture
def by_site(open_way):
    """A way out of which the next step publishes the site."""
    way = open_way(publish="site")
    staged(way)
    step = publish_claim(way)
    ready = Round((Task("publish"), Task("confirm")), SITE_ID, own=1)
    behind = Round((Task("confirm"),), SITE_ID, own=1, asked=True)
    settle(way, step.token, Progress(ready, after=behind))
    return way


def kinds(step):
    return [task.kind for task in Round.parse(step.work).tasks]


def test_a_publish_of_the_site_is_claimed_once(by_site):
    """Whoever dies then, before or after it is sent: the next one asks whether it happened."""
    assert kinds(publish_claim(by_site)) == ["publish", "confirm"]
    by_site.pass_time(31)
    assert kinds(publish_claim(by_site)) == ["confirm"]
    by_site.pass_time(31)
    assert kinds(publish_claim(by_site)) == ["confirm"]


def test_what_was_seen_too_long_ago_is_looked_at_again(by_site):
    by_site.pass_time(31)
    step = publish_claim(by_site)
    assert step.work == ""
    assert by_site.store.hget("instep:published-sites", SITE_ID) is None


def closed_now(way):
    """Begin anew with a window that opens in an hour."""
    Publishes(way).window_opens_in(3600)


def test_a_window_that_closes_holds_up_a_publish_that_was_prepared(by_site):
    closed_now(by_site)
    assert not isinstance(by_site.claim(), Publish)


def test_what_was_published_is_looked_for_outside_of_the_window(by_site):
    publish_claim(by_site)
    closed_now(by_site)
    by_site.pass_time(31)
    assert kinds(publish_claim(by_site)) == ["confirm"]


def test_a_round_that_was_interrupted_publishes_nothing_outside_of_the_window(way):
    step = publish_claim(way)
    rest = Round((Task("send", "c"), Task("check", "c")), ready={"c": 1})
    settle(way, step.token, Progress(rest))
    closed_now(way)
    assert not isinstance(way.claim(), Publish)
    assert kinds(publish_claim_after(way, rest)) == ["check"]


def publish_claim_after(way, round):
    """Claim what comes behind the first task of *round*, with an open window."""
    way.begin(publish_window="")
    step = publish_claim(way)
    settle(way, step.token, Progress(round.rest, sent=True))
    closed_now(way)
    return publish_claim(way)


def test_destinations_of_one_site_share_its_minute(by_site):
    now = round(by_site.now() * 1000)
    by_site.store.hset("instep:published-sites", SITE_ID, now - 50_000)
    wait = by_site.claim()
    assert not isinstance(wait, Publish)
    assert 9 < wait.seconds < 10.1
    by_site.pass_time(wait.seconds)
    assert kinds(publish_claim(by_site)) == ["publish", "confirm"]


def test_a_time_that_a_clock_left_ahead_counts_as_now(by_site):
    far = round(by_site.now() * 1000) + 10**9
    by_site.store.hset(ROUND, "next", far)
    by_site.store.hset("instep:published-sites", SITE_ID, far)
    wait = by_site.claim()
    assert wait.seconds <= 60


def test_the_sweep_wakes_what_a_lost_worker_has_left(way):
    way.store.delete("instep:wakes", "instep:wake:site")
    assert way.context.outbox.sweep()[0] == ("site",)


def test_what_is_published_no_longer_wakes_nobody(way):
    way.begin(publish="never")
    way.store.delete("instep:wakes", "instep:wake:site")
    assert way.context.outbox.sweep()[0] == ()


def test_without_a_slot_it_comes_back_for_one(open_way):
    way = open_way(publish="items", requests_per_minute=2)
    staged(way, 0)
    way.pass_time(11)
    wait = way.claim()
    assert not isinstance(wait, Publish)
    assert wait.seconds > 0
    way.run(600)
    assert way.live(1)["stock"] == 1


def test_a_paused_destination_publishes_nothing(way):
    way.context.breaker.pause("site", "by a test")
    way.run(200)
    assert Publishes(way).published() == []
    way.resume()
    way.run(200)
    assert way.live(1)["stock"] == 1


def test_an_older_release_beside_it_settles_as_before(open_way):
    """It sends no `publish`: what it has written goes live with its next change."""
    way = open_way(publish="never")
    staged(way)
    assert member(way) == {}
    way.begin(publish="items")
    way.change(1, stock=2)
    way.run(200)
    assert way.live(1)["stock"] == 2


def test_what_is_erased_waits_for_nothing(open_way, store_socket):
    way = open_way(publish="items", by="key")
    staged(way)
    assert member(way) == {"P-0001": ""}
    raw = redis.Redis(unix_socket_path=store_socket)
    text = KeyText(
        *("products", "P-0001"),
        parts=1,
        spellings=["P-0001"],
        names=("sku",),
        is_key=lambda _: False,
        others=set(),
    )
    erasure = Erasure(raw, way.steps, text)
    hits = erasure.find()
    assert {hit.key for hit in hits} >= {
        "instep:unpublished:products",
        "instep:unpublished-of:products",
    }
    erasure.run(hits)
    assert member(way) == {}
    assert way.store.zcard("instep:unpublished:products") == 0


@pytest.mark.parametrize("way_to_go", ["delete", "unpublish"])
def test_what_is_retired_waits_for_nothing(way, way_to_go):
    way.retire(1, way_to_go)
    way.run(300)
    assert member(way) == {}
