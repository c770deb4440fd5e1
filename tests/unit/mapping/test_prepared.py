"""What is prepared of a mapping once, or left out for most values, changes no result."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from marshmallow import fields

from service.mapping.serializers import number, writer
from tests.support.depth import depth
from tests.unit.mapping.test_any_payload import KINDS, PAYLOADS
from workers.model.changes import canonical

HOOKED = KINDS.replace(
    "class Lines",
    "    @validates_schema\n    def nothing(self, data, **kwargs):\n        pass\n\nclass Lines",
)
NUMBERS = (
    st.integers()
    | st.sampled_from([10**21, 10**21 - 1, -(10**21), 2**53 + 1, 10**40 + 1])
    | st.floats()
    | st.sampled_from([1e20, 1.2345678901234567e20, 1e21, 1e22, -0.0, 5e-324, 1.8e308])
)


@pytest.fixture
def both(mappings):
    """The same mappings: loaded by their fields alone, and by the ``load`` of their schema."""
    plain, hooked = mappings(KINDS), mappings(HOOKED)
    assert [rule.fields.parts is None for rule in plain.rules] == [False, False, True]
    assert hooked.rules[0].fields.parts is None
    return plain, hooked


@bounds(
    max_examples=depth(200, 1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(payload=PAYLOADS)
def test_fields_alone_give_what_the_schema_gives(both, payload):
    plain, hooked = both
    assert plain.changes("erp", None, payload, version=None) == hooked.changes(
        "erp", None, payload, version=None
    )


@pytest.mark.parametrize("method", ["load", "_do_load", "_deserialize"])
def test_a_method_of_the_users_class_loads(one, method):
    read = one(f"""
        n = fields.Integer()
        def {method}(self, data, **kwargs):
            return {{"n": 7}}
    """)
    assert read({"sku": 1, "n": 5}) == {"n": 7}


def test_a_field_that_changes_what_was_read_takes_nothing_from_the_others(mappings):
    loaded = mappings("""
        class Takes(fields.String):
            def _deserialize(self, value, attr, data, **kwargs):
                data.pop("n")
                return super()._deserialize(value, attr, data, **kwargs)

        class One(Mapping):
            n = fields.Integer()
            s = Takes()
            class Meta:
                source, collection, key = "erp", "products", "sku"
    """)
    mapped = loaded.changes("erp", None, {"sku": 1, "n": 5, "s": 2.5, "x": []}, version=None)
    assert [(each.slug, each.value) for each in mapped.changes[0].fields] == [("n", "5")]


def test_a_field_is_required_where_the_users_class_says_that_it_is_not_partial(one):
    read = one("""
        n = fields.Integer(required=True)
        s = fields.String()
        def __init__(self, **options):
            super().__init__(**options)
            self.partial = False
    """)
    assert read({"sku": 1, "s": "a"}) == [("n", "Missing data for required field")]


def test_a_validator_of_one_field_is_asked(one):
    read = one("""
        n = fields.Integer()
        @validates("n")
        def never(self, value, data_key):
            raise ValidationError("not today")
    """)
    assert read({"sku": 1, "n": 5}) == [("n", "not today; found 5")]


@pytest.mark.parametrize(
    ("version", "placed", "expected"),
    [
        ("", "after", "after"),
        ("", "first", "first"),
        ("version = 'v'", "held", "held"),
        # Its own version is not related to the previous row.
        ("version = 'v'", "after", "arrival"),
    ],
)
def test_a_change_stands_where_its_event_does(mappings, version, placed, expected):
    loaded = mappings(f"""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                {version}
            n = fields.Integer()
    """)
    payload = {"sku": 1, "n": 5, "v": 9}
    (change,) = loaded.changes("erp", "t", payload, version=None, placed=placed).changes
    assert change.placed == expected


@pytest.mark.parametrize(
    ("topic", "slugs"),
    [("a", ["all", "one"]), ("b", ["all", "two"]), ("c", ["all"]), (None, ["all"])],
)
def test_a_topic_has_the_mappings_that_name_it_and_those_that_name_none(mappings, topic, slugs):
    loaded = mappings("""
        class All(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            all = fields.Integer()

        class One(Mapping):
            class Meta:
                source, collection, key, topics = "erp", "products", "sku", ("a",)
            one = fields.Integer(data_key="all")

        class Two(Mapping):
            class Meta:
                source, collection, key, topics = "erp", "products", "sku", ("b",)
            two = fields.Integer(data_key="all")
    """)
    mapped = loaded.changes("erp", topic, {"sku": 1, "all": 5}, version=None)
    assert [field.slug for change in mapped.changes for field in change.fields] == slugs
    assert mapped.wanted
    assert not loaded.changes("shop", topic, {}, version=None).wanted


def outcome(function, value):
    try:
        result = function(value)
    except Exception as error:
        return repr(error)
    return repr(result)


def by_decimals(value):
    """Return the number that *value* is, by its digits."""
    return number(Decimal(repr(value)))


@given(value=NUMBERS)
def test_a_number_is_written_as_its_decimal_is(value):
    assert outcome(number, value) == outcome(by_decimals, value)


class OwnInteger(fields.Integer):
    """Like every class of a user, serialized by marshmallow."""


class OwnFloat(fields.Float):
    """Like every class of a user, serialized by marshmallow."""


@given(value=NUMBERS | st.booleans() | st.decimals())
def test_a_number_field_writes_what_marshmallow_serializes(value):
    for ours, theirs in ((fields.Integer, OwnInteger), (fields.Float, OwnFloat)):
        assert outcome(writer(ours()), value) == outcome(writer(theirs()), value)


@given(value=NUMBERS | st.booleans() | st.none() | st.text())
def test_canonical_text_is_what_json_writes(value):
    if isinstance(value, float) and not math.isfinite(value):
        with pytest.raises(ValueError, match="JSON compliant"):
            canonical(value)
    else:
        assert canonical(value) == json.dumps(value, ensure_ascii=False)
