"""A way out beside which a snapshot is reconciled: no process, no sleep, the clock is moved."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from delivering import TYPES, Way, numbered

from service.reconcile import causes, guard, report
from service.reconcile.rows import Row
from service.reconcile.run import Run
from service.reconcile.table import Table
from workers.changes import Change, FieldValue, canonical, time_version
from workers.settings import Reconcile


class Snapshot:
    """
    Rows of a snapshot, mapped.

    Args:
        records: (key, fields, number of the version or None) of each.
        once: Slugs of the fields that are written at creation only.
    """

    def __init__(self, records, *, by, as_of, once=(), margin=60.0):
        self.version = time_version(datetime.fromtimestamp(as_of, UTC))
        self.chosen = SimpleNamespace(source="erp", by=by)
        self.records = SimpleNamespace(read=0, margin=margin)
        self.count = 0
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


class Told:
    """What a reconcile has come to."""

    def __init__(self, run, found, ruling, done, way, calls):
        self.found, self.ruling, self.done = found, ruling, done
        self.all = [(finding, outcome) for finding, outcome in run.table.findings()]
        self.shown = list(report.entries(run, causes.DIFFERENCES))
        self.calls = calls
        self.listing = found.pages.calls

    def by_cause(self):
        """Cause → the keys (or item ids) of the differences."""
        named = {}
        for finding, _ in self.all:
            if finding.cause in causes.DIFFERENCES:
                named.setdefault(finding.cause, []).append(finding.record or finding.item)
        return named

    def told(self):
        return {finding.cause for finding, _ in self.all if finding.cause in causes.TOLD}

    def outcomes(self):
        return {outcome for finding, outcome in self.all if finding.act in causes.ACTS}


class Reconciling(Way):
    """Args: policy: of ``[collections.products.reconcile]``; see `Way` for the rest."""

    def __init__(self, store, *, policy=None, missing="dead-letter", **options):
        collection = {"missing": missing, "reconcile": Reconcile(**(policy or {}))}
        super().__init__(store, collection=collection, **{"by": "key"} | options)

    def begin(self, **destination):
        super().begin(**destination)
        wakes = SimpleNamespace(wake=self.queued.add)
        self.parts = replace(self.parts, wakes=wakes)

    def sleep(self, seconds):
        self.run(60)
        self.pass_time(seconds)

    def products_as_source(self, numbers, version=None, slugs=("stock",)):
        """The records of a source that says what the staged copies hold."""
        return {
            self.record(n): ({slug: self.staged(n)[slug] for slug in slugs}, version)
            for n in numbers
        }

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
    ):
        """
        Reconcile with *records*: key → (fields, version).

        Args:
            before: Called between the comparison and what is done about it.
            once: Slugs of the fields that are written at creation only.
            ago: Seconds since the snapshot was taken.
            margin: Seconds before that in which a change may have missed it.
        """
        given = records.items() if isinstance(records, dict) else records
        rows = Snapshot(
            [(key, fields, version) for key, (fields, version) in given],
            by=self.by,
            as_of=self.now() - ago,
            once=once,
            margin=margin,
        )
        collection = self.settings.collections["products"]
        self.forget_requests()
        with Table() as table:
            run = Run(self.parts, collection, rows, table, sleep=self.sleep)
            run.read()
            found = run.compare(run.list(), partial=partial)
            ruling = guard.rule(found.retiring, found.ground, collection.reconcile, approved)
            before()
            done = None
            if dry:
                done = run.rehearse(found, ruling)
            elif ruling.allowed or not ruling.asks:
                done = run.act(found, ruling, wait=True)
            return Told(run, found, ruling, done, self, list(self.requests))
