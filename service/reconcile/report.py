"""The result of a reconcile: as one JSON document, or in lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.reconcile.apply import proof
from service.reconcile.apply.settlement import OVERTAKEN, REPAIRED
from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.run import ReconcileRun
from service.reconcile.run_results import ApplyResult, ComparisonResult
from workers.model.retirement import shown_slug
from workers.policy.run_guard import CREATED, OVERWRITTEN, RETIRED, GuardDecision
from workers.webflow.item_keys import joined, key_of

_DONE = (REPAIRED, causes.KEEP, OVERTAKEN, causes.IGNORED)  # or left, by `missing`


def summary(
    run: ReconcileRun,
    found: ComparisonResult,
    done: ApplyResult | None,
    decisions: Mapping[str, GuardDecision],
    unproven: Mapping[str, int],
    calls: int,
    *,
    dry: bool,
) -> dict[str, Any]:
    """
    Return the figures of a run.

    Args:
        done: None: nothing was to be done.
        decisions: Of the guard, by kind.
        dry: Nothing was written; report what the run would need.
        calls: Of the destination, while it ran, including those of live traffic.
    """
    outcomes: dict[str, int] = {}
    for (_, _, outcome), number in run.table.counts().items():
        if outcome:
            outcomes[outcome] = outcomes.get(outcome, 0) + number
    number_of = by_cause(run)
    differences = {cause: number_of.get(cause, 0) for cause in causes.DIFFERENCES}
    notes = {cause: n for cause, n in number_of.items() if cause not in differences}
    return {
        "run": run.hooks.run,
        "collection": run.collection.name,
        "source": run.rows.chosen.source,
        "records": found.records,
        "items": found.pages.items,
        "counts": differences,
        "found": sum(differences.values()),
        "told": notes,
        "outcomes": outcomes,
        "left": left(run, done),
        "state": "held" if any(decision.asks for decision in decisions.values()) else "done",
        "retire": _ruled(decisions[RETIRED]),
        "guard": {kind: _ruled(decision) for kind, decision in decisions.items()},
        "held": [decision.words for decision in decisions.values() if decision.words],
        "not_proven": unproven,
        "dropped": number_of.get(causes.DROPPED, 0),
        "unmapped": found.bad,
        "whole": found.pages.whole,
        "calls": {
            "listing": found.pages.calls + found.targets,
            "schema": found.calls,
            "all": calls,
            "source": run.rows.records.calls,
        },
        "waiting": done.waited.why if done else "",
        **({"predicted": predicted(run, found, done.calls)} if dry and done else {}),
    }


def by_cause(run: ReconcileRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for (cause, _, _), number in run.table.counts().items():
        found[cause] = found.get(cause, 0) + number
    return found


def _ruled(decision: GuardDecision) -> dict[str, Any]:
    ruled = {"wanted": decision.wanted, "allowed": decision.allowed}
    return ruled | ({"approved": decision.granted} if decision.granted else {})


def predicted(
    run: ReconcileRun, found: ComparisonResult, calls: Mapping[str, int]
) -> dict[str, Any]:
    """Return the calls that the real run would need, and the minutes that they take."""
    listing = {"list": found.pages.calls + found.targets + calls.get("list", 0)}
    kinds = {**calls, **listing}
    number = sum(kinds.values())
    minutes = round(number / run.destination.requests_per_minute, 2)
    return {"calls": kinds, "all": number, "minutes": minutes}


def left(run: ReconcileRun, done: ApplyResult | None) -> int:
    """Return how many differences remain, without those that a policy leaves."""
    chosen = (causes.REPORT, causes.CMS_WINS, causes.KEEP)
    return sum(
        number
        for (cause, act, outcome), number in run.table.counts().items()
        if cause in causes.DIFFERENCES
        and act not in chosen
        and not (done is not None and outcome in _DONE)
        and not (done is None and act == causes.NONE)
    )


def entries(run: ReconcileRun, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the findings of the causes *names*, ready for JSON."""
    for finding, outcome in run.table.findings(causes=names):
        yield {
            "cause": finding.cause,
            "key": run.table.shown(finding.record) or _in_cms(run, finding),
            "item": finding.item,
            "field": finding.slug and shown_slug(finding.slug),
            "source": _value(finding.source),
            "outbox": _value(finding.outbox),
            "cms": finding.cms,
            "action": finding.act,
            "why": finding.why,
            "outcome": outcome,
        }


def _in_cms(run: ReconcileRun, finding: Finding) -> str | None:
    """Return the key of a record that the source lacks, as its item has it."""
    if finding.record is None:
        return None
    item = run.table.item(finding.item) if finding.item else None
    held = [item.fields.get(slug) for slug in run.collection.keys] if item else []
    texts = [value for value in held if isinstance(value, str)]
    if item is None or key_of(run.collection, item.fields) != finding.record:
        return finding.record
    return joined(texts) if len(texts) == len(held) else finding.record


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the figures of `summary` in words."""
    yield from (f"Warning: {each}" for each in figures.get("warnings", ()))
    yield (
        f"{figures['collection']}: {_many(figures['records'], 'record')}, "
        f"{_many(figures['items'], 'item')}, {_many(figures['found'], 'difference')}"
    )
    yield from (f"  {cause}: {number}" for cause, number in figures["counts"].items() if number)
    if not figures["whole"]:
        yield "The listing is incomplete: items were deleted during it. Run the reconcile again"
    for words, what in (
        ("Also noted", _figures(figures["told"])),
        ("Records that could not be mapped", figures["unmapped"]),
        (
            "Expected result" if "predicted" in figures else "Result",
            _figures(figures["outcomes"]),
        ),
        ("Held", "; ".join(figures["held"])),
        ("Stopped waiting", figures["waiting"]),
    ):
        if what:
            yield f"{words}: {what}"
    if unproven := proof.lines(figures["not_proven"]):
        yield f"Not proven: {'; '.join(unproven)}"
    elif figures.get("proven"):
        yield "Proven: what was compared is in step"
    if "predicted" in figures:
        needed = figures["predicted"]
        kinds, calls = _figures(needed["calls"]), _many(needed["all"], "call")
        minutes = needed["minutes"]
        takes = f"{minutes:g} minutes" if minutes >= 1 else f"{minutes * 60:.0f} s"
        yield f"Dry run: the run would need {calls} ({kinds}), which take {takes}"
        return
    calls = figures["calls"]
    asked = f"; {calls['source']} to the source" if calls.get("source") else ""
    yield f"Calls: {calls['listing']} to list, {calls['all']} in all{asked}"
    if figures.get("run"):
        yield f"Run {figures['run']}{_next(figures)}"


def _next(figures: Mapping[str, Any]) -> str:
    """Return the commands that let a run go on, and that take back what it wrote."""
    run, guard = figures["run"], figures["guard"]
    held = any(not guard[kind]["allowed"] for kind in (CREATED, OVERWRITTEN))
    said = f"; let it go on with: `instep runs approve {run}`" if held else ""
    wrote = any(figures["outcomes"].values())
    return said + (f"; take it back with: `instep undo --run {run}`" if wrote else "")


def _figures(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
