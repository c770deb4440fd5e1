"""Records are found by the names that look-ups in the CMS show, and lead to their live pages."""

from service.operate.record_list import search_records
from tests.support.locale_rig import add_variant, localize

PRODUCTS = frozenset({"products"})


def found(way, text):
    page = search_records(way.context, text, collections=PRODUCTS, limit=50)
    return [(each["key"], each["name"], each["link"]) for each in page.items]


def test_a_look_up_by_key_shows_the_name(open_way):
    way = open_way(by="key")
    way.products.items[way.id(1)].staged.fields["name"] = "Oak Desk"
    way.products.items[way.id(1)].live.fields["name"] = "Oak Desk"
    assert found(way, "oak") == []
    way.change(1, stock=5)
    way.run()
    assert found(way, "oak") == [(way.record(1), "Oak Desk", None)]


def test_a_site_that_was_read_gives_the_link(open_way):
    way = open_way(by="key", collection={"locales": "all", "preflight": True}, items=2)
    localize(way, "en", "de")
    add_variant(way, 1)
    way.change(1, stock=5)
    way.run()
    ((_, name, link),) = found(way, way.record(1))
    slug = way.products.items[way.id(1)].live.fields["slug"]
    assert (name, link) == (
        way.products.items[way.id(1)].live.fields["name"],
        f"https://www.example.com/{way.products.slug}/{slug}",
    )
