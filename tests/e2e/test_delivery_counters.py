"""What the counters of the metrics say of the way out is what the CMS saw."""

from collections import Counter

from workers.store.counters import CountersReader


def counted(way, kind):
    counters = CountersReader(way.store, lambda: 1).read()
    return {tuple(labels): number for labels, number in counters.of(kind)}


def kinds(way):
    """Return kind → requests, whatever their answers."""
    found = Counter()
    for (_, kind, _), number in counted(way, "calls").items():
        found[kind] += number
    return found


METHODS = {"update": "PATCH", "create": "POST", "publish": "POST", "unpublish": "DELETE"}
METHODS |= {"delete": "DELETE"}


def check_calls(way):
    """Each request is counted once, by a kind of its method."""
    seen = Counter(request.method for request in way.requests)
    found = Counter()
    for kind, number in kinds(way).items():
        found[METHODS.get(kind, "GET")] += number
    assert found == seen


def test_each_request_of_a_busy_hour_counts_once(open_way):
    way = open_way(by="key", collection={"missing": "create", "preflight": True})
    for n in range(1, 11):
        way.change(n, stock=n, category="Garden")
    way.change("NEW-1", name="New one", stock=1)
    way.retire(11, "delete")
    way.retire(12, "unpublish")
    way.run()
    check_calls(way)
    found = kinds(way)
    assert {"update", "create", "delete", "unpublish", "filter", "schema"} <= set(found)
    assert {status for _, _, status in counted(way, "calls")} == {"200", "202", "204"}


def test_an_outage_counts_its_failures_and_its_probes(way):
    way.down(503, seconds=90, retry_after=2)
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run()
    check_calls(way)
    calls = counted(way, "calls")
    assert calls["site", "update", "503"] >= 3
    assert calls["site", "probe", "200"] >= 1
    attempts = counted(way, "attempts")
    assert attempts["products", "written"] == 5
    assert attempts["products", "retried"] >= 3


def test_a_request_without_an_answer_counts_as_none(way):
    way.fault("reset-before", seconds=90, delay=0)
    way.change(1, stock=1)
    way.run()
    assert counted(way, "calls")["site", "update", "none"] >= 3
    assert counted(way, "attempts")["products", "unknown"] >= 3


def test_a_spent_budget_counts_as_snoozed(way):
    way.down(429, times=1, retry_after=30)
    way.change(1, stock=1)
    way.run()
    assert counted(way, "attempts") == {("products", "snoozed"): 1, ("products", "written"): 1}
    assert counted(way, "calls")["site", "update", "429"] == 1


def test_a_bad_item_of_a_batch_counts_as_dead_after_it_was_isolated(bulk):
    for n in range(1, 21):
        bulk.change(n, stock=n if n != 7 else "many")
    bulk.run()
    attempts = counted(bulk, "attempts")
    assert attempts["products", "dead"] == 1
    assert attempts["products", "isolated"] >= 1
    assert attempts["products", "written"] == 19
    assert counted(bulk, "values")["erp", "products", "dead"] == 1


def test_freshness_counts_from_the_event_to_the_site_through_an_outage(way):
    way.down(500, seconds=120, retry_after=2)
    way.change(1, stock=1)
    way.run()
    found = CountersReader(way.store, lambda: 1).read().histograms("fresh")["products", "live"]
    total = found.pop("sum")
    assert 120_000 <= total <= 300_000
    assert found == {"300000": 1}
