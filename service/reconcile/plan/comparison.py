"""The settings of one comparison. Pure."""

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
    The settings of one comparison.

    Args:
        now_us: The store's clock, µs since 1970.
        order: Whether snapshot or outbox is newer.
        since_ms: A request claimed later, by the store's clock, may have changed its item after
            that was listed.
        whole: The listing has every item.
        partial: The snapshot is incomplete: an item that it lacks is no orphan.
        live: The destination writes both copies.
        missing: The collection's action for a record without an item.
        written: Which variants of an item show what.
        asks: Held retirements of the collection wait for approval, not for their delay.
        stages: The destination writes staged copies, and publishes them.
        keys: Slugs of the fields that hold the collection's key.
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
    asks: bool = False
    stages: bool = False
    keys: tuple[str, ...] = ()

    @property
    def has_live_drafts(self) -> bool:
        """Whether a published draft is still live on the site: v1 does not say."""
        return self.live and self.matcher.api == "v2"

    def is_fresh(self, held: ItemRecord) -> bool:
        """Tell whether a request may have changed the item after it was listed."""
        return held.tried >= self.since_ms

    def ahead(self, wanted: SourceField) -> str:
        """Return why the version of *wanted* cannot be used, or nothing."""
        if not wanted.version or kind_of(wanted.version) != "t":
            return ""
        if Version.parse(wanted.version).number <= self.now_us + HOUR_US:
            return ""
        return "its version is more than an hour ahead of the store's clock"
