"""A way out beside which a snapshot is reconciled: no process, no sleep, the clock is moved."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from service.reconcile import report, runner
from service.reconcile.options import ReconcileOptions
from service.reconcile.plan import causes
from service.reconcile.run import ReconcileRun
from service.reconcile.snapshot.rows import Row
from service.reconcile.state.working_set import WorkingSet
from tests.support.delivery_rig import TYPES, Way, numbered
from workers.config.settings import Guard, Reconcile
from workers.model.changes import Change, FieldProblem, FieldValue, canonical, time_version
from workers.policy import run_guard
from workers.policy.run_guard import KINDS

_RULE = SimpleNamespace(name="Stock", options=SimpleNamespace(version=None))


class Snapshot:
    """
    Rows of a snapshot, mapped.

    Args:
        records: (key, fields, number of the version or None) of each.
        once: Slugs of the fields that are written at creation only.
    """

    def __init__(self, records, *, by, as_of, once=(), margin=60.0):
        self.version = time_version(datetime.fromtimestamp(as_of, UTC))
        self.chosen = SimpleNamespace(source="erp", by=by, rules=(_RULE,))
        self.records = SimpleNamespace(
            read=0,
            margin=margin,
            name="stock",
            size=None,
            unit="rows",
            word="row",
            calls=0,
            partial=False,
            doubt="",
            confirm=lambda _: "",
        )
        self.count = self.bad = 0
        self._given, self._by, self._once = records, by, once

    def __iter__(self):
        for number, (key, fields, version) in enumerate(self._given, start=1):
            self.count += 1
            values = tuple(
                FieldValue(slug, canonical(value), TYPES.get(slug, "plain"), slug in self._once)
                for slug, value in fields.items()
            )
            at = numbered(version)
            yield Row(number, (Change("stock", "products", key, self._by, values, at),), (), (key,))
        for number in range(self.bad):
            self.count += 1
            problem = FieldProblem("qty", "not a number")
            yield Row(self.count, (), (problem,), (f"bad-{number}",))


class Told:
    """What a reconcile has come to."""

    def __init__(self, run, found, decisions, done, way, calls):
        self.found, self.decisions, self.done = found, decisions, done
        self.all = [(finding, outcome) for finding, outcome in run.table.findings()]
        self.shown = list(report.entries(run, causes.DIFFERENCES))
        self.calls = calls
        self.listing = found.pages.calls
        self.warnings = list(run.warnings())

    def by_cause(self):
        """Cause → the keys (or item ids) of the differences."""
        named = {}
        for finding, _ in self.all:
            if finding.cause in causes.DIFFERENCES:
                named.setdefault(finding.cause, []).append(finding.record or finding.item)
        return named

    def told(self):
        return {finding.cause for finding, _ in self.all if finding.cause in causes.NOTES}

    def outcomes(self):
        return {outcome for finding, outcome in self.all if finding.act in causes.ACTS}


class Reconciling(Way):
    """
    Args:
        policy: Of ``[collections.products.reconcile]``.
        guard: Of ``[collections.products.guard]``; by default half of the few items is no mass.

    See `Way` for the rest.
    """

    def __init__(self, store, *, policy=None, guard=None, missing="dead-letter", **options):
        collection = {
            "missing": missing,
            "reconcile": Reconcile(**(policy or {})),
            "guard": Guard(**{"delay": 0.0} | ({"half_from": 1000} if guard is None else guard)),
        }
        super().__init__(store, collection=collection, **{"by": "key"} | options)

    def begin(self, **destination):
        super().begin(**destination)
        wakes = SimpleNamespace(wake=self.queued.add)
        self.context = replace(self.context, wakes=wakes)

    def sleep(self, seconds):
        self.run(60)
        self.pass_time(seconds)

    def products_as_source(self, numbers, version=None, slugs=("stock",)):
        """The records of a source that says what the staged copies hold."""
        return {
            self.record(n): ({slug: self.staged(n)[slug] for slug in slugs}, version)
            for n in numbers
        }

    def snapshot(self, records, once=(), *, ago=0.0, margin=60.0):
        """A snapshot of this moment, or of some seconds *ago*."""
        given = records.items() if isinstance(records, dict) else records
        return Snapshot(
            [(key, fields, version) for key, (fields, version) in given],
            by=self.by,
            as_of=self.now() - ago,
            once=once,
            margin=margin,
        )

    def command(self, records, *, approve=None, bad=0, ago=0.0, run_id=None, **options):
        """
        What the command comes to with *records*: its figures, its exit code and what it says.

        Args:
            bad: Further records that cannot be mapped.
            ago: Seconds since the snapshot was taken.
            run_id: In the list of runs.
            options: Arguments of the command.
        """
        rows = self.snapshot(records, ago=ago)
        rows.bad = bad
        self.forget_requests()
        with WorkingSet() as table:
            collection = self.settings.collections["products"]
            run = ReconcileRun(self.context, collection, rows, table, sleep=self.sleep)
            run.hooks.run = run_id
            outcome = runner.carry_out(run, ReconcileOptions("products", **options), approve)
            said = "\n".join(outcome.lines())
            return SimpleNamespace(
                code=outcome.code,
                said=said,
                unproven={k: n for k, n in outcome.figures["not_proven"].items() if n},
                **{k: v for k, v in outcome.figures.items() if k != "calls"},
            )

    def reconcile(
        self,
        records,
        *,
        partial=False,
        approved=None,
        before=lambda: None,
        dry=False,
        once=(),
        ago=0.0,
        margin=60.0,
        portion=lambda: None,
    ):
        """
        Reconcile with *records*: key → (fields, version).

        Args:
            portion: Asked before each portion is handed over.
            before: Called between the comparison and what is done about it.
            once: Slugs of the fields that are written at creation only.
            ago: Seconds since the snapshot was taken.
            margin: Seconds before that in which a change may have missed it.
            approved: Items, by kind; a number: that many of each.
        """
        rows = self.snapshot(records, once, ago=ago, margin=margin)
        collection = self.settings.collections["products"]
        self.forget_requests()
        with WorkingSet() as table:
            run = ReconcileRun(self.context, collection, rows, table, sleep=self.sleep)
            run.hooks.portion = portion
            run.read()
            found = run.compare(run.list(), partial=partial)
            ceilings = approved if isinstance(approved, dict) else dict.fromkeys(KINDS, approved)
            decisions = {
                kind: run_guard.rule(
                    kind, wanted, found.guard_input, collection.guard, ceilings.get(kind)
                )
                for kind, wanted in found.wanted.items()
            }
            before()
            done = run.dry_run(found, decisions) if dry else run.act(found, decisions, wait=True)
            return Told(run, found, done.decisions, done, self, list(self.requests))
