"""
Applies the findings of a comparison: accepts changes, writes values again, retires orphans.

Every step compares versions and arrival numbers, so that a newer live event wins.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from itertools import groupby
from typing import Literal, cast

from service.reconcile.apply.applied import Applied
from service.reconcile.apply.field_values import change_of, field_value, shown_of, wanted_of
from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.model import SourceField
from service.reconcile.plan.precedence import Precedence, is_news
from service.reconcile.state.chunks import chunks, parts
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.model.changes import HOLD_MOST, Change, Delivery
from workers.model.retirement import GONE
from workers.model.run_limits import RunLease, RunLimit
from workers.policy.run_guard import CREATED, RETIRED
from workers.store.acceptance import Accepted
from workers.store.rewrites import Repair, Repaired, Repairs

Kind = Literal["archive", "draft", "unpublish", "delete"]
BY = "reconcile --retire-up-to"  # who approves what was held
AT_ONCE = 50  # records of one step of ours alone: it sends nothing
HOLD = 1.0  # s until what is handed over is due, and for each page of records
PER_PAGE = 0.25  # more: all of it becomes due at one time, so that batches fill
_MISSING = (causes.CREATE, causes.DEAD_LETTER, causes.IGNORE)


@dataclass(eq=False)
class Applier:
    """
    Applies one run.

    Args:
        source: Of the mappings: the changes are counted as its own.
        began_ms: Start of the listing, by the store's clock.
        order: Whether snapshot or outbox is newer.
        limits: The most that the store accepts of a kind (`RunLimit`); other kinds are not limited.
        approved: An operator has approved its retirements: none of them is held.
        portion: Checks the lock of the run before each portion; raises if it is lost.
        run: Its id (`workers.store.runs`); None: it is a dry run.
    """

    context: Context
    collection: Collection
    table: WorkingSet
    _: KW_ONLY
    source: str
    by: Literal["key", "item"]
    began_ms: int
    order: Precedence
    limits: Mapping[str, RunLimit]
    approved: bool = False
    portion: Callable[[], RunLease | None] = lambda: None
    run: str | None = None

    def __post_init__(self) -> None:
        self._destination = self.context.settings.destinations[self.collection.destination]
        self._kind = cast(Kind, self.collection.reconcile.orphans)
        self._due = 0.0  # time.monotonic() at which everything handed over becomes due
        self._outbox = OutboxReader(self.context, self.collection)
        self._repairs = Repairs(self.context.steps, self.context.settings)

    def act(self) -> Applied:
        """
        Hand over every repair.

        Raises:
            StoreUnavailable: What was handed over before stands; a second run does the rest.
        """
        pages = -(-len(self.table.acted(causes.ACTS)) // PAGE)
        self._due = time.monotonic() + min(HOLD_MOST, HOLD + pages * PER_PAGE)
        self._retiring = len(self.table.acted((causes.RETIRE,)))
        done = Applied()
        for acts, hand_over in (
            ((causes.BACK,), self._bring_back),
            ((causes.ADOPT,), self._adopt),
            ((causes.REPAIR,), self._repair),
            ((causes.AGAIN,), lambda chunk: self._make(chunk, gone=True)),
            (_MISSING, lambda chunk: self._make(chunk, gone=False)),
            ((causes.ACCEPT,), self._take),
            ((causes.APPROVE,), self._approve),
            ((causes.RETIRE,), self._retire),
        ):
            found = self.table.findings(*acts)
            for chunk in chunks(found, AT_ONCE) if causes.ADOPT in acts else chunks(found):
                done += hand_over(chunk)
        return done

    # by kind --------------------------------------------------------------------------------

    def _repair(self, chunk: Sequence[list[Finding]]) -> Applied:
        repairs = [
            Repair(
                own[0].record or "",
                own[0].item,
                tuple((each.slug or "", each.arrival) for each in own),
                staged=self._is_held_back(own[0]),
                before={each.slug or "": shown for each in own if (shown := shown_of(each))},
            )
            for own in chunk
        ]
        return self._write(repairs)

    def _bring_back(self, chunk: Sequence[list[Finding]]) -> Applied:
        repairs = [Repair(own[0].record or "", own[0].item, back=True) for own in chunk]
        return self._write(repairs)

    def _adopt(self, chunk: Sequence[list[Finding]]) -> Applied:
        """Accept as confirmed what the items show already; nothing is sent."""
        changes = []
        for own in chunk:
            item = self.table.item(own[0].item or "")
            stood = item.updated if item is not None else None
            news = self._changes(own[0].record or "", wanted_of(own)) if stood else ()
            changes.append([replace(change, stands=stood) for change in news])
        self._accept(changes)
        return Applied()

    def _make(self, chunk: Sequence[list[Finding]], *, gone: bool) -> Applied:
        """Create items that are missing, or do what `missing` says."""
        creates = self.collection.missing == "create"
        before = self._outbox.read([own[0].record or "" for own in chunk])
        repairs = [
            Repair(
                own[0].record or "",
                own[0].item,
                gone=gone,
                make=creates,
                back=self.order.lifts(before[own[0].record or ""].gone),
            )
            for own in chunk
        ]
        back = any(repair.back for repair in repairs)
        limit = self.limits.get(CREATED) if creates else None
        done = Applied()
        if gone or creates or back:
            # A recreated item is counted here, a new one when its values are accepted.
            done = self._write(repairs, limit if gone else None)
            if done.held:
                return self._held(CREATED, chunk)
        held = self._outbox.read([own[0].record or "" for own in chunk])
        changes = []
        for own in chunk:
            record = own[0].record or ""
            own_held, wanted = held[record], self.table.wanted_of(record)
            news = []
            for each in wanted:
                field, away = own_held.fields.get(each.slug), own_held.gone
                if is_news(each, field, away, self.order):
                    version = self.order.version(each.version, (field, away))
                    news.append(replace(each, version=version))
            changes.append(list(self._changes(record, news)))
        handed = self._accept(changes, None if gone else limit)
        return self._held(CREATED, chunk) if handed.held else done + handed

    def _take(self, chunk: Sequence[list[Finding]]) -> Applied:
        staged = [
            Repair(own[0].record or "", own[0].item, staged=True)
            for own in chunk
            if self._is_held_back(own[0])
        ]
        if staged:
            self._write(staged)
        return self._accept(
            [list(self._changes(own[0].record or "", wanted_of(own))) for own in chunk]
        )

    def _retire(self, chunk: Sequence[list[Finding]]) -> Applied:
        # Retire again one that counts as retired: the listing still shows it.
        again = [
            Repair(found.record or "", found.item, ((GONE, found.arrival),))
            for [found, *_] in chunk
            if found.arrival
        ]
        limit = self.limits.get(RETIRED)
        if again and self._write(again, limit).held:
            return self._held(RETIRED, chunk)
        changes = []
        for [found, *_] in chunk:
            record = found.record or ""
            change = Change("reconcile", self.collection.name, record, self.by, (), found.version)
            change = replace(change, snapshot=self.order.snapshot)
            changes.append([replace(change, retire=self._kind)])
        self._accept(changes, retiring=None if self.approved else self._retiring)
        self._retiring -= len(chunk)
        return Applied(retired=len(chunk))

    def _approve(self, chunk: Sequence[list[Finding]]) -> Applied:
        named = [(own[0].record or "", own[0].arrival) for own in chunk]
        decided = self.context.held_deletes.approve(self.collection.name, named, BY)
        for name in decided.wake:
            self.context.wakes.wake(name)
        return Applied(retired=decided.done)

    def _held(self, kind: str, chunk: Sequence[list[Finding]]) -> Applied:
        """The limit was used up meanwhile: hand over nothing of the rest."""
        why = f"others were {kind} meanwhile: together they need an approval"
        records = [own[0].record or "" for own in chunk]
        acts = (causes.RETIRE,) if kind == RETIRED else (causes.AGAIN, causes.CREATE)
        self.table.withhold(why, acts, records)
        return Applied(held={kind: why})

    # the two ways into the outbox -----------------------------------------------------------

    def _write(self, repairs: Sequence[Repair], limit: RunLimit | None = None) -> Applied:
        done = Repaired(0, (), wake=False, lost=True)
        while done.lost:  # called again, a lost lock raises
            done = self._repairs.repair(
                self.collection,
                repairs,
                began_ms=self.began_ms,
                hold=self._hold(),
                source=self.source,
                as_of_ms=self.order.as_of_ms,
                limit=limit,
                lease=self.portion(),
                run=self.run,
            )
        if done.held and limit:
            return Applied(held={limit.kind: ""})
        if done.wake:
            self.context.wakes.wake(self._destination.name)
        return Applied(repaired=done.fields)

    def _accept(
        self,
        changes: Sequence[list[Change]],
        limit: RunLimit | None = None,
        retiring: int | None = None,
    ) -> Applied:
        done = Applied()
        given = Delivery(self.source, "", (), mode="reconcile", limit=limit, run=self.run)
        for events in parts(changes):
            delivery = replace(given, events=events, retiring=retiring)
            retiring = retiring and retiring - len(events)
            accepted = Accepted("lost")
            while accepted.outcome == "lost":  # as above
                token, lease = uuid.uuid4().hex, self.portion()
                delivery = replace(delivery, token=token, hold=self._hold(), lease=lease)
                accepted = self.context.outbox.accept(delivery)
            if accepted.outcome == "held" and limit:
                return done + Applied(held={limit.kind: ""})
            for name in accepted.wake:
                self.context.wakes.wake(name)
            done += Applied(accepted=accepted.accepted)
        return done

    def _hold(self) -> float:
        return max(0.0, self._due - time.monotonic())

    def _changes(self, record: str, wanted: Iterable[SourceField]) -> Iterator[Change]:
        for (mapping, version), own in groupby(sorted(wanted, key=change_of), key=change_of):
            fields = tuple(map(field_value, own))
            change = Change(mapping, self.collection.name, record, self.by, fields, version)
            yield replace(change, snapshot=self.order.snapshot)

    def _is_held_back(self, finding: Finding) -> bool:
        """Tell whether a live write would publish a held-back edit, or be refused."""
        if not self._destination.live or finding.item is None:
            return False
        item = self.table.item(finding.item)
        return item is not None and not item.shown
