"""JMESPath: which expressions are refused, and when a value is left out."""

import warnings

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import missing

from service.mapping.path_checks import PathInvalid
from service.mapping.paths import compile_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("sku", ("sku",)),
        ("data.item.sku", ("data", "item", "sku")),
        ("variants[0].sku", ("variants", 0, "sku")),
        ("a[-1][2]", ("a", -1, 2)),
        ("[0].sku", (0, "sku")),
        ('data."in-stock"', ("data", "in-stock")),
    ],
)
def test_identifiers_and_indexes_make_a_plain_path(text, steps):
    assert compile_path(text).steps == steps


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("data.qty > `0`", {("data", "qty")}),
        ("a.b || c", {("a", "b"), ("c",)}),
        ("!(a.b)", {("a", "b")}),
        ("join('-', [a, b.c])", {("a",), ("b", "c")}),
        ("data.{x: a, y: b.c}", {("data", "a"), ("data", "b", "c")}),
        ("data.lines[*].price", {("data", "lines")}),
        ("data.tags[?@ == 'new'] | [0]", {("data", "tags")}),
        ("max_by(rows, &price).sku", {("rows",)}),
        ("a.b | length(@)", {("a", "b")}),
        ("a | b.c", {("a", "b", "c")}),
        ("a | 'text'", {("a",)}),
        ("length(@)", {()}),
        ("`true`", set()),
    ],
)
def test_the_paths_in_an_expression_are_known(text, uses):
    path = compile_path(text)
    assert path.steps is None
    assert set(path.uses) == uses


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": []}, {"data": {"b": 1}}, 5, None])
def test_a_plain_path_that_is_absent_is_missing(payload):
    assert compile_path("data.a").read(payload) is missing


def test_a_plain_path_to_null_is_null():
    assert compile_path("data.a").read({"data": {"a": None}}) is None


@pytest.mark.parametrize("index", [2, -3, 10**30])
def test_an_index_outside_the_list_is_missing(index):
    assert compile_path(f"rows[{index}]").read({"rows": [1, 2]}) is missing


def test_an_index_does_not_reach_into_text():
    assert compile_path("rows[0]").read({"rows": "text"}) is missing


def test_an_expression_is_missing_when_all_its_paths_are_absent():
    assert compile_path("!(data.hidden)").read({"data": {}}) is missing


def test_an_expression_is_read_when_one_of_its_paths_is_there():
    assert compile_path("data.a || data.b").read({"data": {"b": 7}}) == 7


def test_an_expression_over_an_explicit_null_is_read():
    assert compile_path("!(data.hidden)").read({"data": {"hidden": None}}) is True


def test_an_expression_with_a_null_result_is_null_where_a_path_of_it_is_there():
    assert compile_path("data.qty > `0`").read({"data": {"qty": None}}) is None
    assert compile_path("data.qty > `0`").read({"data": {}}) is missing


def test_an_expression_without_any_path_is_a_constant():
    assert compile_path("`false`").read({}) is False


@pytest.mark.parametrize(
    ("text", "payload", "said"),
    [
        ("qty > `0`", {"qty": "5"}, "evaluated: it compares a text with a number"),
        ("length(qty)", {"qty": 5}, "length()"),
        ("ceil(qty)", {"qty": float("inf")}, "found Infinity"),
        ("qty > `0`", {"qty": float("nan")}, "found NaN"),
        ("[qty, `1`] | max(@)", {"qty": float("nan")}, "found NaN"),
        ("max(all)", {"all": [1, float("nan")]}, "found NaN"),
        ("all[?@ > `0`]", {"all": [1, float("-inf")]}, "found -Infinity"),
        ("parse_json(qty).n", {"qty": '{"n": NaN}'}, "found NaN"),
    ],
)
def test_what_the_evaluation_raises_is_a_value_error(text, payload, said):
    with pytest.raises(ValueError, match="cannot be evaluated") as caught:
        compile_path(text).read(payload)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("!a.b", "write !(a.b)"),
        ("on && !data.hidden", "write !(data.hidden)"),
        ('!"x y".b', 'write !("x y".b)'),
        ("rows[?!a.b].c", "write !(a.b)"),
        ("!rows[?x]", "write !(rows[?x])"),
        ("(!a).b", "write !(a.b)"),
    ],
)
def test_a_path_into_the_result_of_not_is_refused_with_a_hint(text, hint):
    with pytest.raises(PathInvalid) as caught:
        compile_path(text)
    assert caught.value.do == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("$.data.qty", "write a path without $ and /, such as data.qty"),
        ("/data/qty", "write a path without $ and /, such as data.qty"),
        ("a and b", "write && for and, || for or, ! for not"),
        ("state = 'new'", "write == to compare"),
        ("qty > 0", "put a number in backticks: `0`"),
        ("a..b", "correct the expression"),
    ],
)
def test_what_another_language_writes_is_refused_with_a_hint(text, hint):
    with pytest.raises(PathInvalid) as caught:
        compile_path(text)
    assert caught.value.do == hint


@pytest.mark.parametrize("text", ["!a", "!(a.b)", "!a[0]", "!contains(a.b, 'x')", "!a || b.c"])
def test_other_uses_of_not_are_accepted(text):
    assert compile_path(text).text == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('state == "IN_STOCK"', "IN_STOCK"),
        ('"IN_STOCK" != state', "IN_STOCK"),
        ('a.b && (c == "x")', "x"),
        ('rows[?kind=="new"].sku', "new"),
        ('qty > "low"', "low"),
        ('contains(tags, "new")', "new"),
        ('starts_with(lower(sku), "x")', "x"),
        ('join("x", [a, b])', "x"),
        ("replace(a, 'b', \"c\")", "c"),
    ],
)
def test_a_comparison_with_a_quoted_name_is_refused_with_a_hint(text, name):
    with pytest.raises(PathInvalid) as caught:
        compile_path(text)
    assert caught.value.do == f"write '{name}' for the text, {name} for the field"


@pytest.mark.parametrize(
    "text",
    [
        "\"in-stock\" == 'yes'",
        'a."b" == c',
        '"a".b == c',
        'a == "b c"',
        'a == "b".c',
        'length("a")',
        'contains("a", b)',
        'contains(tags, "a b")',
        'contains(a, "b".c)',
        'max_by(a, &"b")',
        'not_null("a", "b")',
    ],
)
def test_other_quoted_names_are_accepted(text):
    assert compile_path(text).text == text


@pytest.mark.parametrize("text", ["", "a.", "a b", "a[", "data..sku", "`", None, 5, ["a"]])
def test_what_is_not_jmespath_is_refused(text):
    with pytest.raises(PathInvalid):
        compile_path(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("data.in-stock", 'put a name with a hyphen in quotes: "in-stock"'),
        ("data.qty > 0", "put a number in backticks: `0`"),
    ],
)
def test_common_slips_get_a_hint(text, hint):
    with pytest.raises(PathInvalid) as caught:
        compile_path(text)
    assert caught.value.do == hint


@pytest.mark.parametrize(
    "text", ["lenght(a)", "contains(a)", "length(a, b)", "not_null()", "a[?starts_with(b)]"]
)
def test_unknown_functions_and_wrong_numbers_of_arguments_are_refused(text):
    with pytest.raises(PathInvalid):
        compile_path(text)


PIECES = ["a", "b.c", "[", "]", "[0]", "[*]", "[?", "!", "(", ")", "{", ":", ",", "`1`", "'x'"]
PIECES += ["|", "||", "&&", "&", "@", "length(", ".", "==", ">", "-1", '"q"', "*", "[]", "`"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_any_text_is_compiled_or_refused(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of `text` in backticks
        try:
            path = compile_path(text)
        except PathInvalid:
            return
    payload = {"a": {"b": [1, {"c": None}]}, "b": {"c": 5}}
    if path.steps is not None:
        assert path.evaluate(payload) == jmespath.search(text, payload)
