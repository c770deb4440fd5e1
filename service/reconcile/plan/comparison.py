"""
What holds for a whole comparison. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import SourceField
from service.reconcile.plan.policies import Policies
from service.reconcile.plan.precedence import Precedence
from service.reconcile.plan.written_variants import PRIMARY, WrittenVariants
from workers.model.versions import Version, kind_of
from workers.store.item_record import ItemRecord
from workers.store.lua_limits import HOUR_US


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    What holds for a whole comparison.

    Args:
        now_us: The store's clock, µs since 1970.
        order: Which of snapshot and outbox is newer.
        since_ms: What was claimed since, on the store's clock, may have landed after its item was
            listed.
        whole: The listing shows every item.
        partial: The snapshot is incomplete: an item that it lacks is not an orphan.
        live: The destination writes both copies.
        missing: What is done with a record that has no item, of the collection.
        written: Which variants of an item show what.
    """

    matcher: FieldMatcher
    policies: Policies
    now_us: int
    order: Precedence
    since_ms: int
    whole: bool = True
    partial: bool = False
    live: bool = True
    missing: str = "dead-letter"
    written: WrittenVariants = PRIMARY

    @property
    def has_live_drafts(self) -> bool:
        """Whether a draft that shows as published is on the site: v1 does not tell."""
        return self.live and self.matcher.api == "v2"

    def is_fresh(self, held: ItemRecord) -> bool:
        """Tell whether a request for the item may have landed after it was listed."""
        return held.tried >= self.since_ms

    def ahead(self, wanted: SourceField) -> str:
        """Return why the version of *wanted* cannot be used, or nothing."""
        if not wanted.version or kind_of(wanted.version) != "t":
            return ""
        if Version.parse(wanted.version).number <= self.now_us + HOUR_US:
            return ""
        return "its version is more than an hour ahead of the store's clock"
