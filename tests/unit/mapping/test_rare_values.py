"""What hardly any payload has, and what hardly anybody writes."""

import math

import pytest

from service.mapping.coercion import as_text
from service.mapping.currencies import MinorUnits
from service.mapping.display import reason
from service.mapping.functions import require_one_argument


class Unshown(Exception):
    def __str__(self):
        raise RecursionError


def test_a_number_without_end_stays_a_number():
    assert as_text(math.inf) == math.inf


def test_an_error_that_cannot_show_itself_is_told_by_its_type():
    assert reason(Unshown()) == "Unshown: its message cannot be shown"


@pytest.mark.parametrize("function", [max, getattr])
def test_a_function_that_does_not_tell_its_arguments_is_believed(function):
    require_one_argument("it", function, "the payload")


def test_a_function_of_c_may_fetch(mappings):
    loaded = mappings("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                fetch, object = max, "id"

            stock = fields.Integer()
    """)
    assert loaded.rules[0].options.fetching is not None


def test_a_whole_number_is_the_label_of_an_option(one):
    assert one("kind = Option()")({"sku": "A", "kind": 3}) == {"kind": "3"}


def test_a_whole_number_that_a_field_of_the_user_finds_is_the_label_of_an_option(mappings):
    loaded = mappings("""
        class Size(Option):
            def _deserialize(self, value, attr, data, **kwargs):
                return super()._deserialize(value["code"], attr, data, **kwargs)

        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"

            size = Size()
    """)
    (change,) = loaded.changes("erp", "t", {"sku": "A", "size": {"code": 3}}, version=None).changes
    assert [(field.type, field.value) for field in change.fields] == [("option", '"3"')]


def test_an_amount_that_is_no_number_stays_one_where_that_may_be():
    assert MinorUnits(currency="EUR", allow_nan=True).deserialize("NaN").is_nan()


def test_a_mapping_without_a_fetcher_asks_for_no_object(mappings):
    loaded = mappings("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"

            stock = fields.Integer()
    """)
    problems = []
    assert (list(loaded.rules[0].fetches({"sku": "A"}, problems)), problems) == ([], [])
