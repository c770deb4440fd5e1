import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.fields.json_values import dumps
from workers.fields.types import TYPES, OptionUnknown, parse
from workers.model.changes import canonical

NAMES = [
    *("plain", "number", "date", "color", "option", "reference", "references", "richtext"),
    *("video", "link", "phone", "email", "image", "images", "file", "flag"),
    *("reference-key", "references-key"),
    *("image-no-query", "images-no-query", "file-no-query"),
]
PICTURE = {"fileId": "f1", "url": "https://cdn.example/1.png"}
KNOWN = json.dumps(PICTURE)
OPTIONS = [{"id": "a" * 32, "name": "Red"}, {"id": "b" * 32, "name": "Green"}]


def shown(kind, sent, answer, file=None):
    return TYPES[kind].shown(sent, answer, file=file)


def body(kind, value, api="v2", **how):
    return TYPES[kind].body(value, api=api, **how)


def test_every_type_of_the_contract_is_there():
    assert set(TYPES) == {*NAMES, "gone"}


def test_only_files_travel_alone_and_only_options_need_the_schema():
    files = {"image", "images", "file"}
    assert {name for name in TYPES if TYPES[name].files} == files | {f"{f}-no-query" for f in files}
    assert {name for name in TYPES if TYPES[name].needs_schema} == {"option"}


def test_what_is_named_by_its_key_is_sent_as_its_id():
    value = {"key": "desks", "to": "categories"}
    assert body("reference-key", value, link='"c1"') == "c1"
    assert body("references-key", {"keys": ["a", "b"], "to": "c"}, link='["c1","c2"]') == [
        "c1",
        "c2",
    ]
    assert body("reference-key", None, link="null") is None
    assert shown("reference-key", "c1", "c1")
    assert not shown("reference-key", "c1", "c2")
    assert TYPES["reference-key"].seen("c1") == '"c1"'


@pytest.mark.parametrize("text", ["0.1", "123456789012345678901234567890", "0.30000000000000004"])
def test_a_number_keeps_all_its_digits(text):
    assert (
        dumps({"fields": {"price": body("number", parse(text))}})
        == f'{{"fields":{{"price":{text}}}}}'
    )


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_parsed_and_written_again_is_the_same_value(value):
    text = dumps(parse(canonical(value)))
    assert json.loads(text) == value
    assert text.isascii()


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
def test_what_json_has_not_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        dumps([value])


@pytest.mark.parametrize("value", [{1}, [{1}], {"a": [object()]}], ids=["set", "list", "object"])
def test_what_is_not_json_is_refused(value):
    with pytest.raises(TypeError, match="not JSON serializable"):
        dumps(value)


@pytest.mark.parametrize("answer", [None, "", []])
@pytest.mark.parametrize("kind", [name for name in NAMES if name != "flag"])
def test_a_cleared_field_may_read_as_nothing(kind, answer):
    assert shown(kind, body(kind, None), answer)


@pytest.mark.parametrize("kind", [name for name in NAMES if name != "flag"])
def test_a_field_that_still_holds_something_is_not_cleared(kind):
    held = {"images": [PICTURE], "image": PICTURE, "file": PICTURE}.get(kind, "something")
    assert not shown(kind, None, held)


def test_a_cleared_switch_reads_false():
    assert shown("plain", None, False)
    assert not shown("plain", None, True)


@pytest.mark.parametrize(
    ("kind", "sent", "answer"),
    [
        ("plain", "Oak desk", "Oak desk"),
        ("plain", True, True),
        ("plain", {"a": [1, 2.0]}, {"a": [1.0, 2]}),
        ("plain", "", None),
        ("number", 5, 5.0),
        ("number", Decimal("0.10"), 0.1),
        ("number", Decimal("12.5"), "12.50"),
        ("number", 12345678901234567890, 12345678901234567000),
        ("date", "2024-05-01T12:00:00.000Z", "2024-05-01T14:00:00+02:00"),
        ("date", "2024-05-01T12:00:00.123456Z", "2024-05-01T12:00:00.123Z"),
        ("date", "2024-05-01", "2024-05-01T00:00:00.000Z"),
        ("date", "2024-05-01T12:00:00.000Z", "2024-05-01T00:00:00.000Z"),
        ("color", "#abc", "#AABBCC"),
        ("color", "rgb(170, 187, 204)", "#abc"),
        ("color", "Red", "hsl(0, 100%, 50%)"),
        ("color", "#FF000080", "rgba(255, 0, 0, 0.5)"),
        ("color", "Brand Blue", "brand blue"),
        ("references", ["a", "b"], ["a", "b"]),
        ("richtext", "<p>New</p>", '<p id="">New</p>'),
        ("richtext", "<p></p>", None),
        ("richtext", "<p></p>", "<p></p>"),
        ("video", "https://youtu.be/x", {"url": "https://youtu.be/x", "metadata": {}}),
        ("image", {"url": "https://a.example/1.png"}, PICTURE),
        ("image", "https://a.example/1.png", PICTURE),
        ("image", {"fileId": "f1"}, PICTURE),
        ("image", {"url": "https://a", "alt": "Oak"}, PICTURE),
        ("image", {"url": "https://a", "alt": "Oak"}, PICTURE | {"alt": "Oak"}),
        (
            "images",
            [{"url": "https://a.example/1.png"}, {"fileId": "f1"}],
            [{"fileId": "f2"}, PICTURE],
        ),
        ("flag", True, True),
    ],
)
def test_an_answer_that_means_the_same_shows_it(kind, sent, answer):
    assert shown(kind, sent, answer)


@pytest.mark.parametrize(
    ("kind", "sent", "answer"),
    [
        ("plain", "Oak desk", "Oak  desk"),
        ("plain", "Oak desk", None),
        ("plain", True, 1),
        ("plain", 1, True),
        ("plain", "5", 5),
        ("plain", [1], [1, 2]),
        ("plain", {"a": 1}, {"b": 1}),
        ("number", 5, 6),
        ("number", 5, None),
        ("number", 5, "five"),
        ("number", 10**400, 1),
        ("date", "2024-05-01T12:00:00.000Z", "2024-05-01T12:00:00.500Z"),
        ("date", "2024-05-01T12:00:00.000Z", "2024-05-02T00:00:00.000Z"),
        ("date", "2024-05-01", None),
        ("date", "2024-05-01", "soon"),
        ("color", "#abc", "#aabbcd"),
        ("color", "#abc", "#aabbcc80"),
        ("color", "#abc", None),
        ("color", "#abc", "blueish"),
        ("references", ["a", "b"], ["b", "a"]),
        ("references", ["a", "b", "c"], ["a", "b"]),
        ("references-key", ["a", "b", "c"], ["a", "b"]),
        ("option", "a" * 32, "b" * 32),
        ("number", 1000, 100),
        ("image", {"url": "https://a", "alt": "Oak"}, PICTURE | {"alt": None}),
        ("richtext", "<p>New</p>", ""),
        ("richtext", '<p><img src="x.png"></p>', ""),
        ("richtext", "<p></p>", "<p>Old</p>"),
        ("video", "https://youtu.be/x", None),
        ("image", {"url": "https://a.example/1.png"}, None),
        ("image", {"url": "https://a.example/1.png"}, "https://a.example/1.png"),
        ("image", {"fileId": "f1"}, {"fileId": "f2"}),
        ("images", [{"url": "https://a.example/1.png"}], []),
        ("images", [{"fileId": "f1"}, {"fileId": "f2"}], [{"fileId": "f2"}, PICTURE]),
        ("flag", True, False),
    ],
)
def test_an_answer_that_means_something_else_does_not(kind, sent, answer):
    assert not shown(kind, sent, answer)


def test_an_imported_file_must_have_got_a_new_id():
    sent = {"url": "https://a.example/1.png"}
    assert not shown("image", sent, PICTURE, KNOWN)
    assert shown("image", sent, {"fileId": "f2"}, KNOWN)
    assert not shown("images", [sent], [PICTURE], json.dumps([PICTURE]))


@pytest.mark.parametrize(
    ("api", "value", "expected"),
    [
        ("v1", {"url": "https://a.example/1.png"}, "https://a.example/1.png"),
        ("v1", {"url": "https://a", "alt": "x"}, {"url": "https://a", "alt": "x"}),
        ("v1", {"fileId": "f1", "alt": "x"}, {"fileId": "f1", "alt": "x"}),
        ("v1", {"fileId": "f1", "alt": ""}, {"fileId": "f1", "alt": ""}),
        ("v1", {"fileId": "f1", "url": "https://cdn.example/1.png"}, {"fileId": "f1"}),
        ("v1", "f1", {"fileId": "f1"}),
        ("v2", "https://a.example/1.png", {"url": "https://a.example/1.png"}),
        ("v2", {"url": "https://a", "alt": "x"}, {"url": "https://a", "alt": "x"}),
        ("v2", {"fileId": "f1"}, PICTURE),
        ("v2", {"fileId": "f1", "url": "https://b"}, {"fileId": "f1", "url": "https://b"}),
        ("v2", {"fileId": "f9"}, {"fileId": "f9"}),
        ("v2", None, None),
    ],
)
@pytest.mark.parametrize("kind", ["image", "file"])
def test_a_file_goes_out_as_each_api_takes_it(kind, api, value, expected):
    assert body(kind, value, api, file=KNOWN) == expected


def test_a_picture_that_was_imported_before_goes_again_by_its_id():
    value = {"url": "https://a.example/1.png", "alt": "Desk"}
    assert body("image", value, file=KNOWN, again=True) == PICTURE | {"alt": "Desk"}
    assert body("image", value, "v1", file=KNOWN, again=True) == {"fileId": "f1", "alt": "Desk"}
    assert body("image", value, file="null", again=True) == value


def test_a_list_of_pictures_goes_again_by_place():
    held = json.dumps([PICTURE, {"fileId": "f2", "url": "https://cdn.example/2.png"}])
    value = [{"url": "https://a.example/1.png"}, {"url": "https://a.example/2.png"}]
    assert body("images", value, "v1", file=held, again=True) == [
        {"fileId": "f1"},
        {"fileId": "f2"},
    ]


def test_a_list_of_another_length_is_imported_anew():
    value = [{"url": "https://a.example/1.png"}, {"url": "https://a.example/2.png"}]
    assert body("images", value, file=json.dumps([PICTURE]), again=True) == value


def test_a_damaged_memory_of_a_file_counts_as_none():
    assert body("image", {"fileId": "f1"}, file="{") == {"fileId": "f1"}


@pytest.mark.parametrize(
    ("label", "expected"), [("Green", "b" * 32), ("a" * 32, "a" * 32), ("", None)]
)
def test_an_option_goes_out_by_its_id(label, expected):
    assert body("option", label, options=OPTIONS) == expected


def test_a_number_may_be_a_label():
    assert body("option", 42, options=[{"id": "c", "name": "42"}]) == "c"


def test_an_unknown_label_is_told_with_those_that_there_are():
    with pytest.raises(OptionUnknown, match=r"'Blue'; the options are: 'Red', 'Green'"):
        body("option", "Blue", options=OPTIONS)
    with pytest.raises(OptionUnknown, match="none"):
        body("option", "Blue")


def test_a_cleared_status_is_false():
    assert body("flag", None) is False


def test_what_is_no_list_of_pictures_is_left_to_the_cms():
    assert body("images", "https://a.example/1.png") == "https://a.example/1.png"
