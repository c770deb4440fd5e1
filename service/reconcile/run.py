"""One reconcile from beginning to end: read, list, compare, ask the guard, act, wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace

from service.reconcile.apply.apply import Applier
from service.reconcile.apply.dry_run import prepared
from service.reconcile.apply.guard_counts import GuardCounts, limits_of
from service.reconcile.apply.proof import RunProof
from service.reconcile.apply.settlement import SettlementWait
from service.reconcile.plan import causes
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.diff import compare
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.key_conflicts import keyless
from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField, has_live
from service.reconcile.plan.policies import Policies
from service.reconcile.plan.precedence import Precedence
from service.reconcile.plan.written_variants import WrittenVariants
from service.reconcile.run_results import ApplyResult, ComparisonResult, RunHooks
from service.reconcile.snapshot.mapping_choice import warning
from service.reconcile.snapshot.rows import Rows
from service.reconcile.state import live_copies, locale_variants, stored_forms
from service.reconcile.state.cms_listing import CmsLister, Listing
from service.reconcile.state.cms_schema import known_schema, options_of, record_keys_of
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.reference_ids import ReferenceIds
from service.reconcile.state.reference_listing import list_targets, update_index
from service.reconcile.state.source_records import SourceRecords
from service.reconcile.state.staged_items import StagedItems
from service.reconcile.state.working_set import WorkingSet
from service.senders import SENDERS
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.model.changes import Change
from workers.model.run_limits import RunLimit
from workers.model.versions import Version
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, RETIRED, GuardDecision
from workers.store.run_counts import RunCounts
from workers.webflow.site import Locale

MOST_PROBLEMS = 1000  # of records that are reported


@dataclass(eq=False)
class ReconcileRun:
    """
    One run.

    Args:
        rows: Of the snapshot.
        table: Empty.
        sleep: Waits for slots, and between two checks of what is pending.

    Raises (every method):
        SnapshotInvalid: The snapshot cannot be read as a whole.
        ReconcileFailed: The CMS cannot be listed, or its schema cannot be read.
        StoreUnavailable: The store did not answer, or none could be started for a dry run.
    """

    context: Context
    collection: Collection
    rows: Rows
    table: WorkingSet
    _: KW_ONLY
    sleep: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        source = self.rows.chosen.source
        self.destination = self.context.settings.destinations[self.collection.destination]
        self.hooks = RunHooks()
        self.problems: list[tuple[int, str, str]] = []  # record number, path, message
        self._outbox = OutboxReader(self.context, self.collection)
        self._links = ReferenceIds(self.context, self.collection)
        self.as_of_ms = Version.parse(self.rows.version).number // 1000
        self.source_records = SourceRecords(
            self.context, self.collection.name, source, self.as_of_ms
        )
        self._staged = StagedItems(self.context, self.collection, self.table, self._outbox)
        self._locales: tuple[Locale, ...] = ()
        self._bad = self._unread = self._targets = 0
        self.partial = self._beside_live = False
        self.guard_counts = GuardCounts(self.table, self.collection)
        self.counts = RunCounts(self.context.steps, self.context.settings, self.collection)
        self.proof = RunProof(
            self.context, self.collection, self.table, source=source, sleep=self.sleep
        )

    def read(self) -> None:
        """Read the snapshot into the table."""
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
            self.hooks.read(self.rows.records.read)

    def _wanted(self, change: Change) -> list[SourceField]:
        version = change.version or ""
        return [
            SourceField(f.slug, f.value, f.type, version, change.mapping, f.on_create)
            for f in change.fields
        ]

    @property
    def _order(self) -> Precedence:
        margin, source = self.rows.records.margin, self.rows.chosen.source
        sender = SENDERS.get(self.context.settings.all_sources[source].sender)
        sequenced = (sender is not None and sender.sequenced) or self.table.is_sequenced()
        return Precedence(
            self.rows.version, margin, sequenced, source, superseded=self.source_records.superseded
        )

    def list(self) -> Listing:
        """List the collection into the table."""
        self.proof.begin()
        self.table.add_known(self._outbox.ids())
        by, on_progress, moved = self.rows.chosen.by, self.hooks.listed, self.hooks.moved
        names, more = record_keys_of(self.context, self.collection, by, list(self.table.records()))
        lister = CmsLister(
            self.context,
            self.collection,
            by,
            names=names,
            on_progress=on_progress,
            moved=moved,
            sleep=self.sleep,
        )
        pages = lister.into(self.table, *self._outbox.begin(self.destination.name))
        pages = replace(pages, calls=pages.calls + more)
        if locale_variants.are_wanted(self.collection, self.table):
            self._locales, calls = locale_variants.locales_of(
                self.context, self.collection, self.sleep
            )
            whole = locale_variants.list_into(lister, self.table, self._locales)
            calls += more + lister.calls
            pages = replace(pages, calls=calls, whole=pages.whole and whole)
        if self.destination.live and self.destination.api == "v2":
            pages = live_copies.read(lister, self.table, self._outbox, pages)
        pages = self._staged.read(lister, pages)
        if pages.whole:
            update_index(self.context, self.collection, self.table, self._links)
        self._targets = list_targets(
            self.context, self.collection, self.table, self._links, self.sleep, moved
        )
        return pages

    def compare(self, pages: Listing, *, partial: bool) -> ComparisonResult:
        """Keep differences and repairs in the table; change nothing else."""
        matcher, calls = self._matcher()
        self.partial = partial
        comparison = Comparison(
            matcher=matcher,
            policies=Policies(self.collection.reconcile),
            now_us=self._outbox.now_us(),
            order=self._order,
            since_ms=pages.since_ms,
            whole=pages.whole,
            partial=partial,
            live=self.destination.live,
            missing=self.collection.missing,
            written=WrittenVariants(self.collection.locales, tuple(x.tag for x in self._locales)),
            asks=self._outbox.asks(),
            stages=self._staged.stages,
            keys=self.collection.keys,
        )
        for page in self.table.pages():
            held = self._outbox.read([one.record for one in page])
            page = self.source_records.marked([replace(one, held=held[one.record]) for one in page])
            self._beside_live = self._beside_live or has_live(page)
            links = self._links.of(page)
            page = [replace(one, links=links, variants=self._variants(one)) for one in page]
            for one in page:
                self.table.add_findings(compare(one, comparison))
            found = (form for one in page for form in stored_forms.forms(one, comparison.matcher))
            stored_forms.keep(self.context, self.collection.name, found)
            self.hooks.moved()
        self.table.add_findings(keyless(item) for item in self.table.keyless())
        wanted = self.guard_counts.wanted()
        blockers = run_guard.blockers(
            records=self.rows.count,
            unread=self._unread,
            whole=pages.whole,
            partial=partial,
            items=pages.items,
        )
        guard_input = self.guard_counts.input(pages.items, wanted, self.counts.read(), blockers)
        return ComparisonResult(
            *(self.rows.count, self._bad, pages, guard_input, wanted, calls, self._targets),
            len(self.table.acted((causes.HELD,))),
        )

    def _variants(self, one: ComparedRecord) -> Mapping[str, ListedItem]:
        alone = self._locales and len(one.items) == 1
        return dict(self.table.variants(one.items[0].id)) if alone else {}

    def _matcher(self) -> tuple[FieldMatcher, int]:
        types = {*self.table.types_by_slug().values()}
        options, calls = options_of(self.context, self.collection, types)
        schema, more = known_schema(self.context, self.collection, types, self.sleep)
        return FieldMatcher(self.destination.api, options, schema), calls + more

    def warnings(self) -> Iterator[str]:
        """Yield problems of the mappings that this run has shown."""
        if self._beside_live and not self._order.sequenced:
            for rule in self.rows.chosen.rules:
                if rule.options.version is None:
                    yield warning(rule.name, self.collection.name)

    def act(
        self, found: ComparisonResult, decisions: Mapping[str, GuardDecision], *, wait: bool
    ) -> ApplyResult:
        """
        Hand over the findings, and wait for them; kinds that *decisions* of the guard do not allow
        are withheld, but for retirements that an approval would allow: the store holds them.
        """
        self._withhold(decisions, dry=False)
        self.hooks.portion()
        if self.rows.count:
            created = decisions[CREATED]
            self.counts.load(created.wanted if created.first and found.guard_input.loads else 0)
        locale_variants.record(self.context, self.collection, self.table, self._locales)
        # Before anything is written: what somebody else has staged is not taken for Instep's then.
        self._staged.note(self.hooks.portion)
        approved = decisions[RETIRED].allowed and decisions[RETIRED].most is None
        limits = limits_of(decisions, self.counts)
        handed = self._actor(self.context, found, limits, approved=approved).act()
        self.hooks.portion()
        self.source_records.keep(self.table, whole=not self.partial)
        decisions = {
            kind: replace(decision, allowed=False, asks=True, words=handed.held[kind])
            if kind in handed.held
            else decision
            for kind, decision in decisions.items()
        }
        return ApplyResult(handed, self.waiting().wait(patient=wait), decisions)

    def waiting(self) -> SettlementWait:
        """Return the wait for everything that was handed over."""
        return SettlementWait(
            self.context,
            self.collection,
            self.table,
            on_progress=self.hooks.settled,
            sleep=self.sleep,
            source=self.rows.chosen.source,
        )

    def dry_run(
        self, found: ComparisonResult, decisions: Mapping[str, GuardDecision]
    ) -> ApplyResult:
        """Do the same on a store of its own, with a fake CMS: nothing is written."""
        self._withhold(decisions, dry=True)
        with prepared(self.context, self.collection, self.table, self._locales) as dry:
            handed = self._actor(dry.context, found, {}, approved=True).act()
            calls = dry.play()
            waiting = SettlementWait(dry.context, self.collection, self.table)
            return ApplyResult(handed, waiting.wait(patient=False), decisions, calls)

    def _withhold(self, decisions: Mapping[str, GuardDecision], *, dry: bool) -> None:
        for decision in decisions.values():
            holds = decision.kind == RETIRED and decision.asks and not dry
            if not decision.allowed:
                self.guard_counts.withhold(decision, again=holds)

    def _actor(
        self,
        context: Context,
        found: ComparisonResult,
        limits: Mapping[str, RunLimit],
        *,
        approved: bool,
    ) -> Applier:
        return Applier(
            context,
            self.collection,
            self.table,
            source=self.rows.chosen.source,
            by=self.rows.chosen.by,
            began_ms=found.pages.began_ms,
            order=self._order,
            limits=limits,
            approved=approved,
            # Only the store of the real run has the lock.
            portion=self.hooks.portion if context is self.context else lambda: None,
            run=self.hooks.run,
        )
