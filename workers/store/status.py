"""The status: states, backlog and counters, from the keys of other modules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from workers.config.settings import Collection, Destination, Settings, Source
from workers.model.changes import Lane
from workers.store import (
    clock,
    held_keys,
    histograms,
    keys,
    memory,
    pauses,
    publish_status,
    stale,
)
from workers.store.budget import budget_of
from workers.store.circuit_breaker import OPERATOR
from workers.store.collection_waits import waits_of
from workers.store.connection import guarded
from workers.store.fetch_queue import Fetches
from workers.store.outbox import FATES, RAW_BYTES, balanced
from workers.store.pauses import HandPause
from workers.store.refusals import UNKNOWN, by_reason
from workers.store.scripts import Steps
from workers.store.waits import Pause

LANES: tuple[Lane, ...] = get_args(Lane)
LOCALES_UNREAD = "for the locales of its site: "
STATES = ("flowing", "waiting", "outage", "paused")


class Report:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings
        self._fetches = Fetches(steps, settings)

    def status(self) -> dict[str, Any]:
        """
        Return ``{destinations, collections, sources, lanes, unconfigured, refusals, fetchers,
        fields, balanced, dead_letters, not_live, workers_seen, memory, freshness}``.

        State of a destination: *waiting* while its budget is spent and items are pending, *outage*
        while its circuit breaker is open. A collection also waits for a publish of the site or room
        in the plan, see ``waits``. ``lanes``: items with something to send, or being sent.
        *resting* of a source: what waits for its resume, by collection. *not_live*: items written
        staged only because they are not published. *freshness*: ``{p50, p99}`` in s, from the
        arrival of an event to the answer of the CMS, in the last hour; None: no live change was
        written. Durations are seconds on the store's clock.
        """
        names, every = [*self.settings.destinations.values()], self.settings.all_sources
        with guarded(), self.steps.client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            pipeline.get(keys.CLOCK)
            pipeline.hgetall(keys.COUNTS)
            pipeline.zcard(keys.LETTERS)
            pipeline.hgetall(keys.FRESHNESS)
            pipeline.get(keys.WORKERS_SEEN)
            pipeline.hgetall(keys.PAUSES)
            for destination in names:
                pipeline.hgetall(keys.destination(destination.name))
                pipeline.hgetall(keys.budget(destination.budget))
                pipeline.hgetall(keys.publishing(destination.name))
            for collection in self.settings.collections.values():
                pipeline.hgetall(keys.collection(collection.name))
                pipeline.zcard(keys.waiting(collection.name))
                pipeline.zrange(keys.waiting(collection.name), 0, 0, withscores=True)
                copy = self.settings.copy_of(collection)
                pipeline.hvals(keys.twins(collection.name, copy))
                pipeline.scard(keys.not_live(collection.name))
                publish_status.ask(pipeline, collection.name)
                pipeline.zcard(held_keys.held(collection.name))
                pipeline.hget(keys.site(collection.name, copy), "failed")
                for lane in LANES:
                    pipeline.zcard(keys.due(collection.name, lane))
                    pipeline.zcard(keys.due(collection.name, lane, "sought"))
                    pipeline.zcard(keys.due(collection.name, lane, "room"))
            pipeline.hgetall(keys.source(UNKNOWN))
            for source in every:
                pipeline.hgetall(keys.source(source))
                pipeline.hgetall(keys.kept(source, "state"))
                pipeline.xlen(keys.kept(source))
                pipeline.scard(keys.letters_raw(source))
                pipeline.hget(keys.RAW_BYTES, source)
                pipeline.hgetall(keys.stale(source))
                pipeline.hget(keys.METRICS, f"deliveries:{source}:unwanted")
            found = iter(pipeline.execute())
        seconds, micros = next(found)
        now = (int(seconds) + int(micros) / 1e6) * 1000 + self.steps.clock_offset_ms
        now += clock.behind_ms(next(found))
        counts = next(found)
        letters = next(found)
        fresh = next(found)
        workers_seen = next(found)
        paused = pauses.paused_of(held_pauses := next(found))
        held, budgets, rounds = {}, {}, {}
        for destination in names:
            held[destination.name], budgets[destination.name] = next(found), next(found)
            rounds[destination.name] = next(found)
        number = 10 + 3 * len(LANES)  # of answers about one
        collections = {
            collection.name: _collection(
                self.settings, collection, [next(found) for _ in range(number)], now, held
            )
            for collection in self.settings.collections.values()
        }
        unknown = next(found)
        resting = pauses.resting_of(self.steps.client, held_pauses, now)
        sources = {name: [next(found) for _ in range(7)] for name in every}
        fields = {name: int(counts.get(name, 0)) for name in ("accepted", *FATES)}
        return {
            "destinations": {
                destination.name: self._destination(
                    destination, held[destination.name], collections, now
                )
                | {"budget": budget_of(budgets[destination.name], destination, now)}
                | {"publish": publish_status.of(rounds[destination.name], destination, now)}
                for destination in names
            },
            "collections": collections,
            "sources": {
                name: {
                    **_by_hand(paused.get(f"source:{name}")),
                    "resting": resting.get(name, {}),
                    **_source(every[name], own),
                    **_kept(state, kept),
                    **_unmapped(open_letters, size),
                    "unwanted": int(unwanted or 0),
                    "stale": stale.counts(older),
                    "streak": (streak := stale.streak(older, now)),
                    "stalled": stale.stalled(streak),
                }
                for name, (own, state, kept, open_letters, size, older, unwanted) in sources.items()
            },
            "lanes": {lane: _by_hand(paused.get(f"lane:{lane}")) for lane in LANES},
            "unconfigured": self._unconfigured(paused, resting),
            "refusals": _refusals(
                {name: own for name, (own, *_) in sources.items()} | {UNKNOWN: unknown}
            ),
            "fetchers": self._fetches.status(),
            "fields": fields,
            "balanced": balanced(fields),
            "dead_letters": letters,
            "not_live": sum(collection["not_live"] for collection in collections.values()),
            "held_deletes": sum(each["held_deletes"] for each in collections.values()),
            "workers_seen": workers_seen and _moment(float(workers_seen) * 1000),
            "memory": memory.read(self.steps.client),
            "freshness": histograms.of_late(fresh, now),
        }

    def _unconfigured(
        self, paused: Mapping[str, HandPause], resting: Mapping[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Return the states of paused sources that are configured no longer, and what waits."""
        names = [
            name for kind, _, name in (each.partition(":") for each in paused) if kind == "source"
        ]
        return {
            name: _by_hand(paused[f"source:{name}"]) | {"resting": resting.get(name, {})}
            for name in names
            if name not in self.settings.all_sources
        }

    def _destination(
        self,
        destination: Destination,
        held: dict[str, str],
        collections: dict[str, dict[str, Any]],
        now: float,
    ) -> dict[str, Any]:
        pending = sum(
            collections[collection.name]["pending_items"]
            for collection in self.settings.collections_of(destination.name)
        )
        return {
            **_state(held, pending, now),
            "calls": int(held.get("calls", 0)),
            "rate_limited": int(held.get("rate_limited", 0)),
        }


def _state(held: dict[str, str], pending: int, now: float) -> dict[str, Any]:
    """Return ``{state, reason, since, by}`` of a destination; *by*: who paused it."""
    if "paused" in held:
        return _paused(held)
    if held.get("open_until") and held.get("trial") != "ready":
        return _entry("outage", held.get("failure") or "no answer", held.get("opened"))
    if pending and held.get("gate") == "budget" and float(held.get("gate_until", 0)) > now:
        return _entry("waiting", "for the budget of its token")
    return _entry("flowing", "")


def _paused(held: dict[str, str]) -> dict[str, Any]:
    # The store has the budget of a refused token: that is Instep as well.
    by = OPERATOR if held.get("by") == OPERATOR else "instep"
    pause = Pause.parse(held)
    who, till = (pause.who, pause.till) if pause else ("", None)
    until = {"who": who or None, "until": till and _moment(till)}
    return _entry("paused", held["paused"], held.get("since"), by) | until


def _by_hand(pause: HandPause | None) -> dict[str, Any]:
    """Return the state of a source or a lane."""
    if pause is None:
        return _entry("flowing", "")
    until = {"who": pause.by, "until": pause.till and _moment(pause.till)}
    return _entry("paused", pause.reason, str(pause.since), OPERATOR) | until


def _entry(
    state: str, reason: str, since_ms: str | None = None, by: str | None = None
) -> dict[str, Any]:
    return {"state": state, "reason": reason, "since": since_ms and _moment(since_ms), "by": by}


def _moment(ms: str | float) -> str:
    return datetime.fromtimestamp(float(ms) / 1000, UTC).isoformat(timespec="seconds")


def _collection(
    settings: Settings,
    collection: Collection,
    found: list[Any],
    now: float,
    destinations: dict[str, dict[str, str]],
) -> dict[str, Any]:
    own, pending, oldest, twins, not_live, *staged, deletes, unread = found[:10]
    due = found[10:]
    lanes = {lane: due[3 * n : 3 * n + 3] for n, lane in enumerate(LANES)}
    roomless = sum(room for _, _, room in lanes.values())
    waits = waits_of(own, now, pending=pending, roomless=roomless)
    entry = _state(destinations[collection.destination], pending, now)
    if "paused" in own:
        entry = _paused(own)
    elif waits and entry["state"] in ("flowing", "waiting"):
        entry = _entry("waiting", waits[0]["reason"]) | {"since": waits[0]["since"]}
    elif unread and entry["state"] == "flowing":
        entry = _entry("waiting", f"{LOCALES_UNREAD}{unread}")
    return {
        **entry,
        "waits": waits,
        "lanes": {lane: sum(numbers) for lane, numbers in lanes.items()},
        "pending_items": pending,
        "oldest_seconds": round(max(0.0, now - oldest[0][1]) / 1000, 3) if oldest else 0.0,
        "duplicate_keys": len(set(twins)),
        "not_live": not_live,
        **publish_status.items(settings.destinations[collection.destination], staged, now),
        "held_deletes": deletes if held_keys.ASKS in own else 0,
        "held_since": _moment(own[held_keys.ASKS_SINCE]) if held_keys.ASKS_SINCE in own else None,
        "normalised": int(own.get("normalised", 0)),
    }


def _source(source: Source, held: dict[str, str]) -> dict[str, Any]:
    """Return the counters of a source, and per secret, newest first, its end and uses."""
    ends = source.ends or (None,) * len(source.secrets)
    return {
        **{name: int(held.get(name, 0)) for name in ("deliveries", "duplicates", "refused")},
        "secrets": [
            {"until": end and end.isoformat(), "matched": int(held.get(f"secret:{mark}", 0))}
            for mark, end in zip(source.marks, ends, strict=True)
        ],
    }


def _unmapped(count: int, bytes: str | None) -> dict[str, Any]:
    """Return the number of letters of unmapped events, their bytes, and the limit."""
    return {
        "unmapped": count,
        "unmapped_bytes": int(bytes or 0),
        "unmapped_bytes_limit": RAW_BYTES,
    }


def _refusals(held: dict[str, dict[str, str]]) -> dict[str, dict[str, int]]:
    """Return source → reason → refusals, without sources that have none."""
    counted = {source: by_reason(own) for source, own in held.items()}
    return {source: reasons for source, reasons in counted.items() if reasons}


def _kept(state: dict[str, str], count: int) -> dict[str, Any]:
    oldest = datetime.fromtimestamp(int(state["oldest"]) / 1000, UTC) if "oldest" in state else None
    return {
        "kept": count,
        "kept_bytes": int(state.get("bytes", 0)) if count else 0,
        "kept_since": oldest.isoformat() if oldest and count else None,
        "last": _moment(state["ms"]) if "ms" in state else None,
        "kept_dropped": int(state.get("dropped", 0)),
    }
