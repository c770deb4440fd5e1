"""
One reconcile from beginning to end: read, list, compare, ask the guard, act, wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from service.ingest.spool_count import all_waiting
from service.reconcile import forms, live_copies, variants
from service.reconcile.apply.apply import Actor
from service.reconcile.apply.dry_run import stage
from service.reconcile.apply.settlement import Waiting
from service.reconcile.given import Given
from service.reconcile.masses import Masses, limits_of
from service.reconcile.plan.diff import compare
from service.reconcile.plan.field_match import Eye
from service.reconcile.plan.frame import Frame
from service.reconcile.plan.keys import keyless
from service.reconcile.plan.policies import Policies
from service.reconcile.plan.precedence import Precedence
from service.reconcile.plan.sides import Compared, Wanted, has_live
from service.reconcile.proof import Proof
from service.reconcile.run_results import Done, Found, Watch
from service.reconcile.snapshot.mapping_choice import warning
from service.reconcile.snapshot.rows import Rows
from service.reconcile.state.cms_listing import Lister, Pages
from service.reconcile.state.cms_schema import known_schema, options_of, record_keys_of
from service.reconcile.state.outbox_reader import Ledger
from service.reconcile.state.reference_ids import Links
from service.reconcile.state.working_set import Table
from service.reconcile.targets import list_targets, teach
from service.senders import SENDERS
from workers.config.settings import Collection
from workers.delivery.context import Parts
from workers.model.changes import Change
from workers.model.run_limits import RunLimit
from workers.model.versions import Version
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, RETIRED, Ground, Ruling
from workers.store.run_counts import RunCounts
from workers.webflow.record_match import RecordKeys
from workers.webflow.site import Locale

MOST_PROBLEMS = 1000  # of records that are told
_NO_LIMITS: Mapping[str, RunLimit] = MappingProxyType({})


class Run:
    """
    Args:
        rows: Of the snapshot.
        table: Empty.
        sleep: Waits for slots, and between two looks at what is on its way.
    """

    def __init__(
        self,
        parts: Parts,
        collection: Collection,
        rows: Rows,
        table: Table,
        *,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.parts = parts
        self.collection = collection
        self.destination = parts.settings.destinations[collection.destination]
        self.rows = rows
        self.table = table
        self.watch = Watch()
        self._sleep = sleep
        self.problems: list[tuple[int, str, str]] = []  # record number, path, message
        self._ledger = Ledger(parts, collection)
        self._links = Links(parts, collection)
        self.as_of_ms = Version.parse(rows.version).number // 1000
        self.given = Given(parts, collection.name, rows.chosen.source, self.as_of_ms)
        self._locales: tuple[Locale, ...] = ()
        self._bad = self._unread = self._targets = 0
        self._partial = self._beside_live = False
        self.masses = Masses(table, collection)
        self.counts = RunCounts(parts.steps, parts.settings, collection)
        self.proof = Proof(parts, collection, table, source=rows.chosen.source, sleep=sleep)

    def read(self) -> None:
        """
        Read the snapshot into the table.

        Raises:
            SnapshotInvalid: The source cannot be read as a whole.
        """
        for row in self.rows:
            for problem in row.problems:
                if len(self.problems) < MOST_PROBLEMS:
                    self.problems.append((row.number, problem.path, problem.message))
            self._bad += bool(row.problems)
            self._unread += bool(row.problems) and not row.records
            for record in row.records:
                self.table.add_record(record, row.number, ())
            for change in row.changes:
                if change.collection == self.collection.name:
                    wanted = self._wanted(change)
                    self.table.add_record(change.record, row.number, wanted, change.shown)
            self.watch.read(self.rows.records.read)

    def _wanted(self, change: Change) -> list[Wanted]:
        version = change.version or ""
        return [
            Wanted(f.slug, f.value, f.type, version, change.mapping, f.on_create)
            for f in change.fields
        ]

    @property
    def _order(self) -> Precedence:
        sender = self.parts.settings.sources[self.rows.chosen.source].sender
        sequenced = SENDERS[sender].sequenced or self.table.is_sequenced()
        margin, source = self.rows.records.margin, self.rows.chosen.source
        return Precedence(
            self.rows.version, margin, sequenced, source, superseded=self.given.superseded
        )

    def list(self) -> Pages:
        """
        List the collection into the table.

        Raises:
            ReconcileFailed: It cannot be listed.
            StoreUnavailable: The store did not answer.
        """
        self.proof.begin()
        self.table.add_known(self._ledger.ids())
        by, told, moved = self.rows.chosen.by, self.watch.listed, self.watch.moved
        names, more = self._record_keys(by)
        lister = Lister(
            self.parts, self.collection, by, names=names, told=told, moved=moved, sleep=self._sleep
        )
        pages = lister.into(self.table, *self._ledger.begin(self.destination.name))
        pages = replace(pages, calls=pages.calls + more)
        if variants.are_wanted(self.collection, self.table):
            self._locales, calls = variants.locales_of(self.parts, self.collection, self._sleep)
            whole = variants.listed(lister, self.table, self._locales)
            calls += more + lister.calls
            pages = replace(pages, calls=calls, whole=pages.whole and whole)
        if self.destination.live and self.destination.api == "v2":
            pages = live_copies.read(lister, self.table, self._ledger, pages)
        if pages.whole:
            teach(self.parts, self.collection, self.table, self._links)
        self._targets = list_targets(
            self.parts, self.collection, self.table, self._links, self._sleep, moved
        )
        return pages

    def _record_keys(self, by: str) -> tuple[RecordKeys, int]:
        if by == "item":
            return RecordKeys(self.collection), 0
        known = {id: record for record, id in self._ledger.ids()}
        return record_keys_of(self.parts, self.collection, list(self.table.records()), known)

    def compare(self, pages: Pages, *, partial: bool) -> Found:
        """
        Keep in the table what differs, and what is to be done about it; do nothing.

        Raises:
            ReconcileFailed: The labels of option fields cannot be read.
            StoreUnavailable: The store did not answer.
        """
        eye, calls = self._eye()
        self._partial = partial
        frame = Frame(
            eye=eye,
            policies=Policies(self.collection.reconcile),
            now_us=self._ledger.now_us(),
            order=self._order,
            since_ms=pages.since_ms,
            whole=pages.whole,
            partial=partial,
            live=self.destination.live,
            missing=self.collection.missing,
            written=variants.written(self.collection, self._locales),
        )
        for page in self.table.pages():
            held = self._ledger.read([one.record for one in page])
            page = self.given.marked([one.beside(held[one.record]) for one in page])
            self._beside_live = self._beside_live or has_live(page)
            links = self._links.of(page)
            linked = [self._localized(one.linked(links)) for one in page]
            for one in linked:
                self.table.add_findings(compare(one, frame))
            found = (form for one in linked for form in forms.forms(one, frame.eye))
            forms.keep(self.parts, self.collection.name, found)
            self.watch.moved()
        self.table.add_findings(keyless(item) for item in self.table.keyless())
        wanted = self.masses.wanted()
        ground = self._ground(pages, wanted, partial=partial)
        return Found(self.rows.count, self._bad, pages, ground, wanted, calls, self._targets)

    def _ground(self, pages: Pages, wanted: Mapping[str, int], *, partial: bool) -> Ground:
        doubts = run_guard.doubts(
            records=self.rows.count,
            unread=self._unread,
            whole=pages.whole,
            partial=partial,
            items=pages.items,
        )
        counted, size = self.counts.read(), self.table.size("records")
        recent = {CREATED: counted.created, RETIRED: counted.retired}
        loads = counted.first is None and run_guard.is_first_load(items=pages.items, records=size)
        first = wanted[CREATED] if loads else counted.first or 0
        return Ground(pages.items, recent, doubts, first, loads)

    def _localized(self, one: Compared) -> Compared:
        if not self._locales or len(one.items) != 1:
            return one
        return one.localized(dict(self.table.variants(one.items[0].id)))

    def _eye(self) -> tuple[Eye, int]:
        types = self.table.types()
        options, calls = options_of(self.parts, self.collection, types)
        schema, more = known_schema(self.parts, self.collection, types)
        return Eye(self.destination.api, options, schema), calls + more

    def warnings(self) -> Iterator[str]:
        """Yield what is wrong with the mappings, as far as this run has shown it."""
        if self._beside_live and not self._order.sequenced:
            for rule in self.rows.chosen.rules:
                if rule.options.version is None:
                    yield warning(rule.name, self.collection.name)

    def act(self, found: Found, rulings: Mapping[str, Ruling], *, wait: bool) -> Done:
        """
        Hand over what was found, and wait for it.

        Args:
            rulings: Of the guard; nothing is done of a kind that it does not allow.
        """
        self._withhold(rulings)
        self.watch.portion()
        if self.rows.count:
            created = rulings[CREATED]
            self.counts.load(created.wanted if created.first and found.ground.loads else 0)
        variants.told(self.parts, self.collection, self.table, self._locales)
        handed = self._actor(self.parts, found, limits_of(rulings, self.counts)).act()
        self.watch.portion()
        self.given.keep(self.table, whole=not self._partial)
        rulings = {
            kind: replace(ruling, allowed=False, asks=True, words=handed.held[kind])
            if kind in handed.held
            else ruling
            for kind, ruling in rulings.items()
        }
        return Done(handed, self.waiting().wait(patient=wait), rulings)

    def spooled(self) -> int:
        """Return the deliveries that wait on disk, of all machines as far as they have told."""
        return all_waiting(self.parts.settings.store.data, self.parts.steps.client).deliveries

    def waiting(self) -> Waiting:
        """Return what waits for all that was handed over."""
        return Waiting(
            self.parts, self.collection, self.table, told=self.watch.settled, sleep=self._sleep
        )

    def rehearse(self, found: Found, rulings: Mapping[str, Ruling]) -> Done:
        """
        Do the same on a store of its own, with a CMS on paper: nothing is written.

        Raises:
            StoreUnavailable: No store could be started for it.
            ReconcileFailed: The collection's fields cannot be read.
        """
        self._withhold(rulings)
        with stage(self.parts, self.collection, self.table, self._locales) as rehearsal:
            handed = self._actor(rehearsal.parts, found, _NO_LIMITS).act()
            calls = rehearsal.play()
            waiting = Waiting(rehearsal.parts, self.collection, self.table)
            return Done(handed, waiting.wait(patient=False), rulings, calls)

    def _withhold(self, rulings: Mapping[str, Ruling]) -> None:
        for ruling in rulings.values():
            if not ruling.allowed:
                self.masses.withhold(ruling)

    def _actor(self, parts: Parts, found: Found, limits: Mapping[str, RunLimit]) -> Actor:
        return Actor(
            parts,
            self.collection,
            self.table,
            source=self.rows.chosen.source,
            by=self.rows.chosen.by,
            began_ms=found.pages.began_ms,
            order=self._order,
            limits=limits,
            # The lock lies in the store of the run alone.
            portion=self.watch.portion if parts is self.parts else lambda: None,
        )
