"""References by the key of the other collection: what they accept, and where it is looked up."""

from dataclasses import replace

import pytest

from service.mapping.load import load
from service.operate.previews import shown
from workers.config.settings import Collection, Destination
from workers.errors import ConfigurationInvalid

CODE = "category = Reference(to='products', data_key='code')"
CODES = "tags = MultiReference(to='products', data_key='codes')"


@pytest.fixture
def types(changes):
    """Returns the field types of the one change that a payload makes."""

    def read(body, payload):
        (change,) = changes(body)({"sku": "a", **payload}).changes
        return {field.slug: field.type for field in change.fields}

    return read


@pytest.mark.parametrize(
    ("given", "key"),
    [("desks", "desks"), (12, "12"), (12.0, "12"), (["A|1", "DE"], r"A\|1|DE"), (["x"], "x")],
)
def test_a_key_is_kept_with_its_collection(one, given, key):
    assert one(CODE)({"sku": "a", "code": given}) == {"category": {"key": key, "to": "products"}}


def test_a_list_of_keys_is_kept_in_its_order_each_once(one):
    found = one(CODES)({"sku": "a", "codes": ["b", 1, "b", "1", ["x", "y"]]})
    assert found == {"tags": {"keys": ["b", "1", "x|y"], "to": "products"}}


def test_a_key_that_is_padded_in_two_ways_is_one(one):
    found = one(CODES)({"sku": "a", "codes": ["b  ", "b", "\u2009c"]})
    assert found == {"tags": {"keys": ["b", "c"], "to": "products"}}


def test_the_parts_of_a_key_may_be_read_by_one_path(one):
    read = one("category = Reference(to='products', data_key='[code, country]')")
    found = read({"sku": "a", "code": 1, "country": "DE"})
    assert found == {"category": {"key": "1|DE", "to": "products"}}


@pytest.mark.parametrize("given", [True, 1.5, {}, [], ["a", None], "a" * 257])
def test_what_is_no_key_is_a_problem_of_the_event(one, given):
    ((path, message),) = one(CODE)({"sku": "a", "code": given})
    assert path == "code"
    assert message.startswith("Not a key of products: found ")


def test_what_is_no_key_in_a_list_is_told_by_its_place(one):
    ((path, message),) = one(CODES)({"sku": "a", "codes": ["b", ""]})
    assert (path, message.partition(": ")[0]) == ("codes", "element 1")


def test_null_clears_where_it_may(one):
    assert one("category = Reference(to='products', data_key='code', allow_none=True)")(
        {"sku": "a", "code": None}
    ) == {"category": None}
    assert one(CODES)({"sku": "a", "codes": []}) == {"tags": {"keys": [], "to": "products"}}


def test_a_preview_shows_the_key_with_its_collection(changes):
    (change,) = changes(CODE)({"sku": "a", "code": "desks"}).changes
    assert shown(change)["fields"] == {"category": {"key": "desks", "to": "products"}}


def test_they_have_types_of_their_own(types):
    assert types(CODE, {"code": "a"}) == {"category": "reference-key"}
    assert types(CODES, {"codes": ["a"]}) == {"tags": "references-key"}
    plain = "category = Reference(data_key='code'); tags = MultiReference(data_key='codes')"
    assert types(plain, {"code": "a", "codes": ["b"]}) == {
        "category": "reference",
        "tags": "references",
    }


@pytest.mark.parametrize(
    ("to", "found"),
    [
        ("shelves", "to='shelves', which is no [collections.NAME]"),
        ("pages", "to='pages', which has no key"),
        ("others", "to='others', which is of elsewhere"),
        (1, "to=1, which is no [collections.NAME]"),
    ],
)
def test_a_collection_in_which_no_key_can_be_looked_up_is_refused(settings, to, found):
    text = f"""
        from service.mapping import Mapping, Reference

        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            category = Reference(to={to!r})
    """
    known = settings({"one.py": text})
    elsewhere = Destination("elsewhere", "v2", "other")
    others = Collection("others", "elsewhere", "65f2", key="sku")
    known = replace(
        known,
        destinations={**known.destinations, "elsewhere": elsewhere},
        collections={**known.collections, "others": others},
    )
    with pytest.raises(ConfigurationInvalid) as caught:
        load(known)
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith(f"one.py: One.category: found {found}, expected")
    assert "a collection of site with a key: products" in problem


def test_a_list_of_references_by_key_is_a_multi_reference(refused):
    (problem,) = refused(
        """
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            tags = fields.List(Reference(to="products"))
        """
    )
    assert "use MultiReference(to=…)" in problem


@pytest.mark.parametrize("given", ["a", ["a", "b", "c"], r"a\|b"])
def test_a_key_of_too_few_or_many_parts_is_a_problem_of_the_event(settings, given):
    text = """
        from service.mapping import Mapping, Reference

        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "pages", "id"
            product = Reference(to="products")
    """
    known = settings({"one.py": text})
    products = replace(known.collections["products"], key=("sku", "country"))
    pages = replace(known.collections["pages"], key="id")
    mappings = load(replace(known, collections={"products": products, "pages": pages}))

    def mapped(product):
        return mappings.changes("erp", "t", {"id": 1, "product": product}, version=None)

    ((path, message),) = [(p.path, p.message) for p in mapped(given).problems]
    assert path == "product"
    assert message.startswith("is no key of products, which has 2 parts; found ")
    assert not mapped(["a", "b"]).problems
