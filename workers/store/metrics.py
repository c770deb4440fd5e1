"""
Prometheus metrics, read from the store at every scrape.

All processes share the store, so any of them can be scraped. Numbers that go up and down are
gauges, ``field_values`` too: a replay returns a value from dead to pending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from workers.store.collection_waits import NOT_PUBLISHED, PLAN_LIMIT
from workers.store.fetch_queue import COUNTS

Family = CounterMetricFamily | GaugeMetricFamily


@dataclass(frozen=True, slots=True)
class Metric:
    """A documented metric; a *counter*'s name ends in ``_total``."""

    help: str
    labels: tuple[str, ...] = ()
    counter: bool = False


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "deliveries_total": Metric("Proven deliveries, repeated ones too", ("source",), True),
        "duplicates_total": Metric("Deliveries that had been kept before", ("source",), True),
        "instep_stale_total": Metric(
            "Field values that were overtaken before they came", ("source", "collection"), True
        ),
        "refused_total": Metric("Deliveries whose proof was bad or missing", ("source",), True),
        "unmapped_letters": Metric(
            "Open dead letters of events that could not be read whole", ("source",)
        ),
        "unmapped_bytes": Metric(
            "Bytes of the bodies that they and waiting notices hold", ("source",)
        ),
        "unmapped_bytes_limit": Metric(
            "Bytes from which on such letters are kept without their bodies", ("source",)
        ),
        "refusals_total": Metric("Requests that were refused", ("source", "reason"), True),
        "accepted_total": Metric("Field values accepted", (), True),
        "field_values": Metric("Accepted field values by what became of them", ("fate",)),
        "balanced": Metric("1 while accepted equals the sum of field_values"),
        "outbox_items": Metric("Items with pending field values", ("collection",)),
        "outbox_oldest_seconds": Metric(
            "Age of the oldest pending field value, in seconds", ("collection",)
        ),
        "duplicate_keys": Metric("Keys that several items have", ("collection",)),
        "instep_not_live_items": Metric(
            "Items written staged only, since they are not published", ("collection",)
        ),
        "instep_normalised_total": Metric(
            "Written field values that the CMS keeps in a form of its own", ("collection",), True
        ),
        "dead_letters": Metric("Open dead letters"),
        "instep_store_bytes": Metric(
            "Memory of the store that a family of keys takes, measured by samples", ("family",)
        ),
        "instep_store_used_bytes": Metric("Memory that the store uses"),
        "instep_store_limit_bytes": Metric("Memory that it may use; 0: no limit is set"),
        "instep_spool_deliveries": Metric(
            "Deliveries that are answered, and wait in a spool for the store"
        ),
        "instep_reconcile_state": Metric(
            "1 for the state of the last reconcile", ("collection", "state")
        ),
        "instep_reconcile_differences": Metric(
            "Differences that the last reconcile has found", ("collection",)
        ),
        "instep_reconcile_proven_timestamp_seconds": Metric(
            "When a reconcile has last proven that source and CMS are in step", ("collection",)
        ),
        "calls_total": Metric("Requests to the CMS", ("destination",), True),
        "rate_limited_total": Metric(
            "Requests that the CMS refused for their number", ("destination",), True
        ),
        "destination_state": Metric("1 for the state it is in", ("destination", "state")),
        "collection_state": Metric("1 for the state it is in", ("collection", "state")),
        "instep_creations_waiting": Metric(
            "Records that are not created, since the plan has no room", ("collection",)
        ),
        "instep_collection_waits_seconds": Metric(
            "For how long it has waited for a publish of the site, or for room in the plan",
            ("collection", "reason"),
        ),
        "fetches_asked_total": Metric("Notices that asked for an object", ("fetcher",), True),
        "fetches_merged_total": Metric(
            "Notices of an object that waited already", ("fetcher",), True
        ),
        "fetches_done_total": Metric("Objects that were fetched", ("fetcher",), True),
        "fetches_dead_total": Metric("Objects that became a dead letter", ("fetcher",), True),
        "fetches_waiting": Metric("Objects that wait to be fetched", ("fetcher",)),
        "fetches_oldest_seconds": Metric("Age of the oldest of them, in seconds", ("fetcher",)),
        "fetcher_state": Metric("1 for the state it is in", ("fetcher", "state")),
    }
)
RUNS: Final = ("done", "held", "failed", "running", "killed")  # states of a reconcile
STATES: Final = ("flowing", "waiting", "outage", "paused")

# Metric → section of the status, and key in each of its entries.
_BY_NAME: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "deliveries_total": ("sources", "deliveries"),
        "duplicates_total": ("sources", "duplicates"),
        "refused_total": ("sources", "refused"),
        "unmapped_letters": ("sources", "unmapped"),
        "unmapped_bytes": ("sources", "unmapped_bytes"),
        "unmapped_bytes_limit": ("sources", "unmapped_bytes_limit"),
        "outbox_items": ("collections", "pending_items"),
        "outbox_oldest_seconds": ("collections", "oldest_seconds"),
        "duplicate_keys": ("collections", "duplicate_keys"),
        "instep_not_live_items": ("collections", "not_live"),
        "instep_normalised_total": ("collections", "normalised"),
        "calls_total": ("destinations", "calls"),
        "rate_limited_total": ("destinations", "rate_limited"),
        **{f"fetches_{name}_total": ("fetchers", name) for name in COUNTS},
        "fetches_waiting": ("fetchers", "waiting"),
        "fetches_oldest_seconds": ("fetchers", "oldest_seconds"),
    }
)


class OutboxCollector(Collector):
    """Collects from *status*, which returns the data of ``instep status --json``."""

    def __init__(self, status: Callable[[], Mapping[str, Any]]) -> None:
        self._status = status

    def collect(self) -> Iterator[Family]:
        status = self._status()
        families = {name: _family(name) for name in METRICS}
        _add_named(families, status)
        for source, entry in status["sources"].items():
            for collection, number in entry["stale"].items():
                families["instep_stale_total"].add_metric([source, collection], number)
        for source, reasons in status["refusals"].items():
            for reason, times in reasons.items():
                families["refusals_total"].add_metric([source, reason], times)
        _add_states(families["destination_state"], status["destinations"])
        _add_states(families["collection_state"], status["collections"])
        _add_states(families["fetcher_state"], status["fetchers"])
        _add_waits(families, status["collections"])
        fates = dict(status["fields"])
        families["accepted_total"].add_metric([], fates.pop("accepted"))
        for fate, number in fates.items():
            families["field_values"].add_metric([fate], number)
        families["balanced"].add_metric([], int(status["balanced"]))
        families["dead_letters"].add_metric([], status["dead_letters"])
        _add_memory(families, status["memory"])
        _add_reconciles(families, status.get("reconciles", {}))
        families["instep_spool_deliveries"].add_metric(
            [], status.get("spool", {}).get("deliveries", 0)
        )
        yield from families.values()


def text(status: Callable[[], Mapping[str, Any]]) -> bytes:
    """Return the metrics in Prometheus' text format; StoreUnavailable if *status* raises it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OutboxCollector(status))
    return generate_latest(registry)


def text_without_store(spooled: int) -> bytes:
    """Return the only metric that needs no store: deliveries in this machine's spools."""
    family = _family("instep_spool_deliveries")
    family.add_metric([], spooled)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Only(family))
    return generate_latest(registry)


class _Only(Collector):
    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterator[Family]:
        yield self._family


def _family(name: str) -> Family:
    metric = METRICS[name]
    kind = CounterMetricFamily if metric.counter else GaugeMetricFamily
    return kind(name, metric.help, labels=metric.labels)


def _add_named(families: Mapping[str, Family], status: Mapping[str, Any]) -> None:
    for name, (section, key) in _BY_NAME.items():
        for label, entry in status[section].items():
            families[name].add_metric([label], entry[key] or 0)


def _add_memory(families: Mapping[str, Family], memory: Mapping[str, Any]) -> None:
    for family, size in memory["families"].items():
        families["instep_store_bytes"].add_metric([family], size)
    families["instep_store_used_bytes"].add_metric([], memory["used"])
    families["instep_store_limit_bytes"].add_metric([], memory["limit"] or 0)


def _add_waits(
    families: Mapping[str, Family], collections: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, entry in collections.items():
        seconds = {wait["reason"]: wait["seconds"] for wait in entry["waits"]}
        for reason in (NOT_PUBLISHED, PLAN_LIMIT):
            families["instep_collection_waits_seconds"].add_metric(
                [name, reason], seconds.get(reason, 0)
            )
        full = [wait["records"] for wait in entry["waits"] if wait["reason"] == PLAN_LIMIT]
        families["instep_creations_waiting"].add_metric([name], sum(full))


def _add_reconciles(families: Mapping[str, Family], runs: Mapping[str, Mapping[str, Any]]) -> None:
    for name, run in runs.items():
        for state in RUNS:
            number = int(run["state"] == state)
            families["instep_reconcile_state"].add_metric([name, state], number)
        if run["ended"] is not None:
            found = sum(run["counts"].values())
            families["instep_reconcile_differences"].add_metric([name], found)
        if run["proven"] is not None:
            proven = datetime.fromisoformat(run["proven"]).timestamp()
            families["instep_reconcile_proven_timestamp_seconds"].add_metric([name], proven)


def _add_states(family: Family, entries: Mapping[str, Mapping[str, Any]]) -> None:
    for name, entry in entries.items():
        for state in STATES:
            family.add_metric([name, state], int(entry["state"] == state))
