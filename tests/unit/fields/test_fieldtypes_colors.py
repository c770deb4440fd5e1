import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.fields.colors import parse, same_color


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#abc", (170, 187, 204, 255)),
        ("#abcd", (170, 187, 204, 221)),
        ("#AABBCC", (170, 187, 204, 255)),
        ("#aabbcc00", (170, 187, 204, 0)),
        ("rgb(1, 2, 3)", (1, 2, 3, 255)),
        ("rgb(100% 0% 20% / 40%)", (255, 0, 51, 102)),
        ("rgba(300, -2, 3, 1)", (255, 0, 3, 255)),
        ("hsl(120deg, 100%, 50%)", (0, 255, 0, 255)),
        ("hsla(-120, 100%, 50%, .2)", (0, 0, 255, 51)),
        (" RebeccaPurple ", (102, 51, 153, 255)),
        ("transparent", (0, 0, 0, 0)),
    ],
)
def test_css_notations_are_read(text, expected):
    assert parse(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "#12", "#12345", "rgb(1,2)", "rgb(a,b,c)", "blueish", "#ggg"])
def test_anything_else_is_no_colour(text):
    assert parse(text) is None


@given(st.text(max_size=30) | st.from_regex(r"(rgb|hsl)a?\([-0-9a-z%., /]{0,20}\)", fullmatch=True))
def test_no_text_makes_it_raise(text):
    found = parse(text)
    assert found is None or all(0 <= part <= 255.001 for part in found)


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
def test_two_colours_are_one_only_if_every_step_is(one, other):
    read = [parse("#" + bytes(each).hex()) for each in (one, other)]
    assert same_color(*read) is (one == other)
