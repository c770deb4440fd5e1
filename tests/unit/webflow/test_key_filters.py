"""What a filter is asked for, and what its answer is taken for."""

from urllib.parse import urlencode

import pytest

from workers.config.settings import Collection
from workers.webflow.filters import BYTES, is_numeric, is_odd, key_filter
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.record_match import RecordKeys
from workers.webflow.schema import Schema

SKU = Collection("products", "site", "c", "sku")
PAIR = Collection("products", "site", "c", ("sku", "size"))


def schema(**types):
    return Schema({slug: {"slug": slug, "type": kind} for slug, kind in types.items()})


TEXT = schema(sku="PlainText", size="PlainText")


def asked(keys, *, collection=SKU, canary=None, known=TEXT):
    return key_filter(collection, keys, canary, known)


def page(*keys, total=None, slug="sku"):
    views = {f"id-{n}": ItemView(f"id-{n}", {slug: key}) for n, key in enumerate(keys)}
    return Answer(200, items=views, total=len(keys) if total is None else total)


def listed(found, slug="sku"):
    return found.query[f"filter[{slug}][in]"].split(",")


def test_keys_go_together_and_beside_them_one_that_is_there():
    found = asked(["a", "b"], canary="z")
    assert listed(found)[:3] == ["z", "a", "b"]
    assert (found.asked, found.canary) == (("a", "b"), "z")


def test_few_keys_are_asked_for_in_the_forms_of_an_editor_s_hand():
    assert set(listed(asked(["é"]))) == {"é", "é ", " é", "e\u0301"}


def test_many_are_not_and_a_hundred_are_the_most():
    found = asked([f"k{n}" for n in range(100)])
    assert len(listed(found)) == len(found.asked) == 100
    found = asked([f"k{n}" for n in range(100)], canary="z")
    assert (len(listed(found)), len(found.asked)) == (100, 99)


def test_an_address_is_bounded_in_bytes():
    found = asked(["ö" * 200 + str(n) for n in range(20)])
    assert 0 < len(found.asked) < 20
    assert len(urlencode(found.query)) <= BYTES
    assert found.left == ()


def test_a_key_that_is_too_long_for_any_address_is_left():
    found = asked(["x" * 5000, "a"])
    assert (found.asked, found.left) == (("a",), ("x" * 5000,))


def test_a_key_with_a_comma_goes_alone_when_it_is_its_turn():
    assert asked(["a,b", "c"]).query == {"filter[sku][eq]": "a,b"}
    found = asked(["c", "a,b"])
    assert (found.asked, found.left) == (("c",), ())


@pytest.mark.parametrize("key", ["12a", "012", "12.0", "1e3", "nan", "²", ""])
def test_no_number_is_asked_for_by_a_key_that_reads_back_as_another(key):
    found = asked([key, "12", "12.5", "-3"], known=schema(sku="Number"))
    assert found.query == {"filter[sku][in]": "12,12.5,-3"}
    assert (found.left, found.number) == ((key,), True)


@pytest.mark.parametrize("kind", ["PlainText", "Email", "Phone", "Link", "Number"])
def test_these_types_can_be_asked_for(kind):
    assert asked(["12"], known=schema(sku=kind)).asked == ("12",)


@pytest.mark.parametrize("kind", ["RichText", "Option", "Reference", "Image", "Switch", "Color"])
def test_others_cannot(kind):
    found = asked(["12"], known=schema(sku=kind))
    assert (found.askable, found.asked) == (False, ())


def test_a_field_that_the_schema_lacks_cannot_either():
    assert not asked(["a"], known=schema(name="PlainText")).askable


def test_before_a_schema_is_known_a_key_is_asked_for_as_it_stands():
    found = asked(["a"], known=Schema())
    assert (found.query, found.known) == ({"filter[sku][in]": "a"}, False)


def test_a_key_of_several_parts_is_asked_for_by_each():
    found = asked(["a|x", "b|x", "a|y"], collection=PAIR, canary="c|z")
    assert found.query == {"filter[sku][in]": "a,b", "filter[size][in]": "x,y"}
    assert found.canary is None
    view = ItemView("id", {"sku": "b", "size": "y"})
    assert found.found(RecordKeys(PAIR), [view]) == []
    assert found.outcome(Answer(200, items={"id": view}, total=1)) == "page"


def test_an_answer_with_more_than_was_asked_for_is_no_answer_to_it():
    found = asked(["a"])
    assert found.outcome(page("a")) == "page"
    assert found.outcome(page("A")) == "page"  # without case
    assert found.outcome(page("a", "b")) == "page"  # one may have another key by now
    assert found.outcome(page("b", "c", "d")) == "void"


def test_an_answer_of_very_many_pages_is_not_read():
    assert asked(["a"]).outcome(page("a", total=1001)) == "wide"


def test_lists_are_understood_where_one_of_several_is_shown():
    assert asked(["a", "b"]).shown(RecordKeys(SKU), page("b").items.values())
    assert asked(["a"], canary="z").shown(RecordKeys(SKU), page("z").items.values())
    assert not asked(["a"]).shown(RecordKeys(SKU), page("a").items.values())
    assert not asked(["a"], canary="z").shown(RecordKeys(SKU), ())


@pytest.mark.parametrize(
    ("value", "odd", "numeric"),
    [
        ("a", False, False),
        ("a ", True, False),
        ("\u3000a", True, False),
        ("e\u0301", True, False),
        ("A", False, False),
        (12, False, True),
        (12.0, False, True),
        ("  ", False, False),
        (None, False, False),
        (True, False, False),
    ],
)
def test_forms_of_keys_are_told_apart(value, odd, numeric):
    view = ItemView("id", {"sku": value})
    assert (is_odd(RecordKeys(SKU), view), is_numeric(SKU, view)) == (odd, numeric)
