"""An application on small stand-ins for the store, the mappings and the workers."""

from dataclasses import dataclass
from datetime import UTC, datetime

from service.mapping.registry import Mapped
from service.senders import build
from service.web.app import create_app
from workers.config.settings import Settings, Source, StoreSettings
from workers.errors import StoreUnavailable

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
PROOF = {"Authorization": "Bearer s3cret"}
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
            "duplicate_keys": 0,
            "not_live": 4,
            "unpublished": 2,
            "unpublished_seconds": 12.5,
            "waits": [],
            "normalised": 0,
        }
    },
    "sources": {
        "erp": {
            "deliveries": 5,
            "duplicates": 2,
            "refused": 1,
            "unmapped": 4,
            "unmapped_bytes": 1000,
            "unmapped_bytes_limit": 2000,
            "stale": {},
        }
    },
    "refusals": {"erp": {"refused": 1}},
    "fetchers": {},
    "fields": {"accepted": 9, "written": 4, "dead": 2, "pending": 3},
    "balanced": True,
    "dead_letters": 2,
    "memory": {
        "used": 50,
        "limit": None,
        "families": {},
        "level": "",
        "since": None,
        "full": False,
    },
    "spool": {"deliveries": 0, "bytes": 0},
}


class Mappings:
    def changes(self, source, topic, payload, *, version, placed="arrival"):
        return Mapped(wanted=True)


@dataclass
class Accepted:
    outcome: str = "kept"
    accepted: int = 1
    wake: tuple = ()
    letters: int = 0
    stalled: dict | None = None
    last: int = 0
    at_us: int | None = None


class Outbox:
    """Answers as it is told; None: not at all."""

    room = None

    def __init__(self):
        self.outcome = "kept"
        self.deliveries = []
        self.refusals = []  # by source and reason

    def accept(self, delivery):
        if self.outcome is None:
            raise StoreUnavailable("redis://:passw0rd@store does not answer")
        self.deliveries.append(delivery)
        return Accepted(self.outcome)


@dataclass
class Configuration:
    settings: Settings
    senders: dict
    mappings: Mappings


SOURCES = {
    source.name: source
    for source in (
        Source("erp", "bearer", ("s3cret",), options={"id": "id"}),
        Source("small", "bearer", ("s3cret",), max_body=10),
        Source("hidden", "bearer", ("s3cret",), path_token="tøken/1"),
    )
}


def configuration(tmp_path, admin_token=None):
    settings = Settings(
        tmp_path / "instep.toml", StoreSettings(), {}, {}, SOURCES, admin_token=admin_token
    )
    senders = {name: build(source, public_url=None) for name, source in SOURCES.items()}
    return Configuration(settings, senders, Mappings())


def make(tmp_path, outbox, admin_token=None, **parts):
    working = {
        "wake": lambda _: None,
        "status": lambda: STATUS,
        "check_store": lambda: {"mode": "always"},
        "workers_alive": lambda: 2,
        "count_refusal": lambda *refusal: outbox.refusals.append(refusal),
        "clock": lambda: NOW,
    }
    app = create_app(configuration(tmp_path, admin_token), outbox=outbox, **(working | parts))
    return app.test_client()


def down(*_):
    raise StoreUnavailable("redis://:passw0rd@store does not answer")
