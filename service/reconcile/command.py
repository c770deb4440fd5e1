"""
What ``instep reconcile`` carries out, for a person, a pipe or the schedule.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import redis

from service.configuration import Configuration
from service.reconcile import causes, conclusion, report, schedule
from service.reconcile.choosing import chosen
from service.reconcile.lock import held_for
from service.reconcile.masses import FLAGS, Question
from service.reconcile.progress import Progress
from service.reconcile.rows import Rows
from service.reconcile.run import Run
from service.reconcile.run_results import Done, Found
from service.reconcile.sources import from_file
from service.reconcile.sources.base import Records, Shape
from service.reconcile.table import Table
from service.reconcile.wishes import Wishes
from workers import jobs
from workers.errors import ConfigurationInvalid, Problem, ProcessorError
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, OVERWRITTEN, RETIRED, Ruling
from workers.settings import Collection
from workers.store import connection
from workers.store.connection import guarded
from workers.store.losses import Losses

Approve = Callable[[Question], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has come to, while its table is there."""

    run: Run
    figures: dict[str, Any]
    code: int

    @property
    def total(self) -> int:
        """How many differences there are."""
        return int(self.figures["found"])

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield every difference."""
        return report.entries(self.run, causes.DIFFERENCES)

    def lines(self) -> Iterator[str]:
        """Yield what is said below them."""
        for number, path, message in self.run.problems[:20]:
            yield f"{self.run.rows.records.word} {number}, {path}: {message}"
        yield from report.lines(self.figures)
        yield from self.run.warnings()

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        problems = [
            {"number": number, "path": path, "message": message}
            for number, path, message in self.run.problems
        ]
        told = list(report.entries(self.run, causes.NOTED))
        found = list(self.entries())
        warnings = list(self.run.warnings())
        return {
            **self.figures,
            "warnings": warnings,
            "differences": found,
            "notes": told,
            "problems": problems,
        }


@contextmanager
def carried_out(
    configuration: Configuration,
    wishes: Wishes,
    *,
    approve: Approve | None,
    stdin: BinaryIO,
) -> Iterator[Outcome]:
    """
    Carry out *wishes*, and yield what came of it.

    Args:
        approve: Asks an operator; None: nobody is there to be asked.

    Raises:
        ConfigurationInvalid, SnapshotInvalid, ReconcileFailed, StoreUnavailable: nothing, or not
            all, was done; the message says what.
    """
    settings = configuration.settings
    collection = settings.collections[wishes.collection]
    rows = Rows(
        _records(configuration, collection, wishes, stdin),
        chosen(configuration.mappings, collection.name, source=wishes.source, topic=wishes.topic),
    )
    parts = jobs.build(settings)
    try:
        connection.reach(parts.steps.client, settings.store)
        client = parts.steps.client
        with held_for(client, collection.name), _noted(client, wishes) as note, Table() as table:
            losses = Losses(parts.steps)
            since = losses.number()
            outcome = carry_out(Run(parts, collection, rows, table), wishes, approve)
            if outcome.code == 0 and _compares_all(wishes, collection):
                losses.proven(collection.name, since, settings.collections)
            note(outcome)
            yield outcome
    finally:
        parts.steps.client.close()
        parts.wakes.close()


@contextmanager
def _noted(client: redis.Redis, wishes: Wishes) -> Iterator[Callable[[Outcome], object]]:
    """Keep in the store that a run that writes began, and how it ended."""
    if wishes.check or wishes.dry_run:
        yield lambda _: None
        return
    name = wishes.collection
    schedule.note_begin(client, name)
    ends: list[Outcome] = []
    try:
        yield ends.append
    except ProcessorError as error:
        if not ends:
            schedule.note_end(client, name, 1, str(error))
        raise
    finally:
        for outcome in ends:
            said, figures = "; ".join(report.lines(outcome.figures)), outcome.figures
            counts, state = figures["counts"], figures["state"]
            schedule.note_end(client, name, outcome.code, said, counts, state=state)


def carry_out(run: Run, wishes: Wishes, approve: Approve | None) -> Outcome:
    """
    Compare, and do what is wished about it.

    Raises:
        SnapshotInvalid, ReconcileFailed, StoreUnavailable: As `carried_out` does.
    """
    before = _calls(run)
    found = _compare(run, partial=wishes.partial or run.collection.reconcile.partial)
    done: Done | None = None
    asked = None if wishes.check or wishes.dry_run else approve
    rulings: Mapping[str, Ruling] = _rulings(run, found, wishes, asked)
    if wishes.dry_run:
        done = run.rehearse(found, rulings)
    elif not wishes.check:
        done = _act(run, found, rulings, wait=not wishes.no_wait)
    rulings = done.rulings if done else rulings
    unproven = conclusion.unproven(run, found, done, rulings, wishes)
    figures = report.summary(
        run, found, done, rulings, unproven, _calls(run) - before, dry=wishes.dry_run
    )
    code = conclusion.exit_code(figures, wishes)
    proven = code == 0 and not (wishes.dry_run and figures["found"])
    return Outcome(run, figures | {"proven": proven}, code)


def _compare(run: Run, *, partial: bool) -> Found:
    records = run.rows.records
    with Progress(f"reading {records.name}", records.size, records.unit) as bar:
        run.watch.read = bar.at
        run.read()
    with Progress(f"listing {run.collection.name}", None, "items") as bar:
        run.watch.listed = lambda items, total: bar.at(items, f"of {total}" if total else "")
        pages = run.list()
    return run.compare(pages, partial=partial)


def _rulings(run: Run, found: Found, wishes: Wishes, approve: Approve | None) -> dict[str, Ruling]:
    """Return what the guard says of each kind; an operator who is there is asked."""
    ceilings = {
        CREATED: wishes.create_up_to,
        OVERWRITTEN: wishes.overwrite_up_to,
        RETIRED: wishes.retire_up_to,
    }
    rulings = {}
    for kind, wanted in found.wanted.items():
        ceiling, limits = ceilings[kind], run.collection.guard
        ruling = run_guard.rule(kind, wanted, found.ground, limits, ceiling)
        if ruling.asks:
            if approve is not None and approve(run.masses.question(ruling)):
                ruling = run_guard.rule(kind, wanted, found.ground, limits, wanted)
            else:
                words = f"{ruling.words}: {FLAGS[kind]} {wanted} approves it"
                ruling = replace(ruling, words=words)
        rulings[kind] = ruling
    return rulings


def _act(run: Run, found: Found, rulings: Mapping[str, Ruling], *, wait: bool) -> Done:
    total = len(run.table.acted(causes.ACTS))
    with Progress(f"writing {run.collection.name}", total, "records") as bar:
        run.watch.settled = bar.at
        return run.act(found, rulings, wait=wait)


def _compares_all(wishes: Wishes, collection: Collection) -> bool:
    """Return whether exit 0 speaks of every record and item as they are at the end of the run."""
    partial = wishes.partial or collection.reconcile.partial
    return not (partial or wishes.no_wait or wishes.dry_run)


def _calls(run: Run) -> int:
    with guarded():
        name = f"instep:destination:{run.destination.name}"
        return int(run.parts.steps.client.hget(name, "calls") or 0)


def _records(
    configuration: Configuration, collection: Collection, wishes: Wishes, stdin: BinaryIO
) -> Records:
    if wishes.file and wishes.sql:
        raise _usage("FILE and --sql", "one of them", "name one snapshot")
    file, sql = _named(configuration, collection, wishes)
    now, shape = (
        datetime.now(UTC),
        Shape(wishes.under, wishes.delimiter, wishes.list_, wishes.encoding),
    )
    if sql is not None:
        from service.reconcile.sources.sql import SqlRecords

        return SqlRecords(*sql, now=now, environ=os.environ, shape=shape)
    if file is None:
        do = f"name one, or file or sql in [collections.{collection.name}.reconcile]"
        raise _usage("no FILE", "a snapshot of the source", do)
    return from_file(file, now=now, form=wishes.form, shape=shape, as_of=wishes.as_of, stdin=stdin)


def _named(
    configuration: Configuration, collection: Collection, wishes: Wishes
) -> tuple[str | None, tuple[str, str] | None]:
    """Return the file or the database that is to be read: what is given, else instep.toml's."""
    own = collection.reconcile
    if wishes.file or wishes.sql:
        return wishes.file, wishes.sql
    if own.sql is not None and own.query is not None:
        return None, (own.sql, own.query)
    return str(configuration.settings.path.parent / own.file) if own.file else None, None


def _usage(found: str, expected: str, do: str) -> ConfigurationInvalid:
    return ConfigurationInvalid([Problem("instep reconcile", found, expected, do)])
