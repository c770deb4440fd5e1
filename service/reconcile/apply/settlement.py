"""Waits until everything handed over is settled, and records the outcomes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import inf
from typing import Any

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.fields.types import are_same
from workers.model.retirement import GONE
from workers.runtime import heartbeats
from workers.store import clock
from workers.store.item_record import FieldRecord, ItemRecord

LOOK = 0.5  # s between two checks of what is still pending
AT_ONCE = 10 * PAGE  # records per check: a check of all would take seconds
TRIED = 60.0  # s after which a waiting collection has stopped trying
SETTLES = 300.0  # s within which at least one more record has to settle
PATIENCE = 10.0  # s without a worker; a new one starts within 2

REPAIRED = "repaired"
WAITING = causes.ON_ITS_WAY
NOT_TAKEN = "not taken"  # a newer value stood against it
OVERTAKEN = "overtaken"  # by a later event
UNCONFIRMED = "not confirmed"  # it was handed over, but no answer confirms it
STUCK = "waits for the item that it refers to"
# If the outbox has nothing of it: an event has brought the record back, or came first.
_NOTHING = {
    causes.ACCEPT: NOT_TAKEN,
    causes.RETIRE: causes.KEEP,
    causes.APPROVE: causes.KEEP,
    GONE: OVERTAKEN,
}
_RETIRES = (causes.RETIRE, causes.APPROVE)
_MADE = (causes.AGAIN, causes.CREATE)
_FATES = {"dead": causes.LETTER, "ignored": causes.IGNORED, "discarded": causes.DISCARDED}


@dataclass(frozen=True, slots=True)
class WaitResult:
    """Counts of settled and unsettled records, and why the wait ended before all were settled."""

    settled: int = 0
    left: int = 0
    why: str = ""


@dataclass(eq=False)
class SettlementWait:
    """
    Waits for the settlement of one run.

    Args:
        on_progress: Called with the number of settled records.
        sleep: Between two checks.
        source: Of the run.
    """

    context: Context
    collection: Collection
    table: WorkingSet
    _: KW_ONLY
    on_progress: Callable[[int], object] = lambda _: None
    sleep: Callable[[float], object] = time.sleep
    source: str = ""

    def __post_init__(self) -> None:
        self._outbox = OutboxReader(self.context, self.collection)
        self._settled: set[str] = set()
        # ms; later values overtake those handed over
        self._since = self._outbox.now_us() // 1000
        self._unattended = float("inf")  # time.monotonic() since which there is no worker

    def wait(self, *, patient: bool = True) -> WaitResult:
        """
        Check until everything is settled; without *patient*, once. Raises StoreUnavailable if the
        store did not answer.
        """
        left = self.table.acted(causes.ACTS)
        everything = len(left)
        best, moved = everything, self._now()
        while True:
            for start in range(0, min(len(left), AT_ONCE), PAGE):
                self._look(left[start : start + PAGE])
            left = [record for record in left if record not in self._settled]
            self._settled.clear()
            self.on_progress(everything - len(left))
            if len(left) < best:
                best, moved = len(left), self._now()
            why = (
                ""
                if not left
                else self._why(self._now() - moved)
                if patient
                else "--no-wait was given"
            )
            if not left or why:
                return WaitResult(everything - len(left), len(left), why)
            self.sleep(LOOK)

    def _now(self) -> float:
        steps = self.context.steps
        return (clock.read_us(steps.client) + steps.clock_offset_ms * 1000) / 1e6

    def _why(self, stands: float) -> str:
        """Return why to stop waiting, with nothing settled for *stands* seconds; or nothing."""
        if stands < SETTLES:
            return self.hindrance()
        site = self.collection.destination
        held = self.context.report.status()["destinations"][site]
        state = f": {site} is in {held['state']}: {held['reason']}" if held["reason"] else ""
        return f"nothing was written for {SETTLES / 60:g} minutes{state}; the rest is sent later"

    def _look(self, records: list[str]) -> None:
        held = self._outbox.read(records)
        outcomes: list[tuple[str, int]] = []
        for record, found in self.table.open_findings(records, causes.ACTS).items():
            since = self._since
            own = [(outcome_of(held[record], finding, since), n) for n, finding in found]
            outcomes += own
            if all(outcome != WAITING for outcome, _ in own):
                self._settled.add(record)
        self.table.note(outcomes)

    def hindrance(self) -> str:
        """Return why waiting is futile, or nothing."""
        status = self.context.report.status()
        if paused := self._paused_by_hand(status):
            return paused
        for name, kind in (
            (self.collection.destination, "destinations"),
            (self.collection.name, "collections"),
        ):
            held = status[kind][name]
            if held["state"] == "paused":
                return f"{name} is paused: {held['reason']}"
            for wait in held.get("waits", ()):
                if wait["seconds"] > TRIED and wait["records"] >= held["pending_items"]:
                    return f"{name} waits: {wait['reason']}: {wait['message']}"
        if heartbeats.workers_alive(self.context.steps.client):
            self._unattended = float("inf")
            return ""
        self._unattended = min(self._unattended, time.monotonic())
        if time.monotonic() - self._unattended < PATIENCE:
            return ""
        return "no worker is running; start `instep up` or `instep worker`"

    def _paused_by_hand(self, status: Mapping[str, Any]) -> str:
        own = {
            f"source:{self.source}": status["sources"].get(self.source),
            "lane:reconcile": status["lanes"]["reconcile"],
        }
        held = {name: each for name, each in own.items() if each and each["state"] == "paused"}
        return next((f"{name} is paused: {each['reason']}" for name, each in held.items()), "")


def outcome_of(held: ItemRecord, finding: Finding, since: float = inf) -> str:
    """
    Return the outcome of one finding; "repaired": an answer of the CMS confirms it. Values later
    than *since*, ms since 1970, overtake those handed over.
    """
    fields, slug, act = _touched(held, finding), finding.slug, finding.act
    if act in _RETIRES and (held.held or held.dropped):
        return causes.HELD if held.held else causes.DISCARDED
    if going := _on_its_way(fields, since):
        return going
    if act == causes.BACK:
        return _brought_back(held)
    states = {each.state for each in fields}
    if not states and (nothing := _NOTHING.get(GONE if slug == GONE else act)):
        return nothing
    if fate := next((word for state, word in _FATES.items() if state in states), None):
        return fate
    if not all(each.confirmed for each in fields):
        return UNCONFIRMED
    if slug is None:
        gone = act == causes.AGAIN and held.id == finding.item
        return UNCONFIRMED if act in _MADE and (gone or held.id is None) else REPAIRED
    return OVERTAKEN if _is_overtaken(fields[0], finding) else REPAIRED


def _brought_back(held: ItemRecord) -> str:
    if held.lifting:
        return WAITING
    return NOT_TAKEN if held.gone or held.held or held.dropped else REPAIRED


def _on_its_way(fields: Sequence[FieldRecord], since: float) -> str:
    going = [each for each in fields if each.state == "pending" or each.mending]
    if going and all(each.came > since and not each.mending for each in going):
        return OVERTAKEN  # with a steady stream of events, waiting would never end
    if going:
        return STUCK if all(each.stuck for each in going) else WAITING
    return ""


def _touched(held: ItemRecord, finding: Finding) -> list[FieldRecord]:
    """Return the fields that a finding is about: one, the retirement, or all."""
    if finding.act in _RETIRES or finding.slug == GONE:
        return [held.gone] if held.gone else []
    if finding.act == causes.BACK:
        return []
    return [f for name, f in held.fields.items() if finding.slug in (None, name)]


def _is_overtaken(field: FieldRecord, finding: Finding) -> bool:
    if finding.act == causes.ACCEPT:
        return not are_same(field.type, field.value, finding.source or "null")
    return field.arrival != finding.arrival
