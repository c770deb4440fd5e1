"""
Prometheus metrics, read from the store at every scrape.

All processes of all machines share the store, so any web process can be scraped, and one is enough:
all answer with the same numbers. Names: ``metric_names.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from workers.store.collection_waits import NOT_PUBLISHED, PLAN_LIMIT
from workers.store.counters import Counters
from workers.store.fetch_queue import COUNTS
from workers.store.histograms import ACK, FRESHNESS, cumulative
from workers.store.metric_names import METRICS
from workers.store.old_metrics import add_old

Status = Mapping[str, Any]
Families = Mapping[str, Metric]

RUNS: Final = ("done", "held", "failed", "running", "killed")  # states of a reconcile
STATES: Final = ("flowing", "waiting", "outage", "paused")
# Of deliveries that came in by a web process; the rest is kept.
OUTCOMES: Final = ("unwanted", "unmapped", "spooled")

_BOUNDS: Final = {"instep_ack_seconds": ACK, "instep_freshness_seconds": FRESHNESS}

# Metric → section of the status, and key in each of its entries.
_BY_NAME: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "instep_unmapped_letters": ("sources", "unmapped"),
        "instep_unmapped_bytes": ("sources", "unmapped_bytes"),
        "instep_unmapped_limit_bytes": ("sources", "unmapped_bytes_limit"),
        "instep_backlog_items": ("collections", "pending_items"),
        "instep_backlog_seconds": ("collections", "oldest_seconds"),
        "instep_duplicate_keys": ("collections", "duplicate_keys"),
        "instep_not_live_items": ("collections", "not_live"),
        "instep_unpublished_items": ("collections", "unpublished"),
        "instep_unpublished_seconds": ("collections", "unpublished_seconds"),
        "instep_normalised_total": ("collections", "normalised"),
        "instep_rate_limited_total": ("destinations", "rate_limited"),
        **{f"instep_fetches_{name}_total": ("fetchers", name) for name in COUNTS},
        "instep_fetches_waiting": ("fetchers", "waiting"),
        "instep_fetches_seconds": ("fetchers", "oldest_seconds"),
        "instep_writebacks_waiting": ("writebacks", "waiting"),
        "instep_writebacks_seconds": ("writebacks", "oldest_seconds"),
    }
)


class OutboxCollector(Collector):
    """
    Collects what metrics show.

    Args:
        status: Returns the data of ``instep status --json``.
        counters: Returns the counters that only rise, and what the status lacks.
    """

    def __init__(self, status: Callable[[], Status], counters: Callable[[], Counters]) -> None:
        self._status = status
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        status, counters = self._status(), self._counters()
        families = {name: _family(name) for name in METRICS}
        for name, (section, key) in _BY_NAME.items():
            for label, entry in status.get(section, {}).items():
                _add(families, name, [label], entry[key] or 0)
        _add_deliveries(families, status, counters)
        _add_values(families, status)
        _add_counters(families, counters)
        _add_times(families, status, counters)
        _add_budgets(families, status["destinations"])
        _add_states(families, status)
        _add_waits(families, status["collections"])
        _add_store(families, status)
        _add_reconciles(families, status.get("reconciles", {}))
        _add_pulls(families, status.get("pulls", {}))
        add_old(families, status)
        yield from families.values()


def text(status: Callable[[], Status], counters: Callable[[], Counters] = Counters) -> bytes:
    """Return the metrics in Prometheus' text format; StoreUnavailable if either raises it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OutboxCollector(status, counters))
    return generate_latest(registry)


def text_without_store(spooled: int) -> bytes:
    """Return the only metric that needs no store: deliveries in this machine's spools."""
    families = {"instep_spool_deliveries": _family("instep_spool_deliveries")}
    _add(families, "instep_spool_deliveries", [], spooled)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Only(families))
    return generate_latest(registry)


class _Only(Collector):
    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families.values()


def _family(name: str) -> Metric:
    metric = METRICS[name]
    own = name.removesuffix("_total") if metric.kind == "counter" else name
    return Metric(own, metric.help, metric.kind)


def _add(families: Families, name: str, labels: Sequence[str], value: float) -> None:
    names = METRICS[name].labels
    families[name].add_sample(name, dict(zip(names, labels, strict=True)), value)


def _add_deliveries(families: Families, status: Status, counters: Counters) -> None:
    """Each delivery has one outcome; what has none of the others was kept."""
    other = {tuple(labels): number for labels, number in counters.of("deliveries")}
    for source, entry in status["sources"].items():
        found = {outcome: other.get((source, outcome), 0) for outcome in OUTCOMES}
        found["duplicate"] = entry["duplicates"]
        found["kept"] = max(0, entry["deliveries"] - sum(found.values()))
        found["refused"] = sum(status["refusals"].get(source, {}).values())
        for outcome, number in found.items():
            _add(families, "instep_deliveries_total", [source, outcome], number)
        for collection, number in entry["stale"].items():
            _add(families, "instep_stale_total", [source, collection], number)
    for source, reasons in status["refusals"].items():
        for reason, times in reasons.items():
            _add(families, "instep_refusals_total", [source, reason], times)


def _add_values(families: Families, status: Status) -> None:
    fates = dict(status["fields"])
    _add(families, "instep_accepted_total", [], fates.pop("accepted"))
    for fate, number in fates.items():
        _add(families, "instep_values", [fate], number)
    _add(families, "instep_balanced", [], int(status["balanced"]))


def _add_counters(families: Families, counters: Counters) -> None:
    for kind, name in (
        ("values", "instep_field_values_total"),
        ("attempts", "instep_attempts_total"),
        ("calls", "instep_calls_total"),
        ("published", "instep_published_total"),
        ("writebacks", "instep_writebacks_total"),
        ("pulls", "instep_pulls_total"),
    ):
        for labels, number in counters.of(kind):
            _add(families, name, labels, number)
    for letter, number in sorted(counters.letters.items()):
        _add(families, "instep_dead_letters", letter, number)
    _add(families, "instep_workers", [], counters.workers)


def _add_times(families: Families, status: Status, counters: Counters) -> None:
    acks = counters.histograms("ack")
    for source in status["sources"]:
        held = acks.get((source,), {})
        _add_histogram(families, "instep_ack_seconds", [source], held, 1_000_000)
    fresh = counters.histograms("fresh")
    for collection in status["collections"]:
        live = fresh.get((collection, "live"), {})
        staged = fresh.get((collection, "staged"), {})
        both = {bound: live.get(bound, 0) + staged.get(bound, 0) for bound in {*live, *staged}}
        own = fresh.get((collection, "site"), {})  # staged, and published by us
        on_site = {bound: live.get(bound, 0) + own.get(bound, 0) for bound in {*live, *own}}
        stages = {"cms": both, "site": on_site} if on_site else {"cms": both}
        for stage, held in stages.items():
            _add_histogram(families, "instep_freshness_seconds", [collection, stage], held, 1000)


def _add_histogram(
    families: Families, name: str, labels: Sequence[str], held: Mapping[str, int], unit: int
) -> None:
    """Add a histogram whose sum is stored in *unit* of a second."""
    family, own = families[name], dict(zip(METRICS[name].labels, labels, strict=True))
    buckets = cumulative(held, _BOUNDS[name])
    for bound, number in buckets:
        family.add_sample(f"{name}_bucket", {**own, "le": bound}, number)
    family.add_sample(f"{name}_count", own, buckets[-1][1])
    family.add_sample(f"{name}_sum", own, held.get("sum", 0) / unit)


def _add_budgets(families: Families, destinations: Mapping[str, Status]) -> None:
    for name, entry in destinations.items():
        _add(families, "instep_budget_left", [name], entry["budget"]["left"])


def _add_states(families: Families, status: Status) -> None:
    for label in ("destination", "collection"):
        for name, entry in status[f"{label}s"].items():
            for state, is_in in _states(entry):
                labels = {label: name, "state": state}
                families["instep_state"].add_sample("instep_state", labels, is_in)
    for kind in ("fetcher", "writeback"):
        for name, entry in status.get(f"{kind}s", {}).items():
            for state, is_in in _states(entry):
                _add(families, f"instep_{kind}_state", [name, state], is_in)


def _states(entry: Status) -> Iterable[tuple[str, int]]:
    return ((state, int(entry["state"] == state)) for state in STATES)


def _add_store(families: Families, status: Status) -> None:
    memory = status["memory"]
    for family, size in memory["families"].items():
        _add(families, "instep_store_bytes", [family], size)
    _add(families, "instep_store_used_bytes", [], memory["used"])
    _add(families, "instep_store_limit_bytes", [], memory["limit"] or 0)
    spooled = status.get("spool", {}).get("deliveries", 0)
    _add(families, "instep_spool_deliveries", [], spooled)


def _add_waits(families: Families, collections: Mapping[str, Status]) -> None:
    for name, entry in collections.items():
        seconds = {wait["reason"]: wait["seconds"] for wait in entry["waits"]}
        for reason in (NOT_PUBLISHED, PLAN_LIMIT):
            _add(
                families, "instep_collection_waits_seconds", [name, reason], seconds.get(reason, 0)
            )
        full = [wait["records"] for wait in entry["waits"] if wait["reason"] == PLAN_LIMIT]
        _add(families, "instep_creations_waiting", [name], sum(full))


def _add_reconciles(families: Families, runs: Mapping[str, Status]) -> None:
    for name, run in runs.items():
        for state in RUNS:
            number = int(run["state"] == state)
            _add(families, "instep_reconcile_state", [name, state], number)
        if run["ended"] is not None:
            found = sum(run["counts"].values())
            _add(families, "instep_reconcile_differences", [name], found)
        if run["proven"] is not None:
            proven = datetime.fromisoformat(run["proven"]).timestamp()
            _add(families, "instep_reconcile_proven_timestamp_seconds", [name], proven)


def _add_pulls(families: Families, runs: Mapping[str, Status]) -> None:
    for name, run in runs.items():
        for state in RUNS:
            _add(families, "instep_pull_state", [name, state], int(run["state"] == state))
        if run["complete"] is not None:
            complete = datetime.fromisoformat(run["complete"]).timestamp()
            _add(families, "instep_pull_complete_timestamp_seconds", [name], complete)
