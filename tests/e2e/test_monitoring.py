"""The alert rules and the dashboard that ship, in a real Prometheus that scrapes a real Instep."""

import pytest
import yaml

from tests.support import promql
from tests.support.application import STATUS
from tests.support.outbox_driver import Bench, at, bad, event
from tests.support.prometheus import HERE, Instep, Prometheus, promtool
from workers.model.attempts import BatchOutcome, Call, FieldFailure, Heard, ItemOutcome
from workers.store.memory import MemoryMonitor
from workers.store.metrics import text

# Without Debian's package prometheus only in full.
pytestmark = [] if HERE else [pytest.mark.full]

BUCKET = 'instep_freshness_seconds_bucket{collection="products",stage="cms",le="%s"}'
# By rule: series that let it fire, series that do not, and the labels of the alert; a sample in ten
# minutes. The rules are looked at after two hours, some after more.
LATER = {"InstepNotProven": "27h", "InstepSourceSilent": "13h"}
CASES = {
    "InstepDown": (
        {'up{job="instep"}': "0x200"},
        {'up{job="instep"}': "1x200"},
        {"job": "instep"},
    ),
    "InstepStoreAway": (
        {'up{job="instep"}': "1x200", 'instep_spool_deliveries{job="instep"}': "0x200"},
        {'up{job="instep"}': "1x200", 'instep_balanced{job="instep"}': "1x200"},
        {"job": "instep"},
    ),
    "InstepNoWorker": ({"instep_workers": "0x200"}, {"instep_workers": "1x200"}, {}),
    "InstepPaused": (
        {'instep_state{destination="site",state="paused"}': "1x200"},
        {'instep_state{destination="site",state="paused"}': "0x200"},
        {"destination": "site", "state": "paused"},
    ),
    "InstepOutage": (
        {'instep_state{collection="products",state="outage"}': "1x200"},
        {'instep_state{collection="products",state="flowing"}': "1x200"},
        {"collection": "products", "state": "outage"},
    ),
    "InstepLate": (
        {'instep_backlog_seconds{collection="products"}': "301x200"},
        {'instep_backlog_seconds{collection="products"}': "300x200"},
        {"collection": "products"},
    ),
    "InstepSlow": (
        {
            BUCKET % "300": "0x200",
            BUCKET % "600": "0+1x200",
            BUCKET % "+Inf": "0+1x200",
        },
        {
            BUCKET % "300": "0+1x200",
            BUCKET % "+Inf": "0+1x200",
        },
        {"collection": "products"},
    ),
    "InstepDeadLettersGrow": (
        {'instep_dead_letters{collection="products",kind="refused"}': "_x8 1x200"},
        {'instep_dead_letters{collection="products",kind="refused"}': "7x200"},
        {"collection": "products", "kind": "refused"},
    ),
    "InstepStoreFills": (
        {"instep_store_used_bytes": "81x200", "instep_store_limit_bytes": "100x200"},
        {"instep_store_used_bytes": "81x200", "instep_store_limit_bytes": "0x200"},
        {},
    ),
    "InstepSpooled": (
        {"instep_spool_deliveries": "1x200"},
        {"instep_spool_deliveries": "0x200"},
        {},
    ),
    "InstepNotProven": (
        {'instep_reconcile_proven_timestamp_seconds{collection="products"}': "0x200"},
        {'instep_reconcile_proven_timestamp_seconds{collection="products"}': "9000x200"},
        {"collection": "products"},
    ),
    "InstepReconcileEnded": (
        {'instep_reconcile_state{collection="products",state="failed"}': "1x200"},
        {'instep_reconcile_state{collection="products",state="done"}': "1x200"},
        {"collection": "products", "state": "failed"},
    ),
    "InstepSourceSilent": (
        {'instep_deliveries_total{source="erp",outcome="kept"}': "0+1x30 30x200"},
        {'instep_deliveries_total{source="erp",outcome="kept"}': "5x200"},
        {"source": "erp"},
    ),
    "InstepRefuses": (
        {'instep_refusals_total{source="erp",reason="refused"}': "0+20x200"},
        {'instep_refusals_total{source="erp",reason="late"}': "0+1x200"},
        {"source": "erp"},
    ),
    "InstepNotBalanced": ({"instep_balanced": "0x200"}, {"instep_balanced": "1x200"}, {}),
}


def played(name, series, fires, labels):
    """Return a test of promtool: whether the rule *name* fires on *series*."""
    alert = {"exp_labels": {**labels, "severity": promql.rules()[name]["labels"]["severity"]}}
    return {
        "interval": "10m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": LATER.get(name, "2h"),
                "alertname": name,
                "exp_alerts": [alert] if fires else [],
            }
        ],
    }


def test_each_rule_has_its_cases():
    assert set(CASES) == set(promql.rules())


def test_the_rules_are_valid():
    code, told = promtool("check", "rules", promql.STARTER / "alerts.yml")
    assert (code, f"{len(CASES)} rules found" in told) == (0, True), told


def test_promtool_finds_no_fault_in_the_metrics():
    shown = text(lambda: STATUS).decode()
    code, told = promtool("check", "metrics", stdin=shown)
    assert (code, told) == (0, "")


def without_texts(rules):
    """Return *rules* without what they tell, which promtool would compare."""
    (group,) = rules["groups"]
    kept = [
        {key: value for key, value in rule.items() if key != "annotations"}
        for rule in group["rules"]
    ]
    return {"groups": [{**group, "rules": kept}]}


def test_each_rule_fires_when_it_should_and_only_then(tmp_path):
    rules = yaml.safe_load((promql.STARTER / "alerts.yml").read_text("utf-8"))
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(without_texts(rules)))
    tests = []
    for name, (firing, quiet, labels) in CASES.items():
        tests += [played(name, firing, True, labels), played(name, quiet, False, labels)]
    chosen = {"rule_files": ["alerts.yml"], "evaluation_interval": "10m", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(chosen))
    code, told = promtool("test", "rules", tmp_path / "tests.yml")
    assert code == 0, told


# What no system has that has no fetcher, no limit of memory and nothing that waits.
NOTHING = {
    *("instep_fetches_waiting", "instep_fetches_seconds", "instep_store_limit_bytes > 0"),
    *("instep_creations_waiting > 0", "instep_collection_waits_seconds > 0"),
}


def traffic(bench, instep, turn):
    """Let something of everything happen that is counted."""
    bench.accept(event("65f1", {"stock": turn}, version=at(turn)), bad(index=1, id=f"bad{turn}"))
    outcome = BatchOutcome((ItemOutcome("65f1", written=("stock",)),), "success")
    bench.outbox.settle(bench.batch(), outcome, call=Call(200), heard=Heard("heard"))
    bench.accept(event("65f2", {"stock": turn}, version=at(turn)))
    dead = FieldFailure("refused", ("stock",), "no", 400)
    bench.settle(bench.batch(), ItemOutcome("65f2", failures=(dead,)))
    bench.accept(event("65f1", {"stock": 0}, version=at(0)))
    instep.count("erp")


@pytest.fixture(scope="module")
def prometheus(store_socket, tmp_path_factory):
    """A server that has scraped twice, with traffic in between."""
    import redis

    folder = tmp_path_factory.mktemp("prometheus")
    with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
        client.flushall()
        bench = Bench(client)
        instep = Instep(bench, folder)
        MemoryMonitor(client).look()
        server = Prometheus(folder, instep.port)
        try:
            for turn in (1, 2):
                traffic(bench, instep, turn)
                server.at = server.scraped()
            yield server
        finally:
            server.close()
            instep.close()


DASHBOARD = {
    f"{title} {target['refId']}": target["expr"]
    for title, panel in promql.panels().items()
    for target in panel["targets"]
}


@pytest.mark.parametrize("place", DASHBOARD)
def test_each_query_of_the_dashboard_shows_something(prometheus, place):
    query = DASHBOARD[place]
    found = prometheus.series(promql.without_dashboard(query), time=prometheus.at)
    assert bool(found) == (query not in NOTHING)


def test_prometheus_evaluates_every_rule(prometheus):
    def evaluated():
        (group,) = prometheus.ask("rules")["groups"]
        assert all(rule["health"] != "err" for rule in group["rules"])
        found = {rule["name"] for rule in group["rules"] if rule["health"] == "ok"}
        return found == set(CASES)

    prometheus.eventually(evaluated)


def test_prometheus_finds_no_fault_in_the_metrics(prometheus):
    (up,) = prometheus.series("up", time=prometheus.at)
    assert up["value"][1] == "1"
