"""Keys of several parts: one text for each, and none for two."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.mapping.load import load
from workers.errors import ConfigurationInvalid
from workers.webflow.item_keys import joined, parted

FIELD = "stock = fields.Integer(data_key='qty')"
PARTS = "key = ('sku', 'country')"
PARTS_OF_ANY_LETTERS = st.lists(st.text("|\\ab", min_size=1), min_size=2, max_size=4)

MAPPING = """
    from marshmallow import fields
    from service.mapping import Mapping

    class One(Mapping):
        class Meta:
            source, collection = "erp", "products"
            key = {key}

        stock = fields.Integer()
"""


@pytest.fixture
def record(changes):
    """Returns the key of the one change that a payload makes, or the problems."""

    def read(meta, payload):
        mapped = changes(FIELD, meta)({"qty": 1, **payload})
        if mapped.problems:
            return [(problem.path, problem.message) for problem in mapped.problems]
        (change,) = mapped.changes
        return change.record

    return read


@pytest.fixture
def held_by(settings):
    """Loads a mapping with a key into a collection whose key stands in the given fields."""

    def make(fields, key):
        found = settings({"one.py": MAPPING.format(key=key)})
        products = replace(found.collections["products"], key=fields)
        return load(replace(found, collections={**found.collections, "products": products}))

    return make


def test_the_parts_of_a_key_are_joined(record):
    assert record(PARTS, {"sku": "A1", "country": "DE"}) == "A1|DE"
    assert record("key = ['sku', 'country']", {"sku": 12, "country": "DE"}) == "12|DE"


def test_blanks_around_a_part_mean_nothing(record):
    assert record(PARTS, {"sku": "A-1   ", "country": "\u00a0de"}) == "A-1|de"


def test_a_key_is_shown_as_it_came(changes):
    payload = {"qty": 1, "sku": "A|1  ", "country": "de"}
    (change,) = changes(FIELD, PARTS)(payload).changes
    assert (change.record, change.shown) == ("A\\|1|de", "A\\|1  |de")
    (change,) = changes(FIELD, PARTS)({**payload, "sku": "A1"}).changes
    assert (change.record, change.shown) == ("A1|de", None)


def test_one_path_is_the_key_as_it_stands(record):
    assert record("key = 'sku'", {"sku": "a|b\\c"}) == "a|b\\c"
    assert record("key = ('sku',)", {"sku": "a|b\\c"}) == "a|b\\c"


def test_what_stands_between_parts_is_marked_where_it_is_in_one(record):
    assert record(PARTS, {"sku": "A|1", "country": "D\\E"}) == r"A\|1|D\\E"


@given(PARTS_OF_ANY_LETTERS)
def test_the_parts_are_read_back_from_the_key(parts):
    assert parted(joined(parts)) == tuple(parts)


@given(PARTS_OF_ANY_LETTERS, PARTS_OF_ANY_LETTERS)
def test_no_two_keys_are_one_text(one, other):
    assert (joined(one) == joined(other)) == (one == other)


@pytest.mark.parametrize(
    ("payload", "path", "words"),
    [
        pytest.param({"sku": "A1"}, "country", "absent", id="absent"),
        pytest.param({"sku": "A1", "country": None}, "country", "found null", id="null"),
        pytest.param({"sku": "", "country": "DE"}, "sku", 'found ""', id="empty"),
        pytest.param({"sku": "A1", "country": [1]}, "country", "found", id="a list"),
    ],
)
def test_a_part_that_is_none_is_a_problem_of_the_event(record, payload, path, words):
    ((where, message),) = record(PARTS, payload)
    assert where == path
    assert message.startswith(words)


def test_every_part_that_is_none_is_told(record):
    assert [path for path, _ in record(PARTS, {})] == ["sku", "country"]


def test_the_whole_key_has_the_length_of_a_simple_one(record):
    ((path, message),) = record(PARTS, {"sku": "a" * 200, "country": "b" * 56})
    assert (path, message) == (
        "sku, country",
        "found a key of 257 characters; expected 256 at most",
    )
    assert len(record(PARTS, {"sku": "a" * 200, "country": "b" * 55})) == 256


def test_a_path_that_is_none_is_told_at_the_start(refused):
    (problem,) = refused(
        """
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", ("sku", "a..b")
            stock = fields.Integer()
        """
    )
    assert "One.Meta.key" in problem
    assert "'a..b'" in problem


def test_a_key_without_paths_is_refused(refused):
    (problem,) = refused(
        """
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", ()
            stock = fields.Integer()
        """
    )
    assert "found no path, expected one or more" in problem


def test_an_item_id_has_no_parts(refused):
    (problem,) = refused(
        """
        class One(Mapping):
            class Meta:
                source, collection, item = "erp", "products", ("id", "part")
            stock = fields.Integer()
        """
    )
    assert "One.Meta.item" in problem


@pytest.mark.parametrize("key", ['"sku"', '("sku", "country", "size")'])
def test_a_key_that_stands_in_several_fields_has_a_path_for_each(held_by, key):
    with pytest.raises(ConfigurationInvalid) as caught:
        held_by(("sku", "country"), key)
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith("one.py: One.Meta.key: found")
    assert "expected 2, as collections.products.key has fields: sku, country" in problem


@pytest.mark.parametrize("fields", ["sku", ("sku", "country")])
def test_a_key_of_parts_stands_in_one_field_or_in_one_for_each(held_by, fields):
    assert held_by(fields, '("sku", "country")').rules
