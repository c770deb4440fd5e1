"""Pulls on a real store: what reaches the site, what is never taken away, and what saves calls."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate.check_use import unread_sources
from service.operate.held_runs import approve_run
from service.operate.scope import whole_scope
from service.operate.sources import show_source
from service.operate.status import status_of
from service.pulls import pull_state, runner
from service.pulls.schedule import all_timed
from service.reconcile.lock import run_lock
from service.reconcile.options import ReconcileOptions
from service.reconcile.schedule import Schedule
from service.reconcile.snapshot.version_check import in_configuration
from tests.support.depth import depth
from tests.support.paged_api import SIZE, Changing, product
from tests.support.pulled_site import MAPPINGS, PulledSite, delivering
from workers.errors import ConfigurationInvalid, ReconcileFailed
from workers.runtime import jobs
from workers.store import keys

ERP = '[sources.erp]\nsender = "hmac"\nsecrets = ["erp-secret"]\nheader = "X-Signature"'
pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def made(tmp_path, store_socket):
    sites = []

    def _made(count=25, *, options=(), **more):
        site = PulledSite(count, **dict(options))
        sites.append(site)
        return site, site.configured(tmp_path, store_socket, **more)

    yield _made
    for site in sites:
        site.close()


def pulled(configuration, **options):
    return runner.run(configuration, "feed", by="test", **options)


def changed(site):
    """Something of each kind: two values, a new record, and one that is gone."""
    site.change(3, qty=903)
    site.change(20, qty=920)
    site.api.records.append(product(99))
    del site.api.records[7]


def test_the_site_equals_the_source_and_each_page_is_one_call(made):
    site, configuration = made()
    changed(site)
    with delivering(configuration):
        result = pulled(configuration)
    assert (result.code, result.state) == (0, "done"), result.lines
    assert site.shown == site.wanted
    # Once more, before anything is retired.
    assert result.calls == site.api.calls == 2 * site.api.planned()
    assert pulled(configuration).calls == site.api.planned()


def test_it_is_a_run_of_kind_pull_and_a_source(made):
    _, configuration = made(every="1h")
    pulled(configuration)
    context = jobs.build(configuration.settings)
    (run,) = context.runs.list()
    assert (run.kind, run.source, run.collection, run.by) == ("pull", "feed", "products", "test")
    assert run.figures["source_calls"] == 3
    status = status_of(context)
    assert status["pulls"]["feed"]["state"] == "done"
    assert status["reconciles"] == {}
    shown = show_source(context, configuration, whole_scope(configuration.settings), "feed")
    assert (shown["sender"], shown["pull"]["state"], shown["attention"]) == ("pull", "done", [])
    assert datetime.fromisoformat(shown["pull"]["next"]) > datetime.now(UTC)
    context.steps.client.close()
    context.wakes.close()


FAULTS = {
    "a page that fails": lambda call: (404, {}, b"") if call == 2 else None,
    "a page cut off": lambda call: b'{"data": [{"sku"' if call == 2 else None,
    "a list without the end": lambda call: {"data": []} if call == 2 else None,
    "an error object": lambda call: {"error": "overloaded"} if call == 2 else None,
    "no list": lambda call: {"items": []} if call == 3 else None,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_whole_updates_and_retires_nothing(made, fault):
    site, configuration = made()
    pulled(configuration)
    before = set(site.shown)
    changed(site)
    site.api.calls, site.api.each = 0, FAULTS[fault]
    with delivering(configuration):
        result = pulled(configuration)
        assert result.code == 1
        assert site.shown["P-0003"] == 903
        assert before <= set(site.shown)
        assert result.figures["products"]["not_proven"]["source"] == 1
        assert any(line.startswith("Warning: ") for line in result.lines)
        site.api.each = lambda _: None
        assert pulled(configuration).code == 0
    assert site.shown == site.wanted


def test_a_record_that_shifts_to_a_page_read_before_is_not_gone(made):
    """What is deleted moves P-0011 from the second page to the first, after that was read."""
    site, configuration = made()
    pulled(configuration)
    site.api.calls = 0
    site.api.each = lambda call: site.api.records.pop(0) and None if call == 2 else None
    with delivering(configuration):
        result = pulled(configuration)
        assert "P-0011" in site.shown
        assert "other records: the list changes" in "; ".join(result.lines)
        assert pulled(configuration).code == 0
    assert site.shown == site.wanted


def test_a_source_that_answers_nothing_fails_without_a_call_to_the_cms(made):
    site, configuration = made()
    site.api.each = lambda _: (404, {}, b"gone fishing")
    site.planted.calls.clear()
    result = pulled(configuration)
    assert (result.code, result.state) == (1, "failed")
    assert result.lines == ["the source answers 404: gone fishing"]
    assert not site.planted.calls


def test_a_source_that_asks_for_a_long_rest_has_it(made):
    site, configuration = made(every="1m")
    site.api.each = lambda _: (429, {"Retry-After": "3600"}, b"")
    assert pulled(configuration, scheduled=True).state == "failed"
    assert site.api.calls == 1
    due = Schedule(configuration.settings, all_timed).due
    assert due(datetime.now(UTC) + timedelta(minutes=50)) == []
    assert [each.name for each, _ in due(datetime.now(UTC) + timedelta(minutes=70))] == [
        "pull:feed"
    ]


@pytest.mark.parametrize("call", [2, 5])
def test_it_has_it_as_well_where_a_later_page_asks_for_it(made, call):
    """The second page of the first reading, or of that before something is retired."""
    site, configuration = made(every="1m")
    with delivering(configuration):
        pulled(configuration)
        changed(site)
        site.api.calls = 0
        site.api.each = lambda n: (503, {"Retry-After": "3600"}, b"") if n == call else None
        assert pulled(configuration, scheduled=True).code == 1
    due = Schedule(configuration.settings, all_timed).due
    assert due(datetime.now(UTC) + timedelta(minutes=50)) == []
    assert due(datetime.now(UTC) + timedelta(minutes=70)) != []


def test_no_rest_that_is_asked_for_is_longer_than_a_day(made, store):
    _, configuration = made(every="1m")
    pull_state.note_refused(store, "feed", 999_999_999.0)
    due = Schedule(configuration.settings, all_timed).due
    assert due(datetime.now(UTC) + timedelta(hours=23)) == []
    assert due(datetime.now(UTC) + timedelta(hours=25)) != []
    # By a clock that was ahead.
    store.hset("instep:pulled:feed", "not_before", time.time() + 90_000)
    assert due(datetime.now(UTC)) != []


def tagged(site):
    """Let its answers bear the number of what they hold as their tag."""
    plain, tags = site.api.answer, {}

    def answer(url, headers=None):
        status, own, body = plain(url, headers)
        tag = tags.setdefault(body, f'"{len(tags)}"')
        if headers and headers.get("if-none-match") == tag:
            return 304, {}, b""
        return status, own | {"ETag": tag}, body

    site.api.answer = answer


def test_what_has_not_changed_takes_one_call(made, store):
    site, configuration = made(5, options={"page": ""})
    tagged(site)
    assert pulled(configuration).code == 0
    site.planted.calls.clear()
    result = pulled(configuration)
    assert (result.code, result.calls, site.api.calls) == (0, 1, 2)
    last = pull_state.last_pulls(store, configuration.settings.pulls.values())["feed"]
    assert last["proven"] < last["began"]  # nothing was compared
    assert last["complete"] > last["began"]
    assert store.hget(keys.METRICS, "pulls:feed:done") == "2"
    assert "304" in result.lines[0]
    assert not site.planted.calls
    # Another mapping makes other values of the same records.
    rules = (configuration.settings.path.parent / "mappings.py").read_text()
    (configuration.settings.path.parent / "mappings.py").write_text(f"{rules}\n# changed\n")
    assert pulled(configuration).figures


def test_what_was_written_after_a_reading_is_compared_with_the_next_one(made, monkeypatch):
    """As where the store's clock is ahead of that of the machine that pulls."""
    site, configuration = made(5, options={"page": ""})
    tagged(site)
    site.change(3, qty=903)
    with delivering(configuration):
        assert pulled(configuration).code == 0
        del site.api.records[2]
        behind = SimpleNamespace(now=lambda zone: datetime.now(zone) - timedelta(minutes=20))
        with monkeypatch.context() as patch:
            patch.setattr(runner, "datetime", behind)
            assert pulled(configuration).code == 0
        assert "P-0003" in site.shown  # it was written later
        assert pulled(configuration).code == 0
    assert site.shown == site.wanted


def test_since_asks_from_the_last_complete_run_on(made):
    site, configuration = made(5, options={"page": ""}, since="updated_after")
    began = datetime.now(UTC)
    assert pulled(configuration).code == 0
    ended = datetime.now(UTC)
    assert "updated_after" not in site.api.queries[0]
    site.api.records = [site.api.records[0] | {"qty": 7}]
    site.api.each = lambda _: (404, {}, b"")
    assert pulled(configuration).code == 1
    site.api.each = lambda _: None
    with delivering(configuration):
        assert pulled(configuration).code == 0
    asked = [datetime.fromisoformat(query["updated_after"]) for query in site.api.queries[1:]]
    assert asked[0] == asked[1]  # the failed one was none
    assert began - timedelta(seconds=62) < asked[0] <= ended - timedelta(seconds=60)
    assert len(site.shown) == 5  # what did not change is not gone
    site.api.records = []
    site.planted.calls.clear()
    assert pulled(configuration).code == 0
    assert not site.planted.calls


def test_since_by_a_clock_that_was_ahead_asks_for_everything(made, store):
    site, configuration = made(5, options={"page": ""}, since="updated_after")
    pulled(configuration)
    store.hset("instep:pulled:feed", "since", time.time() + 3600)
    site.api.queries.clear()
    for _ in range(2):
        pulled(configuration)
    assert ["updated_after" in query for query in site.api.queries] == [False, True]


def test_two_at_once_are_one(made):
    site, configuration = made()
    begun, goes_on = threading.Event(), threading.Event()

    def each(_):
        begun.set()
        goes_on.wait(10)

    site.api.each = each
    first = threading.Thread(target=pulled, args=(configuration,))
    first.start()
    begun.wait(10)
    with pytest.raises(ReconcileFailed, match="a pull"):
        pulled(configuration)
    goes_on.set()
    first.join()
    assert site.api.calls == site.api.planned()


def test_a_collection_that_is_reconciled_is_waited_for(made, store, monkeypatch):
    _, configuration = made(5)
    monkeypatch.setattr(runner, "PATIENCE", 0.1)
    with run_lock(store, "products"):
        result = pulled(configuration)
    assert (result.code, result.state) == (1, "failed")
    assert "already being reconciled" in result.lines[-1]


def test_the_guard_holds_a_mass_until_it_is_approved(made):
    site, configuration = made(at_most=2, every="1h")
    pulled(configuration)
    del site.api.records[5:10]
    for n in range(1, 20):
        site.change(n, qty=900 + n)
    with delivering(configuration):
        result = pulled(configuration)
        assert (result.code, result.state) == (1, "held")
        assert len(site.shown) == 25
        context = jobs.build(configuration.settings)
        (run,) = context.runs.list(state="held")
        assert run.kind == "pull"
        approval = approve_run(context, run.id, by="test")
        assert approval["starts"]
        timed = Schedule(configuration.settings, all_timed).due(datetime.now(UTC))
        assert [each.name for each, _ in timed] == ["pull:feed"]
        pulled(configuration, scheduled=True)
        context.steps.client.close()
        context.wakes.close()
    assert site.shown["P-0001"] == 901


def test_by_hand_everything_is_read_for_one_collection(made):
    site, configuration = made(5, options={"page": ""}, since="updated_after")
    pulled(configuration)
    options = ReconcileOptions("products", check=True)
    with runner.reconciled(configuration, "feed", options, approve=None, by="test") as outcome:
        assert (outcome.code, outcome.figures["source"]) == (0, "feed")
    assert "updated_after" not in site.api.queries[-1]


def test_what_is_kept_belongs_to_one_configuration(made, store):
    _, configuration = made(5)
    pulled(configuration)
    pull = configuration.settings.pulls["feed"]
    folder = configuration.settings.path.parent
    fingerprint = pull_state.fingerprint_of(pull, configuration.mappings, folder)
    assert pull_state.read(store, pull, fingerprint).since is not None
    assert pull_state.read(store, pull, "another").since is None


@pytest.mark.parametrize("seed", range(depth(3, 30)))
def test_whatever_happens_while_it_is_read_the_site_equals_the_source_at_the_end(made, seed):
    """The oracle: what was at the source all the time is on the site all the time."""
    site, configuration = made(12, options={"size": SIZE, "total": bool(seed % 2)})
    assert pulled(configuration).code == 0
    rng = random.Random(seed)  # noqa: S311
    changing = site.api.each = Changing(site.api, rng, changes=6, faults=3)
    with delivering(configuration):
        for _ in range(3):
            site.api.calls = 0
            pulled(configuration)
            assert changing.always <= set(site.shown)
        site.api.each = lambda _: None
        assert pulled(configuration).code == 0
    assert site.shown == site.wanted


def command(configuration, *words):
    environ = {"INSTEP_CONFIG": str(configuration.settings.path), "INSTEP_DATA": "."}
    environ["REDIS_URL"] = configuration.settings.store.url
    return CliRunner().invoke(main, words, env=environ)


def test_the_command_reads_a_pull(made):
    site, configuration = made(5, options={"page": ""})
    site.change(2, qty=702)
    done = command(configuration, "reconcile", "products", "--pull", "feed", "--dry-run")
    assert "missed event: P-0002 stock: source 702" in done.output
    assert (done.exit_code, site.api.calls) == (0, 1)
    assert "1 to the source" not in done.output  # a dry run says what the CMS would need


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--pull", "shop"), "expected a pull of instep.toml: feed"),
        (("--pull", "feed", "--under", "data"), "found --pull beside --under"),
        (("stock.csv", "--pull", "feed"), "found --pull beside FILE"),
    ],
)
def test_the_command_refuses_two_sources(made, words, told):
    _, configuration = made(5)
    done = command(configuration, "reconcile", "products", *words)
    assert (done.exit_code, told in done.output) == (2, True)


def test_a_pull_that_no_mapping_reads_is_told(made):
    _, configuration = made(5, mappings=MAPPINGS.replace('"feed"', '"erp"'), more=ERP)
    with pytest.raises(ConfigurationInvalid, match="a mapping that reads it"):
        pulled(configuration)
    assert any("pulls.feed" in each.where for each in unread_sources(configuration))


def test_check_warns_of_rows_without_a_version_beside_events(made):
    both = MAPPINGS + MAPPINGS.replace('"feed"', '"erp"').replace("Product", "Event")
    _, configuration = made(5, mappings=both, more=ERP)
    (warning,) = in_configuration(configuration)
    assert "also receives events of erp" in warning.found


def test_an_error_of_ours_ends_the_run_as_failed(made, store, monkeypatch):
    _, configuration = made(5)

    def fails(*_, **__):
        raise RuntimeError("of ours")

    monkeypatch.setattr(runner, "_reconcile", fails)
    with pytest.raises(RuntimeError):
        pulled(configuration)
    last = pull_state.last_pulls(store, configuration.settings.pulls.values())["feed"]
    assert (last["state"], last["code"], last["complete"]) == ("failed", 1, None)
    assert store.hget(keys.METRICS, "pulls:feed:failed") == "1"
