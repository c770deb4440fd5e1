"""
The results of a run, step by step, and its progress hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.reconcile.apply.applied import Applied
from service.reconcile.apply.settlement import WaitResult
from service.reconcile.state.cms_listing import Listing
from workers.model.run_limits import RunLease
from workers.policy.run_guard import GuardDecision, GuardInput


@dataclass(slots=True)
class RunHooks:
    """Called with the progress, from the thread of the run; *run*: its id, unless it only looks."""

    read: Callable[[int], object] = lambda _: None
    listed: Callable[[int, int | None], object] = lambda *_: None
    settled: Callable[[int], object] = lambda _: None
    moved: Callable[[], object] = lambda: None  # any other progress
    portion: Callable[[], RunLease | None] = lambda: None  # before each portion that is handed over
    run: str | None = None
    stage: Callable[[str], Callable[[int, int | None], object]] = lambda _: lambda *_: None


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """
    The result of a comparison, before anything is done.

    Args:
        bad: Records with problems.
        wanted: Items to be created, overwritten and retired, by kind.
        calls: Of the CMS, for the schema.
        targets: Of the CMS, to list the collections that values refer to.
        waiting: Items whose retirement waits for approval already.
    """

    records: int
    bad: int
    pages: Listing
    guard_input: GuardInput
    wanted: Mapping[str, int]
    calls: int
    targets: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """
    The result of the repair.

    Args:
        decisions: Of the guard, by kind, also where the store refused.
        calls: Of a dry run, by kind.
    """

    handed: Applied
    waited: WaitResult
    decisions: Mapping[str, GuardDecision]
    calls: Mapping[str, int] = field(default_factory=dict)
