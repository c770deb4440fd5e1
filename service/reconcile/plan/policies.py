"""The policies of one collection: who wins, per field, and what happens to an orphan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.reconcile.plan import causes
from service.reconcile.plan.model import ListedItem
from workers.config.settings import Reconcile

_RETIRED: Mapping[str, tuple[Callable[[ListedItem], bool], str]] = {
    "archive": (lambda item: item.archived, "it is archived"),
    "draft": (lambda item: item.draft, "it is a draft"),
    # An unpublished item is a draft without a live copy.
    "unpublish": (lambda item: item.published is None, "it is not published"),
    "delete": (lambda _: False, ""),
}


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of ``[collections.NAME.reconcile]``."""

    settings: Reconcile

    def field(self, slug: str, act: str) -> tuple[str, str]:
        """Return the action for a difference in *slug* that *act* would fix, and why."""
        return _chosen(self.settings.fields.get(slug, self.settings.policy), act)

    def whole(self, act: str) -> tuple[str, str]:
        """Return the action for a missing item, and why."""
        return _chosen(self.settings.policy, act)

    def orphan(self, item: ListedItem, *, live: bool = False) -> tuple[str | None, str]:
        """Return the action for an orphan, and why; None: it is as it should be."""
        kind = self.settings.orphans
        if kind == "report":
            return causes.REPORT, "orphans: report"
        if shows_retired(item, kind, live=live):
            return None, _RETIRED[kind][1]
        return causes.RETIRE, kind


def shows_retired(item: ListedItem, way: str, *, live: bool) -> bool:
    """
    Tell whether *item* is already retired in that *way*; *live*: the destination writes both
    copies, by v2, so a draft may have a live copy there.
    """
    if way == "draft" and live and item.published is not None:
        return False
    return way in _RETIRED and _RETIRED[way][0](item)


def _chosen(policy: str, act: str) -> tuple[str, str]:
    if policy == "source wins":
        return act, ""
    return (causes.CMS_WINS if policy == "cms wins" else causes.REPORT), f"policy: {policy}"
