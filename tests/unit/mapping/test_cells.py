"""Records of text, as in a CSV file, read by mappings that were written for JSON."""

from decimal import Decimal

import pytest

from service.mapping.text_cells import Cells


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        pytest.param("fields.Integer()", "12", 12, id="whole number"),
        pytest.param("fields.Integer()", "007", 7, id="zeros before a number"),
        pytest.param("fields.Decimal()", "19.90", 19.9, id="cents"),
        pytest.param("fields.Boolean()", "false", False, id="false"),
        pytest.param("fields.Boolean()", "TRUE", True, id="a spreadsheet's true"),
        pytest.param("fields.String()", "00123", "00123", id="digits of a text"),
        pytest.param("fields.String()", "true", "true", id="a text that is a word of JSON"),
        pytest.param("fields.String()", "1.50", "1.50", id="a text that is a number"),
    ],
)
def test_a_plain_path_reads_the_text_and_the_field_gives_it_its_type(one, field, cell, value):
    assert one(f"x = {field}")(Cells(sku="a", x=cell)) == {"x": value}


def test_what_a_field_cannot_read_is_told_as_ever(one):
    ((path, message),) = one("x = fields.Integer()")(Cells(sku="a", x="1.5"))
    assert (path, message) == ("x", 'Not a valid integer; found "1.5"')


@pytest.mark.parametrize(
    ("expression", "cells", "value"),
    [
        pytest.param("qty > `0`", {"qty": "4"}, True, id="more than a number"),
        pytest.param("qty > `0`", {"qty": "-0.5"}, False, id="less than a number"),
        pytest.param("qty == `1e2`", {"qty": "1E+2"}, True, id="exponents"),
        pytest.param("!(hidden)", {"hidden": "false"}, True, id="not false"),
        pytest.param("!(hidden)", {"hidden": "True"}, False, id="not Python's true"),
        pytest.param("qty > `0` && !(hidden)", {"qty": "4", "hidden": "false"}, True, id="both"),
        pytest.param("state == 'on'", {"state": "on"}, True, id="text"),
        pytest.param("contains(tags, 'new')", {"tags": "new,blue"}, True, id="part of a text"),
        pytest.param("starts_with(code, '0')", {"code": "0"}, True, id="text, for a number fails"),
    ],
)
def test_an_expression_sees_numbers_and_truth(one, expression, cells, value):
    read = one(f'x = fields.Boolean(data_key="{expression}")')
    assert read(Cells(sku="a", **cells)) == {"x": value}


def test_an_expression_that_hands_on_a_cell_hands_on_its_text(one):
    read = one("name = fields.String(data_key='title || name')")
    assert read(Cells(sku="a", title="1984", name="b")) == {"name": "1984"}
    assert read(Cells(sku="a", title="", name="1.50")) == {"name": "1.50"}


def test_texts_are_joined_though_they_look_like_numbers(one):
    read = one("name = fields.String(data_key=\"join('-', [sku, size])\")")
    assert read(Cells(sku="007", size="42")) == {"name": "007-42"}


def test_what_fails_for_numbers_and_texts_is_a_problem(one):
    ((path, message),) = one("x = fields.String(data_key='keys(a)')")(Cells(sku="a", a="1"))
    assert path == "keys(a)"
    assert "cannot be evaluated" in message


def test_an_empty_cell_clears_where_null_does_and_is_absent_elsewhere(one):
    read = one("stock = fields.Integer(allow_none=True)\nname = fields.String()")
    assert read(Cells(sku="a", stock="", name="")) == {"stock": None}


def test_an_empty_cell_that_two_fields_read_is_absent_where_one_cannot_be_cleared(one):
    read = one("a = fields.String(data_key='x', allow_none=True)\nb = fields.String(data_key='x')")
    assert read(Cells(sku="a", x="")) == {}


def test_an_empty_cell_is_null_in_an_expression(one):
    read = one("x = fields.Boolean(data_key='qty > `0`')")
    assert read(Cells(sku="a", qty="")) == {}


def test_columns_that_are_paths_are_read_in_both_ways(one):
    read = one(
        "stock = fields.Integer(data_key='d.qty')\nx = fields.Boolean(data_key='d.qty > `0`')",
        meta="key = 'd.sku'",
    )
    assert read(Cells(d={"sku": "a", "qty": "3"})) == {"stock": 3, "x": True}


def test_the_key_is_the_text(changes):
    (change,) = changes("x = fields.String()")(Cells(sku="00123", x="a")).changes
    assert change.record == "00123"


def test_an_empty_key_is_absent(changes):
    (problem,) = changes("x = fields.String()")(Cells(sku="", x="a")).problems
    assert problem.message.startswith("absent")


@pytest.mark.parametrize(
    ("cell", "version"),
    [
        pytest.param("7", f"s{7:020d}", id="a sequence"),
        pytest.param("1970-01-01T00:00:01Z", f"t{10**6:017d}", id="a time"),
    ],
)
def test_the_version_is_what_json_would_have(changes, cell, version):
    mapped = changes("x = fields.String()", meta="key = 'sku'\nversion = 'v'")
    (change,) = mapped(Cells(sku="a", x="b", v=cell)).changes
    assert change.version == version


@pytest.mark.parametrize(("cell", "count"), [("true", 1), ("false", 0), ("", 0), ("yes", 1)])
@pytest.mark.parametrize("when", ["active", "active || other"])
def test_when_sees_truth(changes, when, cell, count):
    mapped = changes("x = fields.String()", meta=f"key = 'sku'\nwhen = '{when}'")
    assert len(mapped(Cells(sku="a", x="b", active=cell)).changes) == count


@pytest.mark.parametrize(("cell", "count"), [("0", 1), ("1", 0)])
def test_when_sees_the_text_where_a_number_fails(changes, cell, count):
    mapped = changes("x = fields.String()", meta="key = 'sku'\nwhen = \"starts_with(code, '0')\"")
    assert len(mapped(Cells(sku="a", x="b", code=cell)).changes) == count


@pytest.mark.parametrize("cell", ["9" * 5000, "1e999"])
def test_a_number_beyond_all_bounds_is_text(one, cell):
    assert one("x = fields.String(data_key='a || b')")(Cells(sku="a", a=cell)) == {"x": cell}


def test_a_whole_field_takes_no_fraction_of_an_exact_number(one):
    ((path, message),) = one("x = fields.Integer()")({"sku": "a", "x": Decimal("1.5")})
    assert (path, message.partition(";")[0]) == ("x", "Not a valid integer")


def test_a_function_that_makes_a_key_gets_the_text(changes):
    meta = "key = lambda row: row['a'] + '-' + row['b']"
    (change,) = changes("x = fields.Raw()", meta)(Cells(a="00123", b="7", x="1")).changes
    assert change.record == "00123-7"


def test_a_function_that_needs_numbers_gets_them(changes):
    meta = """
        key = lambda row: row["n"] + 1
        when = lambda row: row["n"] > 0
        version = lambda row: row["n"]
    """
    (change,) = changes("x = fields.Raw()", meta)(Cells(n="5", x="1")).changes
    assert (change.record, change.version) == ("6", "s" + "5".zfill(20))
