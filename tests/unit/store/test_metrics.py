import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from workers.errors import StoreUnavailable
from workers.store.counters import Counters
from workers.store.metric_names import METRICS, OLD
from workers.store.metrics import STATES, text

STATUS = {
    "destinations": {
        "site": {
            "state": "outage",
            "reason": "",
            "calls": 7,
            "rate_limited": 1,
            "budget": {"limit": 60, "left": 42},
        }
    },
    "collections": {
        "products": {
            "state": "flowing",
            "pending_items": 3,
            "oldest_seconds": 1.5,
            "duplicate_keys": 2,
            "not_live": 4,
            "unpublished": 2,
            "unpublished_seconds": 12.5,
            "waits": [
                {"reason": "not published", "seconds": 40, "records": 3},
                {"reason": "plan limit", "seconds": 90, "records": 2},
            ],
            "normalised": 3,
        },
        "pages": {
            "state": "paused",
            "pending_items": 0,
            "oldest_seconds": None,
            "duplicate_keys": 0,
            "not_live": 4,
            "unpublished": 2,
            "unpublished_seconds": 12.5,
            "waits": [],
            "normalised": 0,
        },
    },
    "sources": {
        "erp": {
            "deliveries": 5,
            "duplicates": 2,
            "refused": 1,
            "unmapped": 4,
            "unmapped_bytes": 1000,
            "unmapped_bytes_limit": 2000,
            "stale": {"products": 6},
        }
    },
    "refusals": {"erp": {"refused": 1, "late": 3}, "(unknown)": {"not-found": 9}},
    "fetchers": {
        "shop": {
            "state": "outage",
            "reason": "",
            "waiting": 3,
            "oldest_seconds": 2.5,
            "asked": 10,
            "merged": 2,
            "done": 4,
            "dead": 1,
        }
    },
    "writebacks": {"crm": {"state": "paused", "waiting": 4, "oldest_seconds": 7.5}},
    "pulls": {
        "feed": {"state": "failed", "complete": "2026-03-01T02:00:00+00:00"},
        "new": {"state": "never", "complete": None},
    },
    "fields": {"accepted": 9, "written": 4, "dead": 2, "pending": 3},
    "balanced": True,
    "dead_letters": 2,
    "memory": {"used": 90, "limit": 100, "families": {"items": 60, "seen ids": 5}},
    "reconciles": {
        "products": {
            "state": "failed",
            "ended": "2026-03-01T12:00:00+00:00",
            "proven": "2026-03-01T03:00:00+00:00",
            "counts": {"orphan": 3, "missed event": 4},
        },
        "pages": {"state": "running", "ended": None, "proven": None, "counts": {}},
    },
}


COUNTERS = Counters(
    counts={
        "values:erp:products:pending": 8,
        "values:erp:products:written": 6,
        "deliveries:erp:unmapped": 1,
        "deliveries:erp:spooled": 1,
        "attempts:products:written": 4,
        "attempts:products:retried": 2,
        "calls:site:update:200": 3,
        "calls:site:list:none": 1,
        "published:products:live": 5,
        "writebacks:crm:told": 9,
        "writebacks:crm:failed": 2,
        "pulls:feed:done": 3,
        "fresh:products:live:1000": 3,
        "fresh:products:live:5000": 1,
        "fresh:products:live:sum": 6500,
        "fresh:products:staged:inf": 1,
        "fresh:products:staged:sum": 100_000_000,
        "ack:erp:25": 4,
        "ack:erp:sum": 50_000,
    },
    letters={("products", "refused"): 2, ("", "unmapped"): 1},
    workers=3,
)


def samples(status=STATUS, counters=COUNTERS):
    """Return name and label values, sorted by label → value."""
    families = text_string_to_metric_families(text(lambda: status, lambda: counters).decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_documented_metric_is_told_and_no_other():
    told = {re.sub(r"_seconds_(?:bucket|count|sum)$", "_seconds", name) for name, *_ in samples()}
    assert told == set(METRICS)


def test_every_metric_is_of_instep_but_for_the_old_names():
    assert {name for name in METRICS if not name.startswith("instep_")} == set(OLD)


def test_the_help_of_an_old_name_says_what_replaces_it():
    told = text(lambda: STATUS).decode()
    for old, new in OLD.items():
        assert f"# HELP {old} Deprecated, and gone in the next minor version: use {new}" in told


def test_the_numbers_are_those_of_the_status():
    found = samples()
    assert found["instep_stale_total", "products", "erp"] == 6
    assert (found["instep_unmapped_letters", "erp"], found["instep_unmapped_bytes", "erp"]) == (
        4,
        1000,
    )
    assert found["instep_refusals_total", "late", "erp"] == 3
    assert found["instep_refusals_total", "not-found", "(unknown)"] == 9
    assert found["instep_rate_limited_total", "site"] == 1
    assert found["instep_backlog_items", "products"] == 3
    assert found["instep_backlog_seconds", "products"] == 1.5
    assert found["instep_duplicate_keys", "products"] == 2
    assert found["instep_not_live_items", "products"] == 4
    assert found["instep_normalised_total", "products"] == 3
    assert found["instep_store_bytes", "seen ids"] == 5
    assert (found["instep_store_used_bytes",], found["instep_store_limit_bytes",]) == (90, 100)
    assert found["instep_accepted_total",] == 9
    assert found["instep_balanced",] == 1


def test_the_numbers_that_the_status_lacks_are_those_of_the_counters():
    found = samples()
    assert found["instep_field_values_total", "products", "written", "erp"] == 6
    assert found["instep_attempts_total", "retried", "products"] == 2
    assert found["instep_calls_total", "site", "update", "200"] == 3
    assert found["instep_calls_total", "site", "list", "none"] == 1
    assert found["instep_budget_left", "site"] == 42
    assert found["instep_dead_letters", "products", "refused"] == 2
    assert found["instep_dead_letters", "", "unmapped"] == 1
    assert found["instep_workers",] == 3


def test_each_delivery_has_one_outcome_and_what_has_no_other_was_kept():
    found = samples()
    outcomes = {
        name[1]: value for name, value in found.items() if "deliveries_total" in name[0][7:]
    }
    assert outcomes == {
        "kept": 1,
        "duplicate": 2,
        "unwanted": 0,
        "unmapped": 1,
        "spooled": 1,
        "refused": 4,
    }
    assert sum(outcomes.values()) == found["deliveries_total", "erp"] + 4


def test_a_histogram_adds_up_its_buckets():
    found = samples()
    name = "instep_freshness_seconds"
    cms = [found[f"{name}_bucket", "products", bound, "cms"] for bound in ("1.0", "5.0", "+Inf")]
    assert cms == [3, 4, 5]
    assert found[f"{name}_bucket", "products", "+Inf", "site"] == 4
    assert found[f"{name}_sum", "products", "site"] == 6.5
    assert found[f"{name}_count", "products", "cms"] == 5
    assert (found[f"{name}_count", "pages", "cms"], found[f"{name}_sum", "pages", "cms"]) == (0, 0)
    assert ("instep_freshness_seconds_count", "pages", "site") not in found
    assert found["instep_ack_seconds_bucket", "0.025", "erp"] == 4
    assert found["instep_ack_seconds_sum", "erp"] == 0.05


def test_an_old_name_has_the_numbers_that_it_had():
    found = samples()
    assert found["deliveries_total", "erp"] == 5
    assert found["duplicates_total", "erp"] == 2
    assert found["refused_total", "erp"] == 1
    assert found["refusals_total", "late", "erp"] == 3
    assert found["calls_total", "site"] == 7
    assert found["outbox_items", "products"] == 3
    assert found["outbox_oldest_seconds", "products"] == 1.5
    assert found["dead_letters",] == 2
    assert found["field_values", "written"] == 4
    assert found["destination_state", "site", "outage"] == 1
    assert found["collection_state", "pages", "paused"] == 1
    assert found["fetches_oldest_seconds", "shop"] == 2.5


def test_the_numbers_of_fetchers_are_those_of_the_status():
    found = samples()
    names = ("asked_total", "merged_total", "done_total", "dead_total", "waiting")
    assert [found[f"instep_fetches_{name}", "shop"] for name in names] == [10, 2, 4, 1, 3]
    assert found["instep_fetches_seconds", "shop"] == 2.5


def test_a_collection_without_pending_values_has_an_age_of_nothing():
    assert samples()["instep_backlog_seconds", "pages"] == 0


def test_accepted_is_the_sum_of_the_fates():
    found = samples()
    fates = [value for name, value in found.items() if name[0] == "instep_values"]
    assert sum(fates) == found["instep_accepted_total",]


@pytest.mark.parametrize("state", STATES)
def test_exactly_one_state_holds(state):
    found = samples()
    assert found["instep_state", "site", state] == (state == "outage")
    assert found["instep_state", "products", state] == (state == "flowing")
    assert found["instep_fetcher_state", "shop", state] == (state == "outage")
    assert found["instep_state", "pages", state] == (state == "paused")


def test_counts_that_do_not_add_up_show():
    assert samples(STATUS | {"balanced": False})["instep_balanced",] == 0


def test_a_store_that_does_not_answer_is_told():
    def status():
        raise StoreUnavailable("no answer")

    with pytest.raises(StoreUnavailable):
        text(status)


def test_what_a_collection_waits_for_is_told_with_its_age():
    found = samples()
    assert found["instep_creations_waiting", "products"] == 2
    assert found["instep_creations_waiting", "pages"] == 0
    waits = "instep_collection_waits_seconds"
    assert found[waits, "products", "not published"] == 40
    assert found[waits, "products", "plan limit"] == 90
    assert found[waits, "pages", "plan limit"] == 0


def test_the_last_reconcile_is_told_by_its_state_and_when_one_has_proven_it_all():
    found = samples()
    assert found["instep_reconcile_state", "products", "failed"] == 1
    assert found["instep_reconcile_state", "pages", "running"] == 1
    assert found["instep_reconcile_differences", "products"] == 7
    assert ("instep_reconcile_differences", "pages") not in found
    assert found["instep_reconcile_proven_timestamp_seconds", "products"] == 1_772_334_000


def test_publishes_write_backs_and_pulls_are_told():
    found = samples()
    assert found["instep_unpublished_seconds", "products"] == 12.5
    assert found["instep_published_total", "products", "live"] == 5
    assert found["instep_writebacks_waiting", "crm"] == 4
    assert found["instep_writebacks_seconds", "crm"] == 7.5
    assert found["instep_writebacks_total", "failed", "crm"] == 2
    assert found["instep_writeback_state", "paused", "crm"] == 1
    assert found["instep_writeback_state", "flowing", "crm"] == 0
    assert found["instep_pulls_total", "feed", "done"] == 3
    assert found["instep_pull_state", "feed", "failed"] == 1
    assert found["instep_pull_complete_timestamp_seconds", "feed"] == 1_772_330_400
    assert ("instep_pull_complete_timestamp_seconds", "new") not in found
