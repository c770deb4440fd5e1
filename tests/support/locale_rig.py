"""What the tests of locales share: variants of the sandbox's items, and what was sent to each."""

from dataclasses import replace

from service.sandbox.model.locales import make_locales
from service.sandbox.model.records import Copy, Item
from service.sandbox.site.items import publish

EN, DE, FR = make_locales(("en", "de", "fr")).cms_ids
TAGS = {EN: "en", DE: "de", FR: "fr"}


def localize(way, *tags):
    """Give the site these locales, the primary one first."""
    way.site.locales = make_locales(tags)


def add_variant(way, n, locale=DE, *, published=True, **fields):
    """Make a variant of the *n*-th product: what the primary one holds, and *fields*."""
    held = way.products.items[way.id(n)]
    copy = Copy({**held.staged.fields, **fields}, False, False, way.site.now())
    item = Item(held.id, way.site.now(), copy, locale=locale)
    way.products.store(item, copy)
    if published:
        publish(way.site, way.products, [held.id], {held.id: [locale]})


def variant(way, n, locale=DE):
    return way.products.variants(locale).items[way.id(n)]


def live_in(way, n, locale=DE, slug="stock"):
    """What the live copy of a variant holds."""
    copy = variant(way, n, locale).live
    return copy and copy.fields.get(slug)


def staged_in(way, n, locale=DE, slug="stock"):
    return variant(way, n, locale).staged.fields.get(slug)


def sent(way):
    """Of each PATCH: whether it was live, and [number of the product, tag, slug → value]."""
    ids = {way.id(n): n for n in range(1, 301)}
    return [
        (
            request.path.endswith("/live"),
            [
                (ids[e["id"]], TAGS.get(e.get("cmsLocaleId")), e.get("fieldData", {}))
                for e in request.body["items"]
            ],
        )
        for request in way.patches()
    ]


def calls(way):
    """The paths that were asked for, in order, each with the locales that it named."""
    return [
        (r.method, r.path.partition("/v2")[2].split("/")[1:][-1], r.query.get("cmsLocaleId", ""))
        for r in way.requests
    ]


def edit_in(way, n, locale=DE, **fields):
    """Write both copies of a variant by hand, as an editor."""
    item = variant(way, n, locale)
    held = item.staged
    way.products.store(
        item, replace(held, fields={**held.fields, **fields}, updated=way.site.now())
    )
    if item.live is not None:
        item.live = item.staged
