"""What can be read goes out; what cannot is left out, told, and named as far as it can be."""

import json

import pytest

from workers.model.changes import LeftOut

HOOKED = """
    price = fields.Integer()
    stock = fields.Integer()
    @post_load
    def euros(self, data, **kwargs):
        if "price" in data:
            data["price"] = data["price"] / 100
        return data
"""


def fields(mapped):
    return {f.slug: json.loads(f.value) for change in mapped.changes for f in change.fields}


def problems(mapped):
    return [(problem.path, problem.message) for problem in mapped.problems]


def slugs(mapped):
    return [out.slug for out in mapped.left]


def test_a_field_that_cannot_be_read_leaves_the_others_their_values(changes):
    read = changes("stock = fields.Integer(data_key='d.qty')\nname = fields.String()")
    mapped = read({"sku": "A1", "name": "Oak", "d": {"qty": "x"}}, version="t1")
    assert fields(mapped) == {"name": "Oak"}
    assert problems(mapped) == [("d.qty", 'Not a valid integer; found "x"')]
    assert mapped.left == (LeftOut("products", "A1", "key", "stock", "t1"),)


def test_every_hook_runs_on_what_is_accepted(changes):
    mapped = changes(HOOKED)({"sku": 1, "price": 1999, "stock": "x"})
    assert fields(mapped) == {"price": 19.99}
    assert slugs(mapped) == ["stock"]


def test_a_hook_does_not_bring_back_what_was_taken_out(changes):
    mapped = changes("""
        price = fields.Integer()
        stock = fields.Integer()
        @post_load
        def more(self, data, **kwargs):
            return {"price": 0} | data
    """)({"sku": 1, "price": "x", "stock": 5})
    assert fields(mapped) == {"stock": 5}
    assert slugs(mapped) == ["price"]


def test_checks_of_the_schema_see_the_rest_alone(changes):
    mapped = changes("""
        low = fields.Integer()
        high = fields.Integer()
        @validates_schema
        def order(self, data, **kwargs):
            if "low" in data and "high" in data and data["low"] > data["high"]:
                raise ValidationError("low is above high")
    """)({"sku": 1, "low": 5, "high": "x"})
    assert fields(mapped) == {"low": 5}


@pytest.mark.parametrize("name", ["high", "max-price", "d.high"])
def test_a_check_of_the_schema_may_name_the_field_it_is_about(changes, name):
    mapped = changes(f"""
        high = fields.Integer(data_key="d.high", attribute="max-price")
        low = fields.Integer()
        @validates_schema
        def never(self, data, **kwargs):
            if "max-price" in data:
                raise ValidationError("too high", "{name}")
    """)({"sku": 1, "low": 5, "d": {"high": 9}})
    assert fields(mapped) == {"low": 5}
    assert problems(mapped) == [("d.high", "too high; found 9")]


def test_a_validator_of_one_field_takes_out_that_field(changes):
    mapped = changes("""
        n = fields.Integer(data_key="d.n")
        name = fields.String()
        @validates("n")
        def even(self, value, data_key):
            if value % 2:
                raise ValidationError("is odd")
    """)({"sku": 1, "name": "Oak", "d": {"n": 3}})
    assert fields(mapped) == {"name": "Oak"}
    assert problems(mapped) == [("d.n", "is odd; found 3")]


def test_what_a_callable_of_a_field_raises_takes_out_that_field(changes):
    mapped = changes("n = fields.Raw(post_load=lambda v: 1 / v)\nname = fields.String()")(
        {"sku": 1, "n": 0, "name": "Oak"}
    )
    assert fields(mapped) == {"name": "Oak"}
    assert problems(mapped) == [("n", "ZeroDivisionError: division by zero; found 0")]


def test_what_cannot_be_written_is_taken_out_and_the_rest_loaded_again(changes):
    mapped = changes(HOOKED + "    at = fields.DateTime()")(
        {"sku": 1, "price": 1999, "stock": "x", "at": "2025-01-01T00:00:00"}
    )
    assert fields(mapped) == {"price": 19.99}
    assert slugs(mapped) == ["stock", "at"]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("validates_schema", "raise ValidationError('not today')"),
        ("post_load", "return data['none']"),
        ("pre_load", "return data['none']"),
        ("post_load", "return data | {'other': 1}"),
    ],
)
def test_a_problem_that_names_no_field_leaves_out_the_whole_change(changes, kind, line):
    read = changes(f"""
        stock = fields.Integer()
        name = fields.String()
        @{kind}
        def hook(self, data, **kwargs):
            {line}
    """)
    mapped = read({"sku": 1, "stock": 5, "name": "Oak"}, version="t1")
    assert (mapped.changes, len(mapped.problems)) == ((), 1)
    assert {out.slug for out in mapped.left} == {"stock", "name"}
    assert {out.version for out in mapped.left} == {"t1"}


def test_a_second_failure_leaves_out_the_whole_change(changes):
    mapped = changes("""
        stock = fields.Integer()
        name = fields.String()
        @post_load
        def both(self, data, **kwargs):
            return data | {"name": data["name"] + str(data["stock"])}
    """)({"sku": 1, "stock": "x", "name": "Oak"})
    assert mapped.changes == ()
    assert [path for path, _ in problems(mapped)] == ["stock", "One"]
    assert slugs(mapped) == ["stock", "name"]


def test_of_two_fields_with_one_path_the_one_that_fails_is_taken_out(changes):
    body = "stock = fields.Integer(data_key='q')\nlabel = fields.String(data_key='q')"
    mapped = changes(body)({"sku": 1, "q": "many"})
    assert fields(mapped) == {"label": "many"}
    assert slugs(mapped) == ["stock"]


def test_a_field_that_is_absent_is_not_left_out(changes):
    mapped = changes("a = fields.Integer()\nb = fields.Integer()", "key = 'sku'\nwhen = 'x > `0`'")(
        {"sku": 1, "a": 5, "x": "5"}
    )
    assert slugs(mapped) == ["a"]


def test_a_key_that_fails_names_nothing(changes):
    mapped = changes("name = fields.String()")({"name": "Oak"})
    assert (mapped.changes, mapped.left) == ((), ())
    assert [path for path, _ in problems(mapped)] == ["sku"]


def test_a_version_that_fails_leaves_out_the_change_without_one(changes):
    mapped = changes("name = fields.String()", "key = 'sku'\nversion = 'rev'")(
        {"sku": 1, "name": "Oak", "rev": "soon"}, version="t1"
    )
    assert mapped.changes == ()
    assert mapped.left == (LeftOut("products", "1", "key", "name", None),)


def test_a_retirement_that_fails_is_named(mappings):
    mapped = mappings("""
        class Gone(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                when, on_delete = "gone > `0`", "archive"
    """).changes("erp", None, {"sku": 1, "gone": "5"}, version="t1")
    assert mapped.left == (LeftOut("products", "1", "key", ":gone", "t1"),)


def test_one_mapping_does_not_keep_another_from_its_change(mappings):
    mapped = mappings("""
        class Stock(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            stock = fields.Integer(data_key="qty")

        class Name(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "code"
            name = fields.String()
    """).changes("erp", None, {"sku": 1, "qty": "x", "name": "Oak", "code": 2}, version=None)
    assert fields(mapped) == {"name": "Oak"}
    assert slugs(mapped) == ["stock"]


def test_a_notice_is_fetched_beside_a_problem_elsewhere(mappings):
    mapped = mappings("""
        def read(event):
            return {}

        class Thin(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
                fetch, object = read, "id"
            name = fields.String()

        class Stock(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            stock = fields.Integer(data_key="qty")
    """).changes("erp", None, {"id": 7, "sku": 1, "qty": "x"}, version=None)
    assert [fetch.object for fetch in mapped.fetches] == ["7"]
    assert slugs(mapped) == ["stock"]


def test_a_hook_that_changes_what_it_is_given_does_so_once(changes):
    mapped = changes("""
        price = fields.Float()
        stock = fields.Integer()
        @pre_load
        def euros(self, data, **kwargs):
            data["price"] /= 100
            return data
    """)({"sku": 1, "price": 1999, "stock": "x"})
    assert fields(mapped) == {"price": 19.99}


def test_what_a_hook_would_have_filled_is_left_out_too(changes):
    mapped = changes("""
        stock = fields.Integer()
        in_stock = fields.Boolean()
        @post_load
        def tell(self, data, **kwargs):
            return data | {"in_stock": 1 / data["stock"] > 0}
    """)({"sku": 1, "stock": 0})
    assert mapped.changes == ()
    assert slugs(mapped) == ["stock", "in-stock"]


def test_a_field_whose_expression_fails_is_named_beside_a_version_that_fails(changes):
    read = changes("stock = fields.Integer(data_key='abs(a)')", meta="key = 'sku'\nversion = 'v'")
    mapped = read({"sku": "A1", "a": "x", "v": "soon"})
    assert mapped.left == (LeftOut("products", "A1", "key", "stock", None),)
