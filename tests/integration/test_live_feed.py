"""What ``instep tail`` shows: what comes and goes, at no cost while nobody looks."""

import json
import logging

import pytest
import redis
from click.testing import CliRunner

from service.cli import main
from service.config import live_lines
from service.operate import live_view
from service.operate.live_view import Filter, follow
from workers.model.mask import Mask
from workers.store import keys
from workers.store.live_feed import EVERY, MOST, REST, LiveFeed

DELIVERY = {"message": "delivery", "source": "erp", "collections": ["products"], "keys": ["A-1"]}
ATTEMPT = {
    "message": "attempt",
    "sources": ["erp", "crm"],
    "collection": "products",
    "keys": ["A-1", "A-2"],
}
LETTER = {"message": "dead letter opened", "collection": "products", "key": "A-1"}
OTHER = {"message": "delivery", "source": "crm", "collections": ["people"], "keys": ["B-1"]}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def client(store_socket):
    with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
        client.flushdb()
        yield client


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def feed(client, clock):
    """A feed without its thread: `LiveFeed.publish` is called by hand."""
    return LiveFeed(client, clock=clock, start=lambda _: None)


@pytest.fixture
def watched(client):
    """Subscribes; returns the messages since the last call."""
    with client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(keys.LIVE_FEED)
        subscription.get_message(timeout=1)

        def messages():
            found = []
            while (message := subscription.get_message(timeout=0.05)) is not None:
                found.append(message["data"])
            return found

        yield messages


def commands(client):
    return client.info("commandstats")


def calls(client, name):
    return commands(client).get(f"cmdstat_{name}", {"calls": 0})["calls"]


def test_a_line_reaches_whoever_watches(feed, watched):
    feed.offer("one")
    feed.offer("two")
    feed.publish()
    assert watched() == ["one", "two"]


def test_while_nobody_watches_a_process_asks_once_a_second_and_publishes_nothing(
    client, feed, clock
):
    client.config_resetstat()
    for _ in range(100):
        if feed.is_wanted:
            feed.offer("x")
            feed.publish()
    assert (calls(client, "pubsub|numsub"), calls(client, "publish")) == (1, 0)
    clock.now += EVERY
    assert feed.is_wanted


def test_what_nobody_watched_is_not_shown_later(client, feed, clock):
    feed.offer("old")
    feed.publish()
    with client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(keys.LIVE_FEED)
        subscription.get_message(timeout=1)
        clock.now += EVERY
        feed.offer("new")
        feed.publish()
        assert subscription.get_message(timeout=1)["data"] == "new"


def test_a_reader_that_left_is_noticed(client, feed, clock):
    with client.pubsub() as subscription:
        subscription.subscribe(keys.LIVE_FEED)
        subscription.get_message(timeout=1)
        feed.offer("x")
        feed.publish()
        assert feed.is_wanted
    clock.now += EVERY
    feed.offer("x")
    feed.publish()
    assert not feed.is_wanted


def test_lines_that_wait_are_bounded(feed, watched):
    for n in range(2 * MOST):
        feed.offer(str(n))
    feed.publish()
    assert len(watched()) == MOST


def test_a_store_that_is_away_costs_nothing_for_a_while(tmp_path, clock):
    with redis.Redis.from_url(f"unix://{tmp_path}/none") as client:
        feed = LiveFeed(client, clock=clock, start=lambda _: None)
        feed.offer("x")
        feed.publish()
        assert not feed.is_wanted
        clock.now += REST
        assert feed.is_wanted


def test_the_thread_publishes_by_itself(client, watched):
    feed = LiveFeed(client)
    feed.offer("x")
    assert _first(watched) == "x"


def _first(watched):
    for _ in range(100):
        if found := watched():
            return found[0]
    return None


@pytest.fixture
def logging_to(feed):
    handler = live_lines.attach(feed, Mask(["wf-token-0123456789"]))
    levels = {name: logging.getLogger(name).level for name in live_lines.OURS}
    yield
    for name, level in levels.items():
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("logging_to")
def test_deliveries_attempts_and_warnings_are_handed_over_with_their_host(feed, watched):
    log = logging.getLogger("workers.x")
    log.info("attempt", extra={"collection": "products"})
    log.info("probe")
    log.warning("destination paused", extra={"reason": "bad wf-token-0123456789"})
    feed.publish()
    attempt, pause = map(json.loads, watched())
    assert (attempt["message"], attempt["collection"]) == ("attempt", "products")
    assert attempt["host"]
    assert (pause["message"], pause["reason"]) == ("destination paused", "bad ***")


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (Filter(), [DELIVERY, ATTEMPT, LETTER, OTHER]),
        (Filter(source="erp"), [DELIVERY, ATTEMPT]),
        (Filter(collection="products"), [DELIVERY, ATTEMPT, LETTER]),
        (Filter(key=" A-1"), [DELIVERY, ATTEMPT, LETTER]),
        (Filter(key="A-2"), [ATTEMPT]),
        (Filter(source="crm", collection="people"), [OTHER]),
    ],
)
def test_a_filter_shows_what_concerns_its_names(chosen, shown):
    assert [line for line in (DELIVERY, ATTEMPT, LETTER, OTHER) if chosen.shows(line)] == shown


def test_a_view_follows_what_is_published(client):
    lines = follow(client, Filter(source="erp"), wait=0.05)
    assert next(lines) is None
    for line in (OTHER, DELIVERY, ATTEMPT):
        client.publish(keys.LIVE_FEED, json.dumps(line))
    client.publish(keys.LIVE_FEED, "no json")
    found = [line for line in (next(lines) for _ in range(6)) if line]
    assert found == [DELIVERY, ATTEMPT]


def test_a_view_waits_for_a_store_that_is_away_and_says_so_once(client):
    told, lost = [], []

    class Flaky:
        def pubsub(self, **options):
            if len(lost) < 3:
                lost.append(1)
                raise redis.ConnectionError("gone")
            return client.pubsub(**options)

    back = follow(Flaky(), Filter(), away=told.append, back=lambda: told.append("back"), wait=0.01)
    assert next(back) is None
    next(back)
    assert told == ["gone", "back"]


CONFIGURATION = """
[destinations.site]
token = "t"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
"""


@pytest.fixture
def run(tmp_path, store_socket, monkeypatch):
    (tmp_path / "instep.toml").write_text(CONFIGURATION)
    environ = {
        "INSTEP_CONFIG": str(tmp_path / "instep.toml"),
        "REDIS_URL": f"unix://{store_socket}",
    }

    def run(*words, lines=()):
        def shown(_, chosen, **__):
            yield None
            yield from (line for line in lines if chosen.shows(line))
            raise KeyboardInterrupt

        monkeypatch.setattr(live_view, "follow", shown)
        return CliRunner().invoke(main, ["tail", *words], env=environ)

    return run


@pytest.mark.usefixtures("client")
def test_ctrl_c_ends_it_with_0_and_text_is_one_line_each(run):
    done = run("--source", "erp", lines=[DELIVERY, OTHER, ATTEMPT])
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert "delivery erp" in first
    assert "attempt" in second


@pytest.mark.usefixtures("client")
def test_json_prints_each_line_as_it_is_in_the_log(run):
    done = run("--json", "--key", "A-1", lines=[DELIVERY, OTHER])
    assert list(map(json.loads, done.stdout.splitlines())) == [DELIVERY]


@pytest.mark.usefixtures("client")
def test_a_name_of_nothing_is_refused_with_those_there_are(run):
    done = run("--source", "shop", "--collection", "people")
    assert done.exit_code == 2
    assert "--source: found 'shop', expected one of erp" in done.stderr
    assert "--collection: found 'people', expected one of products" in done.stderr
