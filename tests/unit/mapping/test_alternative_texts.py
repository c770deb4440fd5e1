"""Alternative texts from a path of their own."""

import json

import pytest

URL = "https://shop.example/a.png"


@pytest.fixture
def read(changes):
    """Returns the value of a field and the problems, for a payload."""

    def read(field, payload):
        mapped = changes(f"photo = {field}")({"sku": 1, **payload})
        values = [json.loads(v.value) for change in mapped.changes for v in change.fields]
        return (values or [None])[0], [problem.path for problem in mapped.problems]

    return read


ONE = 'Image(data_key="image", alt="data.title")'
MANY = 'MultiImage(data_key="images", alt="texts")'


@pytest.mark.parametrize(
    ("field", "payload", "value"),
    [
        (ONE, {"image": URL, "data": {"title": "A"}}, {"url": URL, "alt": "A"}),
        (ONE, {"image": URL, "data": {"title": 12.0}}, {"url": URL, "alt": "12"}),
        (ONE, {"image": URL}, {"url": URL}),
        (ONE, {"image": URL, "data": {"title": None}}, {"url": URL}),
        # Where the path gives text, it counts; else the value's own.
        (
            ONE,
            {"image": {"url": URL, "alt": "own"}, "data": {"title": "A"}},
            {"url": URL, "alt": "A"},
        ),
        (
            ONE,
            {"image": {"url": URL, "alt": "own"}, "data": {"title": ""}},
            {"url": URL, "alt": "own"},
        ),
        (ONE, {"image": URL, "data": {"title": ["A", "B"]}}, {"url": URL, "alt": "A"}),
        (ONE, {"image": URL, "data": {"title": []}}, {"url": URL}),
        (ONE.replace("alt", "allow_none=True, alt"), {"image": None, "data": {"title": "A"}}, None),
        (
            MANY,
            {"images": [URL, URL], "texts": "A"},
            [{"url": URL, "alt": "A"}, {"url": URL, "alt": "A"}],
        ),
        (
            MANY,
            {"images": [URL, {"url": URL, "alt": "own"}, URL], "texts": ["A", None]},
            [{"url": URL, "alt": "A"}, {"url": URL, "alt": "own"}, {"url": URL}],
        ),
    ],
)
def test_a_path_gives_the_text(read, field, payload, value):
    assert read(field, payload) == (value, [])


def test_a_text_alone_is_no_picture(read):
    assert read(ONE, {"data": {"title": "A"}}) == (None, [])


@pytest.mark.parametrize("title", [{"a": 1}, True, ["A", {}]])
def test_what_is_no_text_leaves_the_field_out(read, title):
    assert read(ONE, {"image": URL, "data": {"title": title}}) == (None, ["data.title"])


def test_a_path_that_cannot_be_evaluated_leaves_the_field_out(read):
    field = ONE.replace("data.title", "join('', n)")
    assert read(field, {"image": URL, "n": 5}) == (None, ["join('', n)"])


def test_a_path_that_is_none_stops_the_start(refused):
    meta = "source, collection, key = 'erp', 'products', 'sku'"
    head = f"class One(Mapping):\n    class Meta:\n        {meta}\n"
    (problem,) = refused(f"{head}    photo = {ONE.replace('data.title', 'data[')}")
    assert "alt" in problem
    assert "JMESPath" in problem


def test_of_a_picture_that_cannot_be_read_no_text_is_missed(read):
    field = """Image(data_key="join('', image)", alt="join('', n)")"""
    assert read(field, {"image": 5, "n": 5}) == (None, ["join('', image)"])
