"""The functions of JMESPath Community, and JSON in a text."""

import jmespath
import pytest

from service.senders.event_fields import Place
from service.senders.expressions import Expression

S = "subject string"


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("lower(@)", "STRING", "string"),
        ("upper(@)", "string", "STRING"),
        ("trim(@)", " \t subject string\n ", S),
        ("trim(@, '')", " subject string ", S),
        ("trim(@, ' ')", " subject string ", S),
        ("trim(@, 'su ')", " subject string ", "bject string"),
        ("trim(@, 'gsu ')", " subject string ", "bject strin"),
        ("trim_left(@)", " subject string ", "subject string "),
        ("trim_left(@, 'gsu ')", " subject string ", "bject string "),
        ("trim_right(@)", " subject string ", " subject string"),
        ("trim_right(@, 'gn')", S, "subject stri"),
        ("replace(@, 'aa', '-', `0`)", "aabaaabaaaab", "aabaaabaaaab"),
        ("replace(@, 'aa', '-', `1`)", "aabaaabaaaab", "-baaabaaaab"),
        ("replace(@, 'aa', '-', `2`)", "aabaaabaaaab", "-b-abaaaab"),
        ("replace(@, 'aa', '-')", "aabaaabaaaab", "-b-ab--b"),
        ("split(@, '/')", "/", ["", ""]),
        ("split(@, ',')", "a,b", ["a", "b"]),
        ("split(@, ',')", "", [""]),
        ("split(@, '')", "all", ["a", "l", "l"]),
        ("split(@, '', `1`)", "all", ["a", "ll"]),
        ("split(@, '-', `2`)", "a-b-c-d", ["a", "b", "c-d"]),
        ("split(@, '-', `0`)", "a-b", ["a-b"]),
        ("split(@, '/')[-1]", "gid://shopify/ProductVariant/4501", "4501"),
        ("pad_left(@, `0`)", "string", "string"),
        ("pad_left(@, `10`)", "string", "    string"),
        ("pad_left(@, `10`, '-')", "string", "----string"),
        ("pad_right(@, `10`, '-')", "string", "string----"),
        ("find_first(@, 'string')", S, 8),
        ("find_first(@, 'string', `0`, `14`)", S, 8),
        ("find_first(@, 'string', `-99`, `100`)", S, 8),
        ("find_first(@, 'string', `0`, `13`)", S, None),
        ("find_first(@, 'string', `9`)", S, None),
        ("find_first(@, 's', `1`)", S, 8),
        ("find_first(@, '')", S, None),
        ("find_last(@, 's')", S, 8),
        ("find_last(@, 's', `0`, `7`)", S, 0),
        ("find_last(@, 'string', `8`, `9`)", S, None),
        ("find_last(@, 's')", "", None),
        ("items(@)", {"a": "first", "b": 2}, [["a", "first"], ["b", 2]]),
        ("from_items(@)", [["one", 1], ["two", 2], ["one", 3]], {"one": 3, "two": 2}),
        ("from_items(@[*].[name, value]).size", [{"name": "size", "value": "L"}], "L"),
        ("zip(a, b)", {"a": ["x", "y", "z"], "b": [1, 2]}, [["x", 1], ["y", 2]]),
        (
            "group_by(@, &kind)",
            [{"kind": "a", "n": 1}, {"n": 2}, {"kind": "a", "n": 3}],
            {"a": [{"kind": "a", "n": 1}, {"kind": "a", "n": 3}]},
        ),
        ("parse_json(@).count", '{"count": "11.00000"}', "11.00000"),
        ("parse_json(@)[0]", "[5]", 5),
        ("length(split(lower(@), 's'))", "SoS", 3),
        ("sum(@)", [1, 2.5], 3.5),
    ],
)
def test_a_function_gives_what_the_specification_says(expression, value, result):
    assert Expression(expression).search(value) == result


@pytest.mark.parametrize(
    ("expression", "value", "said"),
    [
        ("lower(@)", None, "lower"),
        ("trim(@, `1`)", "a", "trim"),
        ("split(@, '-', `-1`)", "a-b", "whole number from 0 on, not -1"),
        ("split(@, '-', `1.5`)", "a-b", "whole number from 0 on, not 1.5"),
        ("replace(@, 'a', 'b', `-2`)", "a", "whole number from 0 on, not -2"),
        ("pad_left(@, `5`, '--')", "a", "one character to pad with"),
        ("pad_left(@, `1e9`)", "a", "a width of 10000 at most"),
        ("pad_right(@, `-1`)", "a", "whole number from 0 on"),
        ("find_first(@, 's', `1.3`)", S, "whole numbers, not 1.3"),
        ("from_items(@)", [["one"]], "pairs of a text and a value"),
        ("from_items(@)", [[1, 2]], "pairs of a text and a value"),
        ("zip(@, `1`)", [1], "zip"),
        ("group_by(@, &n)", [{"n": 1}], "texts to group by"),
        ("parse_json(@)", "{", "Expecting"),
        ("parse_json(@)", "[" * 101 + "]" * 101, "nests deeper than 100 levels"),
        ("replace(@, 'a')", "a", "replace"),
        ("lower(@, 'a')", "a", "lower"),
        ("n", {"n": float("nan")}, "found NaN; expected a finite number"),
        ("min(@)", [1, float("-inf")], "found -Infinity; expected a finite number"),
    ],
)
def test_what_does_not_fit_is_refused(expression, value, said):
    with pytest.raises(Exception, match=said):
        Expression(expression).search(value)


def test_the_settings_of_a_source_have_the_functions_too():
    assert Place.parse("split(id, '/')[-1]").find({}, {"id": "gid://shopify/Order/7"}) == "7"
    with pytest.raises(ValueError, match="cannot be evaluated"):
        Place.parse("split(id, '/')[-1]").find({}, {"id": 7})


@pytest.mark.parametrize("text", ["a", "a.b", '"a.b"', "a.b.c", "a[0]", "a[0].b", "a || b", "@.a"])
@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": {"c": 1}}, "a.b": 2, "b": 3},
        {"a": [{"b": 1}], "b": None},
        {"a": None},
        {"a": "text"},
        [{"a": 1}],
        "text",
        None,
        {},
    ],
)
def test_names_are_read_as_the_library_reads_them(text, value):
    assert Expression(text).search(value) == jmespath.search(text, value)


@pytest.mark.parametrize("text", ["a", "a.b", "a.b.c"])
def test_names_that_lead_to_no_finite_number_are_refused(text):
    value = float("nan")
    for name in reversed(text.split(".")):
        value = {name: value}
    with pytest.raises(ValueError, match="expected a finite number"):
        Expression(text).search(value)
    with pytest.raises(ValueError, match="expected a finite number"):
        Expression(f"{text}.more").search(value)
