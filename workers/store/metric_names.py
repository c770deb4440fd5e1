"""The metrics by name: what each says, its labels, and what replaces the old names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from workers.store.fetch_queue import COUNTS

Kind = Literal["gauge", "counter", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A documented metric; the name of a counter ends in ``_total``."""

    help: str
    labels: tuple[str, ...] = ()
    kind: Kind = "gauge"


def _counter(help: str, *labels: str) -> Metric:
    return Metric(help, labels, "counter")


_FETCHES: Final = {
    "asked": "Notices that asked for an object",
    "merged": "Notices of an object that waited already",
    "done": "Objects that were fetched",
    "dead": "Objects that became a dead letter",
}

NAMES: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "instep_deliveries_total": _counter(
            "Deliveries by how they were answered", "source", "outcome"
        ),
        "instep_refusals_total": _counter(
            "Requests that were refused, by reason", "source", "reason"
        ),
        "instep_ack_seconds": Metric(
            "Time from the last byte of a delivery to its answer", ("source",), "histogram"
        ),
        "instep_accepted_total": _counter("Field values accepted"),
        "instep_field_values_total": _counter(
            "Field values that came to a fate; one that is replayed is pending once more",
            *("source", "collection", "fate"),
        ),
        "instep_values": Metric("Accepted field values by their fate of now", ("fate",)),
        "instep_balanced": Metric("1 while accepted equals the sum of instep_values"),
        "instep_stale_total": _counter(
            "Field values that were overtaken before they came", "source", "collection"
        ),
        "instep_normalised_total": _counter(
            "Written field values that the CMS keeps in a form of its own", "collection"
        ),
        "instep_attempts_total": _counter(
            "Items in requests, by what the answer made of them", "collection", "action"
        ),
        "instep_calls_total": _counter(
            "Requests to the CMS by their answer; none: it did not answer",
            *("destination", "kind", "status"),
        ),
        "instep_rate_limited_total": _counter(
            "Requests that the CMS refused for their number", "destination"
        ),
        "instep_budget_left": Metric(
            "Requests that the CMS still takes in this minute", ("destination",)
        ),
        "instep_freshness_seconds": Metric(
            "Time from the arrival of an event to the answer of the CMS that its value is there",
            ("collection", "stage"),
            "histogram",
        ),
        "instep_backlog_items": Metric("Items with pending field values", ("collection",)),
        "instep_backlog_seconds": Metric("Age of the oldest pending field value", ("collection",)),
        "instep_state": Metric(
            "1 for the state that a destination or a collection is in",
            ("destination", "collection", "state"),
        ),
        "instep_collection_waits_seconds": Metric(
            "For how long it has waited for a publish of the site, or for room in the plan",
            ("collection", "reason"),
        ),
        "instep_creations_waiting": Metric(
            "Records that are not created, since the plan has no room", ("collection",)
        ),
        "instep_unpublished_items": Metric(
            "Items that are staged and wait to be published by Instep", ("collection",)
        ),
        "instep_unpublished_seconds": Metric(
            "Age of the oldest value of them, in seconds", ("collection",)
        ),
        "instep_published_total": _counter(
            "Items that Instep has published, by what came of it", "collection", "outcome"
        ),
        "instep_not_live_items": Metric(
            "Items written staged only, since they are not published", ("collection",)
        ),
        "instep_duplicate_keys": Metric("Keys that several items have", ("collection",)),
        "instep_dead_letters": Metric("Open dead letters", ("collection", "kind")),
        "instep_unmapped_letters": Metric(
            "Open dead letters of events that could not be read whole", ("source",)
        ),
        "instep_unmapped_bytes": Metric(
            "Bytes of the bodies that they and waiting notices hold", ("source",)
        ),
        "instep_unmapped_limit_bytes": Metric(
            "Bytes from which on such letters are kept without their bodies", ("source",)
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
        "instep_pulls_total": _counter("Pulls that ended, by their state", "source", "state"),
        "instep_pull_state": Metric("1 for the state of the last pull", ("source", "state")),
        "instep_pull_complete_timestamp_seconds": Metric(
            "When a pull has last ended with nothing left", ("source",)
        ),
        "instep_writebacks_waiting": Metric(
            "Records of which something is to be told", ("writeback",)
        ),
        "instep_writebacks_seconds": Metric("Age of the oldest of them", ("writeback",)),
        "instep_writebacks_total": _counter(
            "Messages of write-backs, by what came of them", "writeback", "outcome"
        ),
        "instep_writeback_state": Metric("1 for the state it is in", ("writeback", "state")),
        "instep_workers": Metric("Worker processes that are alive"),
        "instep_store_bytes": Metric(
            "Memory of the store that a family of keys takes, measured by samples", ("family",)
        ),
        "instep_store_used_bytes": Metric("Memory that the store uses"),
        "instep_store_limit_bytes": Metric("Memory that it may use; 0: no limit is set"),
        "instep_spool_deliveries": Metric(
            "Deliveries that are answered, and wait in a spool for the store"
        ),
        **{f"instep_fetches_{name}_total": _counter(_FETCHES[name], "fetcher") for name in COUNTS},
        "instep_fetches_waiting": Metric("Objects that wait to be fetched", ("fetcher",)),
        "instep_fetches_seconds": Metric("Age of the oldest of them", ("fetcher",)),
        "instep_fetcher_state": Metric("1 for the state it is in", ("fetcher", "state")),
    }
)

# Names that stay for one minor version, with what replaces them.
OLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deliveries_total": 'sum without (outcome) (instep_deliveries_total{outcome!="refused"})',
        "duplicates_total": 'instep_deliveries_total{outcome="duplicate"}',
        "refused_total": 'instep_refusals_total{reason="refused"}',
        "refusals_total": "instep_refusals_total",
        "unmapped_letters": "instep_unmapped_letters",
        "unmapped_bytes": "instep_unmapped_bytes",
        "unmapped_bytes_limit": "instep_unmapped_limit_bytes",
        "accepted_total": "instep_accepted_total",
        "field_values": "instep_values",
        "balanced": "instep_balanced",
        "outbox_items": "instep_backlog_items",
        "outbox_oldest_seconds": "instep_backlog_seconds",
        "duplicate_keys": "instep_duplicate_keys",
        "dead_letters": "sum(instep_dead_letters)",
        "calls_total": "sum without (kind, status) (instep_calls_total)",
        "rate_limited_total": "instep_rate_limited_total",
        "destination_state": 'instep_state{destination!=""}',
        "collection_state": 'instep_state{collection!=""}',
        **{f"fetches_{name}_total": f"instep_fetches_{name}_total" for name in COUNTS},
        "fetches_waiting": "instep_fetches_waiting",
        "fetches_oldest_seconds": "instep_fetches_seconds",
        "fetcher_state": "instep_fetcher_state",
    }
)
_OLD_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "refusals_total": ("source", "reason"),
        "field_values": ("fate",),
        "destination_state": ("destination", "state"),
        "collection_state": ("collection", "state"),
        "fetcher_state": ("fetcher", "state"),
        **dict.fromkeys(("accepted_total", "balanced", "dead_letters"), ()),
        **dict.fromkeys(("calls_total", "rate_limited_total"), ("destination",)),
        **dict.fromkeys(
            ("outbox_items", "outbox_oldest_seconds", "duplicate_keys"), ("collection",)
        ),
    }
)


def _old(name: str) -> Metric:
    labels = ("fetcher",) if name.startswith("fetches") else ("source",)
    help = f"Deprecated, and gone in the next minor version: use {OLD[name]}"
    kind: Kind = "counter" if name.endswith("_total") else "gauge"
    return Metric(help, _OLD_LABELS.get(name, labels), kind)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {**NAMES, **{name: _old(name) for name in OLD}}
)
