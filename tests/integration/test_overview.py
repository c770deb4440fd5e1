"""What /api/overview shows, and to whom."""

import pytest

from service.operate import attention
from service.operate import overview as operate_overview
from service.operate import sources as operate_sources
from service.operate.overview import overview_of
from service.operate.scope import scope_of
from tests.support.api_rig import SHOP, TOML, VIEW, Rig
from workers.runtime.upkeep import Upkeep
from workers.store import keys, problem_keys
from workers.store.minute_samples import MinuteSamples
from workers.store.pauses import Pauses

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def rig(tmp_path_factory, store_socket):
    """Filled over a minute, and sampled at its begin and its end; tests leave it as it was."""
    toml = f'{TOML}[store]\ndurability = "unverified"\n'
    rig = Rig(tmp_path_factory.mktemp("overview"), store_socket, toml=toml)
    steps = rig.context.steps
    steps.client.flushall()
    now = MinuteSamples(steps, rig.context.settings).read().now
    steps.clock_offset_ms = int(MINUTE_MS - now % MINUTE_MS) + 20
    sample(rig)
    rig.fill()
    sample(rig)
    yield rig
    rig.close()


def sample(rig, minutes=1):
    """Take a sample, then let time pass."""
    MinuteSamples(rig.context.steps, rig.context.settings).look()
    rig.context.steps.clock_offset_ms += minutes * MINUTE_MS


def shown(rig, token=VIEW):
    answer = rig.get("/api/overview", token)
    assert answer.status_code == 200, answer.text
    return answer.json


def by_name(overview):
    return {each["name"]: each for each in overview["destinations"]}


def what(overview):
    return [each["what"].partition(":")[0] for each in overview["needs"]]


def test_the_overview_shows_all_that_is_computed(rig):
    made = overview_of(rig.context, scope_of(rig.configuration, ()))
    overview = shown(rig)
    assert set(overview) == set(made.__dataclass_fields__)
    assert set(by_name(overview)["site"]) == set(made.destinations[0].__dataclass_fields__)
    assert set(overview["needs"][0]) == set(made.needs[0].__dataclass_fields__)
    assert set(overview["hour"]) == set(made.hour.__dataclass_fields__)
    assert set(overview["freshness"]["hour"]) == set(made.freshness.all.__dataclass_fields__)


def test_charts_show_what_came_and_went(rig):
    hour, day = shown(rig)["hour"], shown(rig)["day"]
    assert (hour["seconds"], len(hour["calls"])) == (60, 60)
    assert (day["seconds"], len(day["calls"])) == (900, 96)
    assert [name for name in ("deliveries", "accepted", "calls") if hour[name][-1] is None] == []
    assert (hour["deliveries"][-1], hour["accepted"][-1], hour["refused"][-1]) == (7, 9, 0)
    assert hour["calls"][-1] == 1
    assert hour["deliveries"][:-1] == [None] * 59
    assert hour["pending"][-1] == 0  # as that minute began


def test_a_destination_has_its_state_its_backlog_and_its_budget(rig):
    shop, site = (by_name(shown(rig))[name] for name in ("shop", "site"))
    assert (shop["state"], shop["do"], shop["pending_items"]) == ("flowing", "", 1)
    assert 60 <= shop["oldest_seconds"] < 600
    assert shop["drain_seconds"] == pytest.approx(60 / 54, abs=0.1)
    assert shop["budget"] == {"limit": 60, "used": 0, "left": 60}
    assert site["calls"] == {"hour": 1, "day": 1, "all": 1}
    assert site["rate_limited"] == {"hour": 0, "day": 0, "all": 0}
    assert site["pending_items"] == 1  # what was not refused goes again


def test_a_destination_has_its_collections_and_its_own_freshness(rig):
    collection = keys.collection("products")
    held = {"paused": "400 wrong; see it", "by": "instep", "since": 1}
    rig.context.steps.client.hset(collection, mapping=held)
    shop, site = (by_name(shown(rig))[name] for name in ("shop", "site"))
    rig.context.steps.client.hdel(collection, *held)
    assert (shop["freshness"]["values"], site["freshness"]["values"]) == (0, 6)
    (products,) = site["collections"]
    assert (products["name"], products["state"], products["halted"]) == ("products", "paused", True)
    assert (products["reason"], products["pending_items"]) == ("400 wrong; see it", 1)
    assert "instep resume collection:products" in products["do"]
    assert [each["halted"] for each in shop["collections"]] == [False]


def test_a_reason_of_the_cms_stands_without_the_advice_that_is_beside_it(rig):
    held = {"paused": "401 refused; see the proxy, then run instep resume", "by": "instep"}
    for by, reason in (("instep", "401 refused"), ("operator", held["paused"])):
        key, mapping = keys.destination("shop"), held | {"since": 1, "by": by}
        rig.context.steps.client.hset(key, mapping=mapping)
        shop = by_name(shown(rig))["shop"]
        rig.context.steps.client.hdel(key, *mapping)
        assert shop["reason"] == reason
        (orders,) = shop["collections"]
        assert (orders["state"], orders["halted"]) == ("paused", False)


def test_processes_and_memory_are_for_who_sees_everything(rig):
    machinery = shown(rig)["machinery"]
    assert (machinery["web"], machinery["workers"]) == (0, 0)
    assert machinery["memory_used"] > 0
    assert shown(rig, SHOP)["machinery"] is None


@pytest.mark.parametrize(
    ("held", "state", "do"),
    [
        ({"paused": "401 not authorized", "by": "instep", "since": 1}, "paused", "instep resume"),
        ({"open_until": 10**14, "opened": 1, "failure": "no answer"}, "outage", "nothing while"),
        ({"gate": "budget", "gate_until": 10**14}, "waiting", "requests_per_minute"),
    ],
)
def test_a_destination_that_does_not_flow_says_why_and_what_to_do(rig, held, state, do):
    client = rig.context.steps.client
    client.hset(keys.destination("shop"), mapping=held)
    overview = shown(rig)
    client.hdel(keys.destination("shop"), *held)
    shop = by_name(overview)["shop"]
    assert (shop["state"], do in shop["do"]) == (state, True)
    assert (shop["drain_seconds"] is None) == (state != "waiting")
    if state != "waiting":
        # No worker runs here: that comes first.
        need = overview["needs"][1]
        assert (need["what"], need["many"]) == (f"destination shop: {state}", 1)
        assert (need["noun"], need["id"], need["do"]) == ("destinations", "shop", shop["do"])


def test_freshness_is_of_now_of_the_last_hour_and_of_all(rig):
    fresh = shown(rig)["freshness"]
    assert 60 <= fresh["oldest_seconds"] < 600
    assert fresh["collection"] in ("orders", "products")
    assert fresh["hour"] == fresh["all"]
    steps = fresh["hour"]["steps"]
    assert fresh["hour"]["values"] == sum(step["values"] for step in steps) == 6
    assert 0 < fresh["hour"]["p50"] <= fresh["hour"]["p99"]
    assert (steps[0]["seconds"], steps[-1]["seconds"]) == (1.0, None)


def test_what_needs_a_person_comes_in_order(rig):
    pauses, client = Pauses(rig.context.steps, rig.context.settings), rig.context.steps.client
    held = {"paused": "401", "by": "instep", "since": 1}
    client.hset(keys.destination("shop"), mapping=held)
    pauses.pause("source:erp", "by hand", by="alice")
    overview = shown(rig)
    client.hdel(keys.destination("shop"), *held)
    pauses.resume("source:erp")
    found = what(overview)
    assert found[:2] == ["no worker", "destination shop"]
    assert [each.partition(" ")[0] for each in found[2:4]] == ["problem", "problem"]
    assert found[-1] == "source erp"
    assert overview["more"] == 0
    problem = overview["needs"][2]
    assert (problem["noun"], problem["many"], problem["id"][0]) == ("problems", 1, "p")
    assert problem["title"].endswith(": 1 in products") or problem["title"].endswith(": 1 in erp")


def test_a_problem_that_is_new_comes_before_one_of_days_ago(rig, monkeypatch):
    monkeypatch.setattr(operate_overview, "PROBLEMS", 1)  # also where there is no room for both
    client, groups = rig.context.steps.client, rig.context.problems.listed()
    for old in groups:
        key = problem_keys.letters_of(old.id)
        ((letter, ms),) = client.zrange(key, 0, -1, withscores=True)
        client.zadd(key, {letter: ms - 2 * 86_400_000})
        found = [each["id"] for each in shown(rig)["needs"] if each["noun"] == "problems"]
        client.zadd(key, {letter: ms})
        assert found == [each.id for each in groups if each is not old]


def test_no_more_is_listed_than_fits_and_the_rest_is_counted(rig, monkeypatch):
    whole = shown(rig)
    monkeypatch.setattr(attention, "MOST", 1)
    overview = shown(rig)
    assert overview["needs"] == whole["needs"][:1]
    assert overview["more"] == len(whole["needs"]) - 1 == 2


def test_the_process_that_sweeps_takes_the_samples(rig):
    steps, kinds = rig.context.steps, [keys.samples("minute"), keys.samples("quarter")]
    before = {kind: set(steps.client.hkeys(kind)) for kind in kinds}
    steps.clock_offset_ms += MINUTE_MS
    upkeep = Upkeep(rig.context)
    for _ in range(2):
        upkeep.look()
    new = {kind: set(steps.client.hkeys(kind)) - before[kind] for kind in kinds}
    steps.clock_offset_ms -= MINUTE_MS
    assert len(new[kinds[0]]) == 1
    for kind, slots in new.items():
        if slots:
            steps.client.hdel(kind, *slots)


def test_an_access_of_one_destination_sees_its_own_only(rig):
    overview = shown(rig, SHOP)
    assert set(by_name(overview)) == {"shop"}
    assert overview["freshness"]["hour"] is None
    assert overview["freshness"]["all"]["values"] == 0
    assert overview["pending_items"] == 1
    assert overview["needs"] == []  # a problem of the other is none of its own
    assert (overview["hour"]["deliveries"][-1], overview["hour"]["calls"][-1]) == (1, 0)
    assert set(overview["hour"]["accepted"]) == {None}
    assert not [each for each in ("products", "erp", "'site'") if each in f"{overview}"]


def test_a_source_of_which_nothing_was_ever_taken_is_named_once(rig, monkeypatch):
    asked = []
    monkeypatch.setattr(
        operate_overview, "source_notices", lambda _, names: asked.extend(names) or []
    )
    client = rig.context.steps.client
    held = client.hgetall(keys.source("till"))
    client.delete(keys.source("till"))
    shown(rig)
    client.hset(keys.source("till"), mapping=held)
    assert asked == ["erp"]


def test_a_source_has_its_rate_and_when_its_secret_was_used(rig):
    erp, till = rig.get("/api/sources", VIEW).json["items"]
    assert erp["hour"] == {"deliveries": 6, "duplicates": 0, "refused": 0}
    assert till["hour"]["deliveries"] == 1
    assert erp["day"] == erp["hour"]
    (secret,) = erp["secrets"]
    assert (secret["matched"], secret["last"] >= erp["last"]) == (6, True)
    assert erp["unwanted"] == {"price": 1}


def test_topics_are_looked_for_in_the_newest_deliveries_for_a_while(rig, monkeypatch):
    def unwanted():
        return rig.get("/api/sources", VIEW).json["items"][0]["unwanted"]

    monkeypatch.setattr(operate_sources, "SECONDS", -1.0)
    assert unwanted() == {"price": 1}  # there are few
    monkeypatch.setattr(operate_sources, "FIRST", 0)
    assert unwanted() is None
    monkeypatch.setattr(operate_sources, "NEWEST", 1)
    assert unwanted() == {"price": 1}  # of the first that were read
