"""What the CMS shows of some records of one collection, beside what the store holds of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from service.operate.undo_model import RecordNow
from service.operate.undo_reads import CmsItems
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import ComparedRecord, ListedItem
from service.reconcile.plan.written_variants import WrittenVariants
from service.reconcile.state.reference_ids import ReferenceIds
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import ItemRecord

Held = Mapping[str, ItemRecord]


class RecordsNow:
    """
    Of one collection, in one process.

    Args:
        sleep: As of `CmsItems`.

    Raises (every method):
        Later, ReconcileFailed: As `CmsItems` does.
        StoreUnavailable: The store does not answer.
    """

    def __init__(
        self,
        context: Context,
        collection: Collection,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._context, self._collection, self._sleep = context, collection, sleep
        self._by_locale: dict[str, CmsItems] = {}
        known = context.locales.known(collection).locales or ()
        self._locales = {locale.tag: locale.id for locale in known[1:]}
        self._written = WrittenVariants(collection.locales, tuple(each.tag for each in known))

    @property
    def calls(self) -> int:
        return sum(items.calls for items in self._by_locale.values())

    def close(self) -> None:
        for items in self._by_locale.values():
            items.close()

    def read(self, held: Held, slugs: Iterable[str], more: int = 0) -> dict[str, RecordNow]:
        """
        Return what is known of each record.

        Args:
            held: By record.
            slugs: The fields that matter.
            more: How many other records are to be read after them.
        """
        if not held:
            return {}
        by_key = all(each.by_key for each in held.values())
        ids = {record: id for record, each in held.items() if (id := _id_of(record, each))}
        primary = self._items("", by_key)
        schema, size = primary.schema(), self._size()
        api = self._context.settings.destinations[self._collection.destination].api
        options = {slug: schema.options(slug) for slug in schema.fields}
        matcher = FieldMatcher(api, options, schema)
        items = primary.of(ids, schema, more=more, size=size)
        variants: dict[str, dict[str, ListedItem]] = {}
        for tag in self._tags(slugs):
            of_locale = self._items(self._locales[tag], by_key)
            variants[tag] = of_locale.of(ids, schema, more=more, size=size)
        links = ReferenceIds(self._context, self._collection).of(
            ComparedRecord(record, 0, False, (), (), held=each) for record, each in held.items()
        )
        return {
            record: RecordNow(
                each,
                items.get(record),
                matcher,
                {tag: own[record] for tag, own in variants.items() if record in own},
                self._written,
                links,
                self._collection.missing == "create",
            )
            for record, each in held.items()
        }

    def _tags(self, slugs: Iterable[str]) -> set[str]:
        """Return the tags of the secondary locales in which *slugs* are written."""
        any_ = ListedItem("", {})
        all_of = dict.fromkeys(self._locales, any_)
        return {tag for slug in slugs for tag, _ in self._written.views(any_, all_of, slug) if tag}

    def _items(self, locale: str, by_key: bool) -> CmsItems:
        if locale not in self._by_locale:
            self._by_locale[locale] = CmsItems(
                self._context, self._collection, by_key=by_key, sleep=self._sleep, locale=locale
            )
        return self._by_locale[locale]

    def _size(self) -> int:
        return size_of(self._context, self._collection)


def size_of(context: Context, collection: Collection) -> int:
    """Return how many items the collection has, as far as known; 0: unknown."""
    with guarded():
        name = keys.item_ids(collection.name, context.settings.copy_of(collection))
        return int(context.steps.client.hlen(name))


def _id_of(record: str, held: ItemRecord) -> str | None:
    return held.id if held.by_key else held.id or record
