"""What senders write where a field expects another type."""

from decimal import Decimal

import pytest

from service.mapping.coercion import as_text

NO_TEXT = [
    "fields.Integer({})",
    "fields.Decimal({})",
    "fields.Float({})",
    "fields.Integer(as_string=True, {})",
    "fields.Boolean({})",
    "fields.DateTime({})",
    "fields.Date({})",
    "fields.Email({})",
    "fields.URL({})",
    "fields.UUID({})",
    "fields.List(fields.Integer(), {})",
    "Image({})",
    "MultiImage({})",
    "Option({})",
    "Link({})",
    "Phone({})",
    "Color({})",
    "Reference({})",
    "Reference(to='products', {})",
    "MultiReference({})",
]


@pytest.mark.parametrize("field", NO_TEXT)
def test_empty_text_clears_all_but_text(one, field):
    read = one(f"x = {field.format('allow_none=True')}")
    assert read({"sku": 1, "x": ""}) == {"x": None}


@pytest.mark.parametrize("field", NO_TEXT)
def test_empty_text_is_a_problem_where_null_may_not_clear(one, field):
    ((path, message),) = one(f"x = {field.format('')}")({"sku": 1, "x": ""})
    assert path == "x"
    assert message == 'Empty text is null here; allow_none=True lets it clear the field; found ""'


@pytest.mark.parametrize("field", ["fields.String", "RichText", "fields.Raw"])
@pytest.mark.parametrize("given", ["", "allow_none=True"])
def test_empty_text_is_text(one, field, given):
    assert one(f"x = {field}({given})")({"sku": 1, "x": ""}) == {"x": ""}


def test_a_hook_of_the_field_sees_empty_text_first(one):
    read = one("x = fields.Integer(pre_load=lambda value: value or 0)")
    assert read({"sku": 1, "x": ""}) == {"x": 0}


def test_an_empty_element_of_a_list_is_a_problem_of_that_element(one):
    ((_, message),) = one("x = fields.List(fields.Integer())")({"sku": 1, "x": [1, ""]})
    assert message.startswith("element 1: Empty text is null here")


def test_the_fields_of_one_path_each_have_their_own_empty_text(changes):
    read = changes("a = fields.String(data_key='x')\nb = fields.Integer(data_key='x')")
    mapped = read({"sku": 1, "x": ""})
    assert [field.slug for field in mapped.changes[0].fields] == ["a"]
    assert [out.slug for out in mapped.left] == ["b"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [("12.00000", 12), ("12.", 12), ("-3.0", -3), ("0.000", 0), (" 16.0 ", 16), (12.0, 12)],
)
def test_text_of_a_whole_number_fits_an_integer(one, raw, value):
    assert one("x = fields.Integer()")({"sku": 1, "x": raw}) == {"x": value}


@pytest.mark.parametrize("raw", ["1.5", "12.00001", ".0", "1.0.0", "1,0", 2.5])
def test_what_is_no_whole_number_does_not(one, raw):
    ((_, message),) = one("x = fields.Integer()")({"sku": 1, "x": raw})
    assert message.startswith("Not a valid integer")


def test_a_strict_integer_takes_no_text(one):
    assert one("x = fields.Integer(strict=True)")({"sku": 1, "x": 5}) == {"x": 5}
    ((_, message),) = one("x = fields.Integer(strict=True)")({"sku": 1, "x": "5.0"})
    assert message.startswith("Not a valid integer")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (12.5, "12.5"),
        (-0.1, "-0.1"),
        (1e16, "10000000000000000"),
        (1e-7, "0.0000001"),
        (2**70, "1180591620717411303424"),
        (Decimal("1.50"), "1.5"),
        (100, "100"),
    ],
)
def test_a_number_is_its_text_to_a_string(number, text):
    assert as_text(number) == text


@pytest.mark.parametrize("field", ["fields.String()", "Phone()", "Option()", "RichText()"])
def test_fields_of_text_take_numbers(one, field):
    assert one(f"x = {field}")({"sku": 1, "x": 12}) == {"x": "12"}


@pytest.mark.parametrize("raw", [True, [], {}, 10**400])
def test_what_is_neither_text_nor_number_does_not_fit_a_string(one, raw):
    ((path, message),) = one("x = fields.String()")({"sku": 1, "x": raw})
    assert (path, message[:18]) == ("x", "Not a valid string")


def test_a_subclass_with_a_way_of_its_own_sees_the_number(mappings):
    mapped = mappings("""
        class Euros(fields.String):
            def _deserialize(self, value, attr, data, **kwargs):
                return f"{value / 100:.2f} EUR"

        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            price = Euros()
    """).changes("erp", None, {"sku": 1, "price": 1999}, version=None)
    assert [field.value for field in mapped.changes[0].fields] == ['"19.99 EUR"']
