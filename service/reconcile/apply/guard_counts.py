"""
The numbers of items that a run would create, overwrite and retire, the items shown to the operator
before the question, and those withheld.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.state.working_set import WorkingSet
from workers.config.settings import Collection
from workers.model.run_limits import RunLimit
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, OVERWRITTEN, RETIRED, GuardDecision, GuardInput
from workers.store.run_counts import Counted, RunCounts

SHOWN = 20  # items shown to the operator
_CHANGED = (causes.ACCEPT, causes.REPAIR)
FLAGS: Mapping[str, str] = {  # kind → option that approves it
    CREATED: "--create-up-to",
    OVERWRITTEN: "--overwrite-up-to",
    RETIRED: "--retire-up-to",
}


@dataclass(frozen=True, slots=True)
class GuardQuestion:
    """
    A question to the operator.

    Args:
        lines: The first items.
        more: Number of others.
    """

    kind: str
    words: str
    lines: tuple[str, ...]
    more: int


class GuardCounts:
    """The counts of the actions in *table*."""

    def __init__(self, table: WorkingSet, collection: Collection) -> None:
        self._table = table
        creates = collection.missing == "create"
        self._made = (causes.CREATE, causes.AGAIN) if creates else (causes.CREATE,)

    def input(
        self, items: int, wanted: Mapping[str, int], counted: Counted, blockers: Sequence[str]
    ) -> GuardInput:
        """Return what the guard decides by; *items*: of the listing."""
        recent = {CREATED: counted.created, RETIRED: counted.retired}
        size = self._table.count()
        loads = counted.first is None and run_guard.is_first_load(items=items, records=size)
        first = wanted[CREATED] if loads else counted.first or 0
        return GuardInput(items, recent, tuple(blockers), first, loads)

    def wanted(self) -> dict[str, int]:
        """Return the number of items of each kind."""
        return {
            CREATED: len(self._table.acted(self._made)),
            OVERWRITTEN: sum(1 for _ in groupby(self._overwrites(), key=_record_of)),
            RETIRED: len(self._table.acted((causes.RETIRE,))),
        }

    def changes(self, kind: str) -> Iterator[tuple[str, object]]:
        """Yield each record of *kind*, and what would become of it as `_line` shows it."""
        for record, own in groupby(self._of(kind), key=_record_of):
            name = record or ""  # what has none is neither created nor overwritten
            values = [[f.slug, f.cms, _new(f)] for _, f in own] if kind == OVERWRITTEN else []
            yield name, [name, values]

    def question(self, decision: GuardDecision) -> GuardQuestion:
        lines: list[str] = []
        for n, (_, own) in enumerate(groupby(self._of(decision.kind), key=_record_of)):
            if n == SHOWN:
                break
            lines.append(self._line(decision.kind, [finding for _, finding in own]))
        more = max(0, decision.wanted - len(lines))
        return GuardQuestion(decision.kind, decision.words, tuple(lines), more)

    def withhold(self, decision: GuardDecision, *, again: bool = False) -> None:
        """
        Withhold everything of its kind, but for what was granted.

        *again*: only items that were retired before.
        """
        records = groupby(self._of(decision.kind), key=_record_of)
        if decision.approved:
            left = [
                one for record, own in records if record not in decision.approved for one in own
            ]
        else:
            left = [one for _, own in islice(records, decision.granted, None) for one in own]
        numbers = [n for n, finding in left if finding.arrival or not again]
        self._table.withhold_findings(decision.words, numbers)

    def _acts(self, kind: str) -> tuple[str, ...]:
        return self._made if kind == CREATED else (causes.RETIRE,)

    def _of(self, kind: str) -> Iterator[tuple[int, Finding]]:
        if kind == OVERWRITTEN:
            return self._overwrites()
        return self._table.numbered(*self._acts(kind))

    def _overwrites(self) -> Iterator[tuple[int, Finding]]:
        """Yield the values that would replace others in the CMS."""
        for n, finding in self._table.numbered(*_CHANGED):
            if finding.cms not in (None, "", []) and finding.cms != _new(finding):
                yield n, finding

    def _line(self, kind: str, own: list[Finding]) -> str:
        first = own[0]
        key = self._table.shown(first.record) or first.record or first.item or ""
        if kind == OVERWRITTEN:
            values = ", ".join(f"{f.slug}: {_text(f.cms)} → {_text(_new(f))}" for f in own)
            return f"{key} {values}"
        return f"{key} (item {first.item})" if first.item else key


def _record_of(numbered: tuple[int, Finding]) -> str | None:
    return numbered[1].record


def _new(finding: Finding) -> object:
    text = finding.source if finding.act == causes.ACCEPT else finding.outbox
    return json.loads(text or "null")


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def limits_of(decisions: Mapping[str, GuardDecision], counts: RunCounts) -> dict[str, RunLimit]:
    """Return the limits that the store enforces; approved kinds have none."""
    limits = {}
    for kind in (CREATED, RETIRED):
        decision = decisions[kind]
        if decision.allowed and (decision.first or decision.most is not None):
            most = decision.most or 0
            limits[kind] = RunLimit(counts.place, kind, most, counts.window_ms, decision.first)
    return limits
