"""The objects of one process, all on one store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from workers.config.settings import Settings
from workers.store.circuit_breaker import Breaker
from workers.store.dead_letters import DeadLetters
from workers.store.fetch_queue import Fetches
from workers.store.held_deletes import HeldDeletes
from workers.store.item_index import Items
from workers.store.item_totals import ItemTotals
from workers.store.locales import Locales
from workers.store.memory import MemoryMonitor
from workers.store.outbox import Outbox
from workers.store.problem_groups import ProblemGroups
from workers.store.publishing import Publishing
from workers.store.rate_limiter import Limiter
from workers.store.runs import Runs
from workers.store.scripts import Steps
from workers.store.search_index import SearchIndex
from workers.store.status import Report
from workers.store.upgrade import Upgrade
from workers.store.writeback import WriteBacks, standing_of
from workers.store.writeback_status import WriteBackStates


class Wakes(Protocol):
    """Enqueues jobs. Raises `StoreUnavailable` if the store did not answer."""

    def wake(self, destination: str) -> None:
        """Enqueue a job for *destination*, or the fetch queue; the caller has set its marker."""

    def crowded(self, destination: str) -> bool:
        """Whether enough jobs are queued already."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    steps: Steps
    outbox: Outbox
    limiter: Limiter
    breaker: Breaker
    items: Items
    locales: Locales
    item_totals: ItemTotals
    publishing: Publishing
    letters: DeadLetters
    problems: ProblemGroups
    runs: Runs
    held_deletes: HeldDeletes
    fetches: Fetches
    report: Report
    memory: MemoryMonitor
    upgrade: Upgrade
    search: SearchIndex
    writebacks: WriteBacks
    writeback_states: WriteBackStates
    wakes: Wakes


def make_context(settings: Settings, steps: Steps, wakes: Wakes) -> Context:
    """Build the objects for the store of *steps*, without using it."""
    steps.standing = standing_of(settings)
    return Context(
        settings=settings,
        steps=steps,
        outbox=Outbox(steps, settings),
        limiter=Limiter(steps),
        breaker=Breaker(steps, settings),
        items=Items(steps, settings),
        locales=Locales(steps, settings),
        item_totals=ItemTotals(steps, settings),
        publishing=Publishing(steps, settings),
        letters=DeadLetters(steps, settings),
        problems=ProblemGroups(steps),
        runs=Runs(steps),
        held_deletes=HeldDeletes(steps, settings),
        fetches=Fetches(steps, settings),
        report=Report(steps, settings),
        memory=MemoryMonitor(steps.client),
        upgrade=Upgrade(steps, settings),
        search=SearchIndex(steps, settings),
        writebacks=WriteBacks(steps, settings),
        writeback_states=WriteBackStates(steps, settings),
        wakes=wakes,
    )
