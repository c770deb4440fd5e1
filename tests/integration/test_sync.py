"""A round in this process, beside a thread that delivers: what it does, and what it leaves."""

import contextlib
import json
import signal
import threading
import time

import pytest

from service.ingest.entry import Entry
from service.ingest.spool import Spool, folder_of
from service.pulls import process, pull_state
from service.run import sync as rounds
from tests.support.paged_api import product
from tests.support.pulled_site import MAPPINGS, PulledSite, delivering
from tests.support.writeback_rig import Shop
from workers.runtime import jobs
from workers.store.losses import Losses

FROM_FILE = 'every = "1h"\nfile = "stock.json"'
HOOK = """
[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"

[store]
durability = "unverified"
"""
STOCK = MAPPINGS.replace("Product", "Stock").replace('"feed"', '"erp"')


@pytest.fixture
def site(store):  # noqa: ARG001  # it is empty
    site = PulledSite(5, page="")
    yield site
    site.close()


@pytest.fixture
def configured(site, tmp_path, store_socket, monkeypatch):
    def _configured(**options):
        options = {"more": HOOK, "mappings": MAPPINGS + STOCK} | options
        found = site.configured(tmp_path, store_socket, **options)

        @contextlib.contextmanager
        def worker():
            with delivering(found):
                yield lambda: False

        monkeypatch.setattr(rounds, "_worker", worker)
        return found

    return _configured


def rounded(configuration, seconds=60.0, approve=()):
    return rounds.sync(configuration, seconds=seconds, by="test", approve=approve)


def test_all_is_pulled_and_delivered(site, configured):
    site.change(2, qty=702)
    result = rounded(configured())
    assert (result.code, result.left) == (0, [])
    assert any("1 difference" in line or "2 differences" in line for line in result.done)
    assert site.shown == site.wanted


def test_a_mass_is_held_until_the_round_that_approves_it(site, configured):
    for n in range(1, 6):
        site.change(n, qty=700 + n)
    before, configuration = site.shown, configured()
    (left,) = rounded(configuration).left
    words, _, command = left.partition("; to send it: ")
    assert words == (
        "pull feed: held, nothing of this was sent: products: 5 of 5 items would be overwritten"
    )
    assert site.shown == before
    run = command.strip("`").removeprefix("instep sync --once --approve ")
    result = rounded(configuration, approve=[run])
    assert (result.left, result.done[0]) == ([], f"run {run}: approved: 5 overwritten")
    assert site.shown == site.wanted
    assert f"run {run}: found" in rounded(configuration, approve=[run]).left[0]


def test_what_is_due_is_reconciled(site, configured, tmp_path):
    (tmp_path / "stock.json").write_text(json.dumps([*site.api.records, product(9)]))
    result = rounded(configured(reconcile=FROM_FILE, pulls=False, mappings=STOCK))
    assert result.left == []
    assert site.shown == site.wanted | {"P-0009": 9}


def test_what_is_left_is_told_of_each_step(site, configured):
    configuration = configured(reconcile=FROM_FILE + "\n")
    site.api.each = lambda _: (404, {}, b"moved")
    result = rounded(configuration)
    assert result.code == 1
    assert "pull feed: the source answers 404: moved" in result.left
    assert any(line.startswith("reconcile products: ") for line in result.left)  # no file


def test_what_lies_in_the_spool_is_taken(site, configured, tmp_path):
    configuration = configured(pulls=False, mappings=STOCK)
    spool = Spool(folder_of(tmp_path), 16)
    body = json.dumps(site.api.records[1] | {"qty": 702}).encode()
    now = time.time_ns() // 1000
    spool.append(Entry("erp", "token-1", now, headers={}, body=body))
    spool.close()
    assert rounded(configuration).left == []
    assert site.shown["P-0002"] == 702


def test_a_source_that_asks_for_rest_is_left_alone(site, configured, store):
    configuration = configured()
    pull_state.note_refused(store, "feed", 600.0)
    (left,) = rounded(configuration).left
    assert left.startswith("pull feed: the source asks to be left alone until ")
    assert site.api.calls == 0


def test_it_ends_when_the_time_is_over(site, configured):
    over = threading.Event()

    def end(_):
        # Not after a time: a busy machine may be connecting then, and leave half a socket.
        signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
        over.wait(10)

    site.api.each = end
    result = rounded(configured())
    over.set()
    assert rounds.OVER in result.left


def test_a_paused_destination_is_not_waited_for(site, configured):
    configuration = configured()
    context = jobs.build(configuration.settings)
    site.change(2, qty=702)
    context.breaker.pause("site", "moving house")
    begun = time.monotonic()
    result = rounded(configuration)
    assert time.monotonic() - begun < 30
    assert any("collection products: 1 items wait (moving house)" in each for each in result.left)
    context.steps.client.close()
    context.wakes.close()


STAGES = """
live = false
publish = "items"
"""


def told_to(shop):
    statement = "UPDATE products SET state = :state, at = :at WHERE sku = :key"
    table = f'sql = "sqlite:///{shop.path}"\nstatement = "{statement}"'
    return f'{HOOK}[writeback.shop]\ncollection = "products"\n{table}\n'


def test_a_write_back_that_is_paused_is_left(site, configured, tmp_path):
    shop = Shop(tmp_path / "shop.db")
    configuration = configured(more=told_to(shop))
    context = jobs.build(configuration.settings)
    site.change(2, qty=702)
    context.writeback_states.pause("shop", "moving house", who="test")
    result = rounded(configuration)
    assert "writeback shop: 1 records wait (paused: moving house)" in result.left
    context.steps.client.close()
    context.wakes.close()


def test_it_ends_when_all_is_published_and_told(site, configured, tmp_path):
    shop = Shop(tmp_path / "shop.db")
    shop.add("P-0002")
    configuration = configured(more=told_to(shop), destination=STAGES)
    site.change(2, qty=702)
    result = rounded(configuration)
    assert result.left == []
    assert site.shown == site.wanted
    assert shop.row("P-0002")[2] == "live"


@pytest.mark.parametrize("staged", [True, False], ids=["by a store that was lost", "by itself"])
def test_a_draft_that_holds_back_what_it_has_staged_is_named(site, configured, staged):
    site.change(2, qty=702)
    site.hold_as_draft("P-0002", **({"stock": 702} if staged else {}))
    result = rounded(configured(destination=STAGES))
    assert (result.code, len(result.left)) == (1, 1)
    assert result.left[0].startswith("collection products: P-0002: held as a draft by an editor")
    assert site.shown == site.wanted | {"P-0002": site.shown["P-0002"]} != site.wanted


def test_the_process_of_the_schedule_says_what_came_of_it(site, configured, monkeypatch, capsys):
    monkeypatch.setattr(process, "of_process", configured)
    assert process.main("feed") == 0
    assert "Proven" in capsys.readouterr().out
    site.api.each = lambda _: (404, {}, b"")
    assert process.main("feed") == 1
    assert "404" in capsys.readouterr().out


@pytest.mark.parametrize("sends", [True, False])
def test_what_the_store_may_have_lost_is_left_where_webhooks_brought_it(configured, sends):
    more = HOOK if sends else HOOK[HOOK.index("[store]") :]
    mappings = MAPPINGS + STOCK if sends else MAPPINGS
    configuration = configured(more=more, mappings=mappings, whole=False)
    context = jobs.build(configuration.settings)
    Losses(context.steps).note({"id": "1", "kind": "older", "held": 1, "had": 2})
    found = [each for each in rounded(configuration).left if "not proven since: products" in each]
    assert len(found) == sends
    context.steps.client.close()
    context.wakes.close()


def test_a_round_waits_for_its_worker_that_starts_slowly(configured, monkeypatch):
    configuration = configured()
    alive = iter([0, 0, 1])
    seen = []

    @contextlib.contextmanager
    def slow():
        with delivering(configuration):
            yield lambda: True

    def workers(_):
        seen.append(next(alive, 1))
        return seen[-1]

    monkeypatch.setattr(rounds, "_worker", slow)
    monkeypatch.setattr(rounds.heartbeats, "workers_alive", workers)
    result = rounded(configuration)
    assert (result.code, seen[:3]) == (0, [0, 0, 1])
