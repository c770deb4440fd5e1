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
from service.reconcile import causes, guard, report, schedule
from service.reconcile.choosing import chosen
from service.reconcile.guard import Ruling
from service.reconcile.lock import held_for
from service.reconcile.progress import Progress
from service.reconcile.rows import Rows
from service.reconcile.run import Done, Found, Run
from service.reconcile.sources import from_file
from service.reconcile.sources.base import Records, Shape
from service.reconcile.table import Table
from workers import jobs
from workers.errors import ConfigurationInvalid, Problem, ProcessorError
from workers.settings import Collection
from workers.store import connection
from workers.store.connection import guarded
from workers.store.losses import Losses


@dataclass(frozen=True, slots=True)
class Wishes:
    """The arguments of the command, as given."""

    collection: str
    file: str | None = None
    sql: tuple[str, str] | None = None
    form: str | None = None
    under: str | None = None
    list_: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    source: str | None = None
    topic: str | None = None
    as_of: datetime | None = None
    partial: bool = False
    check: bool = False
    dry_run: bool = False
    retire_up_to: int | None = None
    no_wait: bool = False
    scheduled: bool = False


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

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        problems = [
            {"number": number, "path": path, "message": message}
            for number, path, message in self.run.problems
        ]
        told = list(report.entries(self.run, causes.NOTED))
        found = list(self.entries())
        return {**self.figures, "differences": found, "notes": told, "problems": problems}


@contextmanager
def carried_out(
    configuration: Configuration,
    wishes: Wishes,
    *,
    approve: Callable[[str], bool] | None,
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
            outcome = _carry_out(Run(parts, collection, rows, table), wishes, approve)
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
            said = "; ".join(report.lines(outcome.figures))
            schedule.note_end(client, name, outcome.code, said, outcome.figures["counts"])


def _carry_out(run: Run, wishes: Wishes, approve: Callable[[str], bool] | None) -> Outcome:
    before = _calls(run)
    found = _compare(run, partial=wishes.partial or run.collection.reconcile.partial)
    done: Done | None = None
    ruling = Ruling(allowed=False)
    if not wishes.check:
        ruling = _ruling(run, found, wishes, approve)
        if wishes.dry_run:
            done = run.rehearse(found, ruling)
        elif ruling.allowed or not ruling.asks:
            done = _act(run, found, ruling, wait=not wishes.no_wait)
    figures = report.summary(run, found, done, ruling, _calls(run) - before, dry=wishes.dry_run)
    return Outcome(run, figures, _code(figures, ruling, wishes))


def _compare(run: Run, *, partial: bool) -> Found:
    records = run.rows.records
    with Progress(f"reading {records.name}", records.size, records.unit) as bar:
        run.watch.read = bar.at
        run.read()
    with Progress(f"listing {run.collection.name}", None, "items") as bar:
        run.watch.listed = lambda items, total: bar.at(items, f"of {total}" if total else "")
        pages = run.list()
    return run.compare(pages, partial=partial)


def _ruling(
    run: Run, found: Found, wishes: Wishes, approve: Callable[[str], bool] | None
) -> Ruling:
    limits = run.collection.reconcile
    ruling = guard.rule(found.retiring, found.ground, limits, wishes.retire_up_to)
    if not ruling.asks:
        return ruling
    if approve is not None and approve(ruling.words):
        return guard.rule(found.retiring, found.ground, limits, found.retiring)
    advice = f"nothing was changed; --retire-up-to {found.retiring} approves it"
    return replace(ruling, words=f"{ruling.words}: {advice}")


def _act(run: Run, found: Found, ruling: Ruling, *, wait: bool) -> Done:
    total = len(run.table.acted(causes.ACTS))
    with Progress(f"writing {run.collection.name}", total, "records") as bar:
        run.watch.settled = bar.at
        return run.act(found, ruling, wait=wait)


def _code(figures: Mapping[str, Any], ruling: Ruling, wishes: Wishes) -> int:
    """
    0: in step, or what the policies leave; 1: differences are left, something could not be
    compared, or the guard has stopped.
    """
    unproven = bool(figures["told"].get(causes.UNFIT))
    if wishes.check:
        return 1 if figures["found"] or unproven else 0
    if ruling.asks or figures["unmapped"] or unproven:
        return 1
    if wishes.no_wait or wishes.dry_run:
        return 0
    return 1 if figures["left"] else 0


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
