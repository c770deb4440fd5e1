"""What the CMS of an attack holds: collections, items, and the variants of a localized site."""

from service.sandbox.model.locales import PRIMARY_ID, make_locales
from service.sandbox.model.records import Copy, Item
from service.sandbox.model.schema import Field
from service.sandbox.seeds.samples import fill
from service.sandbox.site.items import publish

NUMBERS = {
    "products": "0000000000000000000000a1",
    "prices": "0000000000000000000000a2",
    "notes": "0000000000000000000000a3",
    "looks": "0000000000000000000000a4",
    "goods": "0000000000000000000000a5",  # of a feed; else Instep knows nothing of it
}
FIELDS = (
    Field("sku", "PlainText", validations={"singleLine": True}),
    Field("stock", "Number"),
    Field("price", "Number"),
    Field("note", "PlainText"),
    Field("of", "Reference", validations={"collectionId": NUMBERS["products"]}),
)


class Holdings:
    """Of the Cms, whose ``site`` it fills and reads."""

    def fill(self, items, tags):
        """Make the collections anew, with so many published items in each, and no variants."""
        site = self.site
        site.checked.clear()
        site.collections.clear()
        site.histories.clear()
        site.rules.filter_lag = 0.0
        site.locales = make_locales(tags)
        self.given = {}  # (collection id, locale, item id) → its copies as the editor left them
        self.fresh = set()  # (collection, item id, tag) of variants that nobody need have seen yet
        for name, id in NUMBERS.items():
            made = site.add_collection(name, name, FIELDS, id=id)
            numbers = range(1, items + 1)
            data = [{"name": f"{name} {n}", "slug": f"{name}-{n}", "sku": f"K{n}"} for n in numbers]
            fill(site, made, data, ids=[f"{id[-2:]}{n:022x}" for n in numbers])
            for item in made.items.values():
                self._note(made, item)

    def _note(self, collection, item):
        self.given[collection.id, item.locale, item.id] = (item.staged, item.live)

    def items(self, collection, key):
        """The items that bear *key*."""
        held = self.site.collections[NUMBERS[collection]].items.values()
        return [item for item in held if item.staged.fields.get("sku") == key]

    def all_of(self, collection):
        """The items of a collection, as their primary variants."""
        return list(self.site.collections[NUMBERS[collection]].items.values())

    def variants(self, collection, id):
        """Tag → the variant of an item, the primary one first."""
        held, locales = self.site.collections[NUMBERS[collection]], self.site.locales
        named = [(one.tag, held.variants(one.cms_id).items.get(id)) for one in locales.secondary]
        primary = (locales.primary.tag, held.items[id])
        return {tag: item for tag, item in (primary, *named) if item is not None}

    def add_variant(self, collection, item, tag, *, published):
        """An editor makes a variant of an item: what its primary one holds."""
        held = self.site.collections[NUMBERS[collection]]
        (locale,) = [one.cms_id for one in self.site.locales.secondary if one.tag == tag]
        copy = Copy(item.staged.fields, item.staged.archived, False, self.site.now())
        made = Item(item.id, self.site.now(), copy, locale=locale)
        held.store(made, copy)
        if published and not copy.archived:
            publish(self.site, held, [item.id], {item.id: [locale]})
        self._note(held, made)

    def edit(self, collection, key, **fields):
        """Write both copies by hand."""
        held = self.site.collections[NUMBERS[collection]]
        for item in self.items(collection, key):
            copy = item.staged
            merged = Copy({**copy.fields, **fields}, copy.archived, copy.draft, self.site.now())
            held.store(item, merged)
            if item.live is not None:
                item.live = item.staged
            self._note(held, item)

    def touched(self, *, live, written):
        """
        Yield what was changed that nobody was to change.

        Args:
            live: Live copies are written.
            written: The tags of the locales that are.
        """
        tags = {one.cms_id: one.tag for one in self.site.locales.secondary}
        tags[PRIMARY_ID] = self.site.locales.primary.tag
        for (id, locale, item_id), (staged, shown) in self.given.items():
            collection = self.site.collections[id]
            item = collection.variants(locale).items.get(item_id)
            words = f"{collection.name} {item_id} in {tags[locale]}"
            if item is None:
                continue
            if not live and item.live not in (None, shown):
                yield f"{words}: its live copy was written"
            if tags[locale] not in written and (item.staged, item.live) != (staged, shown):
                yield f"{words}: it was written"
