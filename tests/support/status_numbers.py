"""The status of a system in which everything flows, and parts of it that do not."""

from __future__ import annotations

from typing import Any

from service.operate.remedies import Remedy

COLLECTION = {
    "state": "flowing",
    "reason": "",
    "since": None,
    "by": None,
    "waits": [],
    "lanes": {"live": 0, "replay": 0, "reconcile": 0},
    "pending_items": 0,
    "oldest_seconds": 0.0,
    "duplicate_keys": 0,
    "not_live": 0,
    "unpublished": 0,
    "unpublished_seconds": 0.0,
    "edited_by_others": 0,
    "held_deletes": 0,
    "held_since": None,
    "normalised": 0,
}
DESTINATION = {
    "state": "flowing",
    "reason": "",
    "since": None,
    "by": None,
    "calls": 3,
    "rate_limited": 0,
    "budget": {"limit": 60, "left": 57},
    "publish": None,
    "pending_items": 0,
    "drain_seconds": 0.0,
}
SOURCE = {
    "state": "flowing",
    "reason": "",
    "since": None,
    "by": None,
    "resting": {},
    "deliveries": 5,
    "duplicates": 0,
    "refused": 0,
    "secrets": [{"until": None, "matched": 5}],
    "kept": 5,
    "kept_bytes": 100,
    "kept_since": "2026-05-12T09:00:00+00:00",
    "kept_dropped": 0,
    "last": "2026-05-12T09:20:00+00:00",
    "unmapped": 0,
    "unwanted": 0,
    "unmapped_bytes": 0,
    "unmapped_bytes_limit": 64,
    "stale": {},
    "streak": None,
    "stalled": None,
}
FETCHER = {
    "state": "flowing",
    "reason": "",
    "waiting": 0,
    "oldest_seconds": 0.0,
    "asked": 1,
    "merged": 0,
    "done": 1,
    "dead": 0,
}
WRITEBACK = {
    "collection": "products",
    "state": "flowing",
    "reason": "",
    "since": None,
    "by": None,
    "who": None,
    "until": None,
    "waiting": 0,
    "oldest_seconds": 0.0,
    "told": 3,
    "dead": 0,
}
RUN = {
    "state": "done",
    "began": "2026-05-12T03:00:00+00:00",
    "ended": "2026-05-12T03:05:00+00:00",
    "code": 0,
    "said": "",
    "counts": {"changed": 1},
    "proven": None,
    "tries": 0,
    "next": None,
}


PROBLEM = {
    "id": "g1",
    "kind": "refused",
    "collection": "products",
    "source": None,
    "fields": ["stock", "price"],
    "status": 400,
    "code": "validation_error",
    "title": "price: Field not described in schema; stock: Field not described in schema",
    "letters": 3,
    "since": "2026-05-12T09:20:00+00:00",
    "do": Remedy("correct the mapping, then send it again", "replay", "--group g1"),
}


def flowing(**parts: Any) -> dict[str, Any]:
    """Return a status in which everything flows, but for *parts*."""
    status = {
        "destinations": {"site": DESTINATION},
        "collections": {"products": COLLECTION},
        "sources": {"erp": SOURCE},
        "lanes": {
            name: {"state": "flowing", "reason": ""} for name in ("live", "replay", "reconcile")
        },
        "refusals": {},
        "fetchers": {},
        "writebacks": {},
        "fields": {"accepted": 8, "written": 2, "stale": 0, "pending": 6},
        "balanced": True,
        "dead_letters": 0,
        "problems": {"kinds": {}, "open": 0, "largest": []},
        "not_live": 0,
        "workers_seen": None,
        "memory": {"used": 1, "limit": None, "families": {}, "level": "", "full": False},
        "freshness": {"p50": None, "p99": None},
        "spool": {"deliveries": 0, "bytes": 0},
        "losses": [],
        "reconciles": {},
        "processes": [{"role": "web", "pid": 7, "host": "vm"}],
        "reasons": [],
        "notices": [],
    }
    return status | parts
