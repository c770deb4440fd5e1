"""Absent in, absent out: what is left out, what is cleared, what is a problem."""

import pytest


def test_the_mapping_of_the_design_reads_both_fields(mappings):
    loaded = mappings("""
        class Stock(Mapping):
            class Meta:
                source = "erp"
                topics = ("stock.changed",)
                collection = "products"
                key = "data.sku"

            stock = fields.Integer(data_key="data.qty")
            in_stock = fields.Boolean(data_key="data.qty > `0`")
    """)
    payload = {"data": {"sku": "A-1", "qty": 4}}
    (change,) = loaded.changes("erp", "stock.changed", payload, version="t1").changes
    assert (change.mapping, change.collection, change.by) == ("Stock", "products", "key")
    assert (change.record, change.version) == ("A-1", "t1")
    assert [(f.slug, f.value, f.type) for f in change.fields] == [
        ("stock", "4", "number"),
        ("in-stock", "true", "plain"),
    ]


def test_an_absent_field_is_left_out(one):
    read = one("name = fields.String()\nprice = fields.Integer()")
    assert read({"sku": 1, "name": "Desk"}) == {"name": "Desk"}


def test_required_does_not_change_that(one):
    read = one("name = fields.String()\nprice = fields.Integer(required=True)")
    assert read({"sku": 1, "name": "Desk"}) == {"name": "Desk"}


def test_a_payload_without_any_field_makes_no_change_and_no_problem(changes):
    mapped = changes("name = fields.String()")({"sku": 1})
    assert (mapped.changes, mapped.problems, mapped.wanted) == ((), (), True)


def test_null_clears_a_field_with_allow_none(one):
    assert one("name = fields.String(allow_none=True)")({"sku": 1, "name": None}) == {"name": None}


def test_null_is_a_problem_without_allow_none(one):
    ((path, message),) = one("name = fields.String(data_key='d.n')")({"sku": 1, "d": {"n": None}})
    assert path == "d.n"
    assert "null" in message


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("a || b", {"a": None}),
        ("badge || null", {"badge": False}),
        ("lines[?on].name | [0]", {"lines": []}),
        ("d.qty > `0`", {"d": {"qty": None}}),
    ],
)
def test_a_null_result_clears_where_a_path_is_present_and_null_may_clear(one, expression, payload):
    body = f"text = fields.Raw(data_key='{expression}'{{}})"
    assert one(body.format(", allow_none=True"))({"sku": 1} | payload) == {"text": None}
    assert one(body.format(""))({"sku": 1} | payload) == {}


def test_a_null_result_clears_those_of_its_fields_that_null_may_clear(changes):
    read = changes("""
        a = fields.Raw(data_key="x || y", allow_none=True)
        b = fields.Raw(data_key="x || y")
        c = fields.Integer(allow_none=True)
    """)
    mapped = read({"sku": 1, "x": False})
    assert [(f.slug, f.value) for f in mapped.changes[0].fields] == [("a", "null")]
    mapped = read({"sku": 1, "x": False, "c": "bad"})
    assert [(f.slug, f.value) for f in mapped.changes[0].fields] == [("a", "null")]
    assert [out.slug for out in mapped.left] == ["c"]


def test_a_constant_null_clears_nothing(one):
    assert one("a = fields.Raw(data_key='`null`', allow_none=True)")({"sku": 1}) == {}


def test_an_expression_whose_paths_are_all_absent_is_left_out(one):
    assert one("shown = fields.Boolean(data_key='!(d.hidden)')")({"sku": 1, "d": {}}) == {}


def test_two_fields_may_read_one_path(one):
    read = one("stock = fields.Integer(data_key='q')\nlabel = fields.String(data_key='q')")
    problems = read({"sku": 1, "q": [5]})
    assert [path for path, _ in problems] == ["q", "q"]
    read = one("name = fields.String(data_key='n')\ntitle = fields.String(data_key='n')")
    assert read({"sku": 1, "n": "Desk"}) == {"name": "Desk", "title": "Desk"}


def test_fields_that_nobody_maps_are_ignored(one):
    assert one("name = fields.String()")({"sku": 1, "name": "a", "other": {"x": 1}}) == {
        "name": "a"
    }


def test_a_hook_may_not_turn_a_value_into_null_unless_null_clears(one):
    body = "name = fields.String(post_load=lambda text: text or None{})"
    ((path, message),) = one(body.format(""))({"sku": 1, "name": ""})
    assert path == "name"
    assert "allow_none" in message
    assert one(body.format(", allow_none=True"))({"sku": 1, "name": ""}) == {"name": None}
