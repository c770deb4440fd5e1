"""
Runs a pull: reads its source once, then reconciles each of its collections with what was read.

One run at a time for each pull, over all machines, by a lock of its own beside those of its
collections. What saves calls next time (`pull_state`) is kept last, and only after a run of which
nothing is left to be read again: whatever dies before, the next run reads the same once more.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import redis

from service.config.build import Configuration
from service.mapping.compiled import Rule
from service.pulls import pull_state
from service.pulls.pull_rules import rules_of
from service.pulls.pull_state import PullState, place_of
from service.pulls.pulled_records import PulledRecords
from service.pulls.read_records import ReadRecords
from service.pulls.reading import Ids, Reading, read
from service.pulls.requester import Requester
from service.reconcile import runner
from service.reconcile.guard_decisions import Approve
from service.reconcile.lock import RunLock, holder, run_lock
from service.reconcile.options import ReconcileOptions
from service.reconcile.plan.causes import LATER
from service.reconcile.runner import RunResult
from service.reconcile.snapshot.snapshot_time import MARGIN
from service.reconcile.state import past_runs
from workers.config.pull import Pull
from workers.errors import ProcessorError, PullFailed
from workers.store import connection

PATIENCE: Final = 600.0  # s that a collection which is being reconciled is waited for
_LOOK: Final = 1.0  # s between two looks
# What a run may leave and yet have taken all that was read: the store holds it.
_HELD_BY_STORE: Final = frozenset({"dead", "refused", "unsettled", "spool", "staged"})


@dataclass(slots=True)
class PullResult:
    """
    What a run came to.

    Args:
        code: 0: the site is in step with all that was read, as far as its mappings go; 1: not.
        state: "done", "held" by the guard, or "failed".
        lines: For people; the last words of the run.
        figures: Of each collection, by name (`service.reconcile.report`).
    """

    code: int = 0
    state: str = "done"
    lines: list[str] = field(default_factory=list)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0


@contextmanager
def reconciled(
    configuration: Configuration,
    name: str,
    options: ReconcileOptions,
    *,
    approve: Approve | None,
    by: str,
) -> Iterator[RunResult]:
    """
    Reconcile one collection by hand with all that the pull *name* gives.

    Raises:
        PullFailed: Nothing could be read.
        ConfigurationInvalid, ReconcileFailed, StoreUnavailable: As
            `service.reconcile.runner.reconciled`.
    """
    pull = configuration.settings.pulls[name]
    ids = _ids(rules_of(configuration, pull))
    options = replace(options, source=name, pull=True)
    with (
        _client(configuration) as client,
        _locked(client, pull, scheduled=False),
        opened(pull, ids, PullState()) as records,
        runner.reconciled(
            configuration, options, approve=approve, stdin=io.BytesIO(), by=by, records=records
        ) as outcome,
    ):
        yield outcome


def run(configuration: Configuration, name: str, *, by: str, scheduled: bool = False) -> PullResult:
    """
    Pull *name*, and reconcile all its collections.

    Raises:
        ConfigurationInvalid: No mapping reads it.
        ReconcileFailed: It is being pulled already.
        StoreUnavailable: The store did not answer.
    """
    pull = configuration.settings.pulls[name]
    rules = rules_of(configuration, pull)
    with _client(configuration) as client, _locked(client, pull, scheduled=scheduled) as lock:
        past_runs.note_begin(client, place_of(name), scheduled=scheduled)
        result = PullResult()
        try:
            _run(configuration, pull, rules, result, client, lock, by=by, scheduled=scheduled)
        except ProcessorError as error:
            result.code, result.state = 1, "failed"
            result.lines.append(str(error))
            if isinstance(error, PullFailed) and error.retry_after:
                pull_state.note_refused(client, name, error.retry_after)
        except BaseException as error:
            _note_end(client, pull, PullResult(1, "failed", [repr(error)]), lock)
            raise
        _note_end(client, pull, result, lock)
        return result


def _run(
    configuration: Configuration,
    pull: Pull,
    rules: tuple[Rule, ...],
    result: PullResult,
    client: redis.Redis,
    lock: RunLock,
    *,
    by: str,
    scheduled: bool,
) -> None:
    folder = configuration.settings.path.parent
    fingerprint = pull_state.fingerprint_of(pull, configuration.mappings, folder)
    state = pull_state.read(client, pull, fingerprint)
    with opened(pull, _ids(rules), state, moved=lock.check) as records:
        if records is None:
            result.calls = 1
            result.lines.append("304: nothing has changed since the last run")
            return
        if records.size or not pull.asks_since:
            for collection in dict.fromkeys(rule.options.collection for rule in rules):
                _reconcile(configuration, collection, records, result, by=by, scheduled=scheduled)
        else:
            result.lines.append("nothing has changed since the last run")
        result.calls = records.calls
        if records.rest:
            pull_state.note_refused(client, pull.name, records.rest)
        if records.doubt:
            result.code, result.state = 1, "failed" if result.state == "done" else result.state
            if not result.figures:
                result.lines.append(records.doubt)
        elif _is_complete(result):
            # What counts as newer than this reading is to be compared with a later one.
            validators = {} if _is_overtaken(result) else records.validators
            pull_state.keep(lock, pull.name, records.as_of, validators, fingerprint)


def _reconcile(
    configuration: Configuration,
    collection: str,
    records: PulledRecords,
    result: PullResult,
    *,
    by: str,
    scheduled: bool,
) -> None:
    options = ReconcileOptions(collection, source=records.source, scheduled=scheduled, pull=True)
    _await_turn(configuration, collection)
    with runner.reconciled(
        configuration, options, approve=None, stdin=io.BytesIO(), by=by, records=records
    ) as outcome:
        result.figures[collection] = outcome.figures
        result.lines += outcome.lines()
        result.code = max(result.code, outcome.code)
        if outcome.figures["state"] == "held":
            result.state = "held"


def _await_turn(configuration: Configuration, collection: str) -> None:
    """Wait while another run reconciles *collection*; what was read is no older for it."""
    with _client(configuration) as client:
        ends = time.monotonic() + PATIENCE
        while holder(client, collection) is not None and time.monotonic() < ends:
            time.sleep(_LOOK)


def _is_complete(result: PullResult) -> bool:
    """Tell whether nothing has to be read again: all is in step, or held by the store."""
    return result.state == "done" and not any(
        number
        for figures in result.figures.values()
        for kind, number in figures["not_proven"].items()
        if kind not in _HELD_BY_STORE
    )


def _is_overtaken(result: PullResult) -> bool:
    """Tell whether something has changed since, by the store's clock or that of the CMS."""
    return any(figures["told"].get(LATER) for figures in result.figures.values())


@contextmanager
def opened(
    pull: Pull, ids: Ids, state: PullState, *, moved: Callable[[], object] = lambda: None
) -> Iterator[PulledRecords | None]:
    """
    Read *pull*; yield its records, or None where nothing has changed since *state* was kept.

    Raises:
        PullFailed: Nothing could be read.
    """
    as_of, requester = datetime.now(UTC), Requester(pull, moved=moved)

    def once(records: ReadRecords, validators: Mapping[str, str]) -> Reading:
        since = _since(pull, state)
        return read(pull, requester, records, ids, since=since, validators=validators)

    with ReadRecords() as kept:
        reading = once(kept, state.validators)
        if reading.unchanged:
            yield None
            return
        yield PulledRecords(pull, reading, as_of, requester, lambda records: once(records, {}))


def _since(pull: Pull, state: PullState) -> str | None:
    """Return from when on changes are asked for: clocks differ, and transactions take a while."""
    if not pull.asks_since or state.since is None:
        return None
    since = (state.since - timedelta(seconds=MARGIN)).replace(microsecond=0)
    return since.isoformat().replace("+00:00", "Z")


def _ids(rules: tuple[Rule, ...]) -> Ids:
    def ids(payload: Any) -> list[str]:
        keys = (
            f"{rule.options.collection}\0{key}" for rule in rules for key in rule.records(payload)
        )
        return list(dict.fromkeys(keys))

    return ids


@contextmanager
def _client(configuration: Configuration) -> Iterator[redis.Redis]:
    client = connection.connect(configuration.settings.store)
    try:
        connection.reach(client, configuration.settings.store)
        yield client
    finally:
        client.close()


@contextmanager
def _locked(client: redis.Redis, pull: Pull, *, scheduled: bool) -> Iterator[RunLock]:
    with run_lock(client, place_of(pull.name), f"a {'scheduled ' * scheduled}pull") as lock:
        yield lock


def _note_end(client: redis.Redis, pull: Pull, result: PullResult, lock: RunLock) -> None:
    counts: Counter[str] = Counter()
    for figures in result.figures.values():
        counts.update(figures["counts"])
    read, items = (sum(f[name] for f in result.figures.values()) for name in ("records", "items"))
    past_runs.note_end(
        client,
        place_of(pull.name),
        result.code,
        "; ".join(map(str.strip, result.lines)),
        counts,
        state=result.state,
        # A run that has compared nothing proves nothing.
        proven=bool(result.figures) and all(f["proven"] for f in result.figures.values()),
        compared=(read, items) if result.figures else None,
        lock=lock,
        counter=f"pulls:{pull.name}:{result.state}",
    )
