"""Runs ``instep reconcile``, for a person, a pipe or the schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO

from service.config.build import Configuration
from service.reconcile import exit_code, held_plan, report
from service.reconcile.guard_decisions import Approve, decide, with_held
from service.reconcile.lock import BY_HAND, SCHEDULED, RunLock, run_lock
from service.reconcile.loss_proof import is_partial, prove_losses
from service.reconcile.options import ReconcileOptions
from service.reconcile.plan import causes
from service.reconcile.progress import Progress
from service.reconcile.run import ReconcileRun
from service.reconcile.run_end import abandon, ending, note_end, noted
from service.reconcile.run_entry import RunEntry, run_entry
from service.reconcile.run_results import ApplyResult, ComparisonResult
from service.reconcile.snapshot.choice import opened
from service.reconcile.snapshot.mapping_choice import chosen
from service.reconcile.snapshot.records import Records
from service.reconcile.snapshot.rows import Rows
from service.reconcile.state.working_set import WorkingSet
from service.reconcile.time_limit import TimeLimit, watched
from workers.delivery.context import Context
from workers.model.run_limits import RunLease
from workers.model.runs import Kind
from workers.policy.run_guard import RETIRED, GuardDecision
from workers.runtime import jobs
from workers.store import connection, keys
from workers.store.audit import Audit
from workers.store.connection import guarded
from workers.store.losses import Losses


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run; valid while its working set exists."""

    run: ReconcileRun
    figures: dict[str, Any]
    code: int

    def entries(self) -> Iterator[dict[str, Any]]:
        return report.entries(self.run, causes.DIFFERENCES)

    def lines(self) -> Iterator[str]:
        """Yield the lines below them."""
        for number, path, message in self.run.problems[:20]:
            yield f"{self.run.rows.records.word} {number}, {path}: {message}"
        yield from report.lines(self.figures)

    def document(self) -> dict[str, Any]:
        """Return the whole result, ready for JSON."""
        problems = [
            {"number": number, "path": path, "message": message}
            for number, path, message in self.run.problems
        ]
        notes = list(report.entries(self.run, causes.NOTED))
        found = list(self.entries())
        return {
            **self.figures,
            "differences": found,
            "notes": notes,
            "problems": problems,
        }


@contextmanager
def reconciled(
    configuration: Configuration,
    options: ReconcileOptions,
    *,
    approve: Approve | None,
    stdin: BinaryIO,
    by: str,
    records: Records | None = None,
) -> Iterator[RunResult]:
    """
    Carry out *options*, and yield the result.

    Args:
        approve: Asks an operator; None: no operator is present.
        by: Who runs it, for the audit list.
        records: Of a pull; None: *options*, or else instep.toml, name the snapshot.

    Raises:
        ConfigurationInvalid, SnapshotInvalid, ReconcileFailed, StoreUnavailable: nothing, or not
            all, was done; the message says what.
    """
    settings, limit = configuration.settings, TimeLimit()
    collection = settings.collections[options.collection]
    rows = Rows(
        records or opened(configuration, collection, options, stdin),
        chosen(configuration.mappings, collection.name, source=options.source, topic=options.topic),
    )
    context = jobs.build(settings)
    client, work = context.steps.client, SCHEDULED if options.scheduled else BY_HAND
    try:
        connection.reach(client, settings.store)
        with WorkingSet() as table:
            held: list[tuple[RunLock, RunEntry]] = []
            source, writes = rows.chosen.source, options.writes
            configured = not (options.file or options.sql)
            kind: Kind = "pull" if options.pull else "reconcile"
            with (
                ending(options, limit),
                watched(limit, partial(abandon, client, options, limit, held)),
                run_lock(client, collection.name, work, lost=limit.fail) as lock,
                run_entry(
                    context,
                    by,
                    collection.name,
                    source,
                    writes=writes,
                    configured=configured,
                    kind=kind,
                ) as entry,
                noted(client, options, limit, lock, entry),
            ):
                held.append((lock, entry))
                run = ReconcileRun(context, collection, rows, table)
                run.hooks.portion, run.hooks.stage, run.hooks.run = (
                    lock.check,
                    entry.stage,
                    entry.id,
                )
                outcome = carry_out(run, options, approve, limit)
                _audit(context, options, by, outcome.figures)
                note_end(client, options, outcome.code, outcome.figures, lock)
                entry.end(outcome.figures)
            yield outcome
    finally:
        client.close()
        context.wakes.close()


def _audit(
    context: Context, options: ReconcileOptions, by: str, figures: Mapping[str, Any]
) -> None:
    if options.writes:
        told = {name: figures[name] for name in ("run", "source", "found", "left", "state")}
        Audit(context.steps).record(by, "reconcile", options.collection, **told)


def carry_out(
    run: ReconcileRun,
    options: ReconcileOptions,
    approve: Approve | None,
    limit: TimeLimit | None = None,
) -> RunResult:
    """
    Compare, and repair as *options* say.

    Args:
        limit: Learns each stage and every progress.

    Raises:
        SnapshotInvalid, ReconcileFailed, StoreUnavailable: As `reconciled` does.
    """
    before, limit = _calls(run), limit or TimeLimit()
    since = Losses(run.context.steps).number()

    def moved() -> None:
        limit.moved()
        run.hooks.portion()  # raises if the lock is lost

    run.hooks.moved = moved
    found = _confirmed(run, _compare(run, options, limit), options)
    done: ApplyResult | None = None
    asked = None if options.check or options.dry_run else approve
    with limit.waiting(asked is not None):
        decisions: Mapping[str, GuardDecision] = decide(run, found, options, asked)
    if options.dry_run:
        done = run.dry_run(found, decisions)
    elif not options.check:
        done = _act(run, found, decisions, limit, wait=not options.no_wait)
    acted = done is not None and not options.dry_run
    decisions = with_held(run, found, done.decisions if done else decisions, acted=acted)
    unproven = exit_code.unproven(run, found, done, decisions, options)
    figures = report.summary(
        run, found, done, decisions, unproven, _calls(run) - before, dry=options.dry_run
    )
    code = exit_code.exit_code(figures, options)
    proven = code == 0 and not (options.dry_run and figures["found"])
    warnings = [*filter(None, [run.rows.records.doubt]), *run.warnings()]
    warnings += [*(prove_losses(run, options, since) if code == 0 else ())]
    return RunResult(run, figures | {"proven": proven, "warnings": warnings}, code)


def _compare(run: ReconcileRun, options: ReconcileOptions, limit: TimeLimit) -> ComparisonResult:
    records, name = run.rows.records, run.collection.name
    with (
        _stage(
            run,
            limit,
            f"read_{records.unit}",
            f"reading {records.name}",
            records.size,
            records.unit,
        ) as run.hooks.read,
        limit.waiting(options.file == "-"),  # the writer of the pipe may take its time
    ):
        run.read()
    with _stage(run, limit, "items", f"listing {name}", None, "items") as run.hooks.listed:
        pages = run.list()
    limit.begin(f"comparing {name}")
    return run.compare(pages, partial=is_partial(run, options))


def _confirmed(
    run: ReconcileRun, found: ComparisonResult, options: ReconcileOptions
) -> ComparisonResult:
    """Return *found*; nothing is retired if the source may still have what seems to be gone."""
    retires = found.wanted[RETIRED] or (found.waiting and options.retire_up_to is not None)
    doubt = run.rows.records.confirm(run.hooks.moved) if retires else ""
    if not doubt:
        return found
    run.partial = True
    why = replace(found.guard_input, blockers=(*found.guard_input.blockers, doubt))
    return replace(found, guard_input=why)


def _act(
    run: ReconcileRun,
    found: ComparisonResult,
    decisions: Mapping[str, GuardDecision],
    limit: TimeLimit,
    *,
    wait: bool,
) -> ApplyResult:
    total, held = len(run.table.acted(causes.ACTS)), run.hooks.portion

    def portion() -> RunLease | None:
        limit.moved()
        return held()

    run.hooks.portion = portion
    with _stage(
        run, limit, "settled", f"writing {run.collection.name}", total, "records"
    ) as run.hooks.settled:
        overwritten = held_plan.overwrites(run, decisions)
        done = run.act(found, decisions, wait=wait)
        held_plan.keep(run, done.decisions, overwritten)
        return done


@contextmanager
def _stage(
    run: ReconcileRun, limit: TimeLimit, name: str, label: str, total: int | None, unit: str
) -> Iterator[Callable[..., None]]:
    """Begin a stage of the run; yield the function to call with its progress."""
    went, counted, size = limit.begin(label), run.hooks.stage(name), total
    with Progress(label, total, unit) as bar:

        def at(done: int, total: int | None = None) -> None:
            went(done)
            counted(done, total or size)
            bar.at(done, total)

        yield at


def _calls(run: ReconcileRun) -> int:
    with guarded():
        name = keys.destination(run.destination.name)
        return int(run.context.steps.client.hget(name, "calls") or 0)
