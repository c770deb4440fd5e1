"""
The staged copies of a collection that the store does not know to wait for a publish: looked for,
and noted, so that they are published, or held until a person decides.

Raises (every method):
    ReconcileFailed: The live copies cannot be read.
    StoreUnavailable: The store did not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.model import ListedItem
from service.reconcile.state import live_copies
from service.reconcile.state.chunks import chunks
from service.reconcile.state.cms_listing import CmsLister, Listing
from service.reconcile.state.outbox_reader import OutboxReader
from service.reconcile.state.working_set import PAGE, WorkingSet
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.model.publishing import Noted
from workers.model.versions import Version, text_of_moment

_NOTED = (causes.STAGED, causes.WHOSE, causes.DRAFT)


class StagedItems:
    """Of one run."""

    def __init__(
        self, context: Context, collection: Collection, table: WorkingSet, outbox: OutboxReader
    ) -> None:
        self._context = context
        self._outbox = outbox
        self._collection = collection
        self._destination = context.settings.destinations[collection.destination]
        self._table = table

    @property
    def stages(self) -> bool:
        """Whether the destination publishes what it has staged."""
        return self._destination.publish != "never" and not self._destination.live

    def read(self, lister: CmsLister, pages: Listing) -> Listing:
        """Read the live copies of items of which no publish is noted."""
        if self._destination.publish == "never":
            return pages
        found = [*self._found()]
        self._table.add_unnoted(record for record, _ in found)
        ids = {item.id for _, item in found if item.published is not None}
        return live_copies.read_all(lister, self._table, ids, pages)

    def _found(self) -> Iterator[tuple[str, ListedItem]]:
        queued = self._table.queued()
        while page := list(islice(queued, PAGE)):
            records = [record for record, _ in page]
            members = self._context.publishing.members(self._collection, records)
            held = self._outbox.read(records)
            for record, item in page:
                member = members.get(record)
                if member is not None and member.state != "e":
                    continue
                # Of what it has archived itself, the store knows whether the site still shows it.
                if self.stages if not item.archived else not held[record].stored:
                    yield record, item

    def note(self, moved: Callable[[], object]) -> None:
        """Note what the comparison has found."""
        for chunk in chunks(self._table.findings(causes=_NOTED)):
            found = [self._noted(finding) for own in chunk for finding in own]
            self._context.publishing.note(self._collection, [*filter(None, found)])
            moved()

    def _noted(self, finding: Finding) -> Noted | None:
        item = self._table.item(finding.item or "")
        if item is None or item.updated is None or finding.record is None:
            return None
        draft = finding.cause == causes.DRAFT
        edited = draft or finding.cause == causes.WHOSE
        return Noted(
            finding.record,
            item.id,
            _updated(item),
            by_site=item.archived,
            new=item.published is None,
            edited=edited,
            edits=self._edits(item) if edited else {},
            draft=draft,
        )

    def _edits(self, item: ListedItem) -> Mapping[str, str]:
        """
        Return lastUpdated of the primary variant, and of all others that are not live as they are
        staged, by cmsLocaleId; none: there are no others, or the locales of the site are unknown.
        """
        locales = self._context.locales.known(self._collection).locales or ()
        if not (self._collection.localized and locales):
            return {}
        ids = {locale.tag: locale.id for locale in locales}
        staged = {
            tag: each
            for tag, each in self._table.variants(item.id)
            if each.published is None or (each.updated or "") > each.published
        }
        return {ids[tag]: _updated(each) for tag, each in (staged | {locales[0].tag: item}).items()}


def _updated(item: ListedItem) -> str:
    if item.updated is None:
        return ""
    return text_of_moment(Version.parse(item.updated).number // 1000) or ""
