"""
The metrics by their old names, which stay for one minor version.

With them goes this file, `metric_names.OLD`, and the call in ``metrics.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from prometheus_client.core import Metric

from workers.store.fetch_queue import COUNTS

_SAME: Final[Mapping[str, str]] = MappingProxyType(
    {
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
        "rate_limited_total": "instep_rate_limited_total",
        **{f"fetches_{name}_total": f"instep_fetches_{name}_total" for name in COUNTS},
        "fetches_waiting": "instep_fetches_waiting",
        "fetches_oldest_seconds": "instep_fetches_seconds",
        "fetcher_state": "instep_fetcher_state",
    }
)
# Old name → section of the status, and key in each of its entries.
_OF_STATUS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "deliveries_total": ("sources", "deliveries"),
        "duplicates_total": ("sources", "duplicates"),
        "refused_total": ("sources", "refused"),
        "calls_total": ("destinations", "calls"),
    }
)


def add_old(families: Mapping[str, Metric], status: Mapping[str, Any]) -> None:
    """Add the samples of the old names; *families* has those of the new ones already."""
    for old, new in _SAME.items():
        for sample in families[new].samples:
            families[old].add_sample(old, sample.labels, sample.value)
    for old, (section, key) in _OF_STATUS.items():
        label = section.removesuffix("s")
        for name, entry in status[section].items():
            families[old].add_sample(old, {label: name}, entry[key])
    for sample in families["instep_state"].samples:
        old = "destination_state" if "destination" in sample.labels else "collection_state"
        families[old].add_sample(old, sample.labels, sample.value)
    families["dead_letters"].add_sample("dead_letters", {}, status["dead_letters"])
