"""Each field type in both versions: what it takes, by which rules, and what it reads back."""

import contextlib

import pytest

from service.sandbox.fields.values import parse_time
from service.sandbox.model.refusals import ValueRefused
from service.sandbox.model.schema import NAME, SLUG, Field, offering, owned
from tests.support.sandbox_values import ITEM, PICTURE, UNKNOWN, read, refusal, rules

OPTIONS = owned(Field("kind", "Option", validations=offering(("Old", "New"))), ITEM).validations


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize(
    ("kind", "value", "back", "validations"),
    [
        ("PlainText", "", "", {}),
        ("PlainText", "a\nb\0", "a\nb\0", rules(singleLine=False)),
        ("PlainText", "a\ud800b", "a\ufffdb", {}),
        ("PlainText", "Oak 1", "Oak 1", rules(pattern="^Oak", minLength=5, maxLength=5)),
        ("PlainText", "a", "a", rules(pattern="(")),
        ("PlainText", "a", "a", rules(maxLength="many", minLength=None)),
        ("PlainText", "😀", "😀", rules(maxLength=2)),
        ("RichText", "", "", {}),
        ("RichText", "a & b", "<p>a &amp; b</p>", {}),
        ("RichText", "a < b", "<p>a &lt; b</p>", {}),
        ("RichText", "a &lt; b", "<p>a &lt; b</p>", {}),
        ("RichText", "<p>a</p>", "<p>a</p>", rules(maxLength=1)),
        ("RichText", "<pre><code>x</code></pre><p>y</p>", "<pre></pre><p>y</p>", {}),
        ("RichText", "<PRE class='a'>x", "<PRE class='a'>", {}),
        ("RichText", "<wf-component id='a'/>", "<wf-component id='a'/>", {}),
        ("Number", 3.0, 3, {}),
        ("Number", -0.0, 0, {}),
        ("Number", 2**53 + 1, 2**53, {}),
        ("Number", 1e300, 1e300, {}),
        ("Number", 0.25, 0.25, rules(format="decimal", precision=2)),
        ("Number", 0.30000004, 0.30000004, rules(precision=1, minValue=0.3, maxValue=0.4)),
        ("Number", 5, 5, rules(format="integer", minimum=5, maximum=5, allowNegative=False)),
        ("Number", -5, -5, rules(allowNegative=True, allowZero=False)),
        ("DateTime", "2025-02-03", "2025-02-03T00:00:00.000Z", {}),
        ("DateTime", "2025-02-03T23:00:00-02:00", "2025-02-04T00:00:00.000Z", {}),
        ("DateTime", "2025-02-03T10:00", "2025-02-03T10:00:00.000Z", rules(format="date-time")),
        (
            "DateTime",
            "2025-02-03 10:00:00.123456789+0200",
            "2025-02-03T08:00:00.123Z",
            rules(format="date-time"),
        ),
        ("DateTime", "0001-01-01", "0001-01-01T00:00:00.000Z", {}),
        ("Switch", True, True, {}),
        *[
            ("Color", color, color, {})
            for color in (
                *("#abc", "#abcd", "#aabbcc", "#AABBCCDD", "transparent", "rebeccapurple"),
                *("rgb(1, 2, 3)", "rgb(1 2 3 / 50%)", "rgba(1,2,3,.5)", "hsl(120, 50%, 50%)"),
                *("hsla(120deg, 50%, 50%, 0.5)", "RGB(100%,0%,0%)"),
            )
        ],
        ("Option", OPTIONS["options"][1]["id"], OPTIONS["options"][1]["id"], OPTIONS),
        ("Reference", ITEM, ITEM, rules(collectionId=UNKNOWN)),
        ("MultiReference", [ITEM, ITEM], [ITEM], rules(collectionId=UNKNOWN)),
        ("MultiReference", [], [], rules(collectionId=UNKNOWN)),
        *[
            ("Link", link, link, {})
            for link in ("https://a.example/é?b#c", "/about", "#top", "tel:1", "mailto:a@b.example")
        ],
        ("Email", "a.b+c@d.example", "a.b+c@d.example", {}),
        ("Phone", "+49 (30) 1 ext. 2", "+49 (30) 1 ext. 2", {}),
    ],
)
def test_a_value_reads_back(api, kind, value, back, validations):
    found = read(kind, value, api, **validations)
    assert (found, type(found)) == (back, type(back))


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize(
    ("kind", "value", "told", "validations"),
    [
        ("PlainText", [], "Expected value to be a string: []", {}),
        ("PlainText", "a\r", "Expected value to be a single line: 'a\r'", rules(singleLine=True)),
        ("PlainText", "a", "Is too short: 'a'", rules(minLength=2)),
        ("PlainText", "😀", "Is too long: '😀'", rules(maxLength=1)),
        ("PlainText", "a", "Expected value to match the pattern: 'a'", rules(pattern="^b")),
        ("PlainText", "a", "A b!: 'a'", rules(pattern="^b", messages={"pattern": "A b!"})),
        ("RichText", 1, "Expected value to be a string: 1", {}),
        ("RichText", "<p>ab</p>", "Is too long: '<p>ab</p>'", rules(maxLength=1)),
        ("RichText", "<p>a</p>", "Is too short: '<p>a</p>'", rules(minLength=2)),
        ("Phone", 4930, "Expected value to be a string: 4930", {}),
        ("Number", "1", "Expected value to be a number: '1'", {}),
        ("Number", True, "Expected value to be a number: true", {}),
        ("Number", 1e999, "Expected value to be a number: null", {}),
        ("Number", {"a": [1e999]}, 'Expected value to be a number: {"a":[null]}', {}),
        ("Number", 0.5, "Expected value to be an integer: 0.5", rules(format="integer")),
        (
            "Number",
            0.125,
            "Has too many decimal places: 0.125",
            rules(format="decimal", decimalPlaces=2),
        ),
        ("Number", -1, "Negative values are not allowed: -1", rules(allowNegative=False)),
        ("Number", 0, "Zero is not allowed: 0", rules(allowZero=False)),
        ("Number", 0.9, "Is too small: 0.9", rules(minimum=1)),
        ("Number", 3, "Is too large: 3", rules(maxValue=2)),
        ("DateTime", 1738540800000, "Expected value to be a date: 1738540800000", {}),
        ("DateTime", "2025-02-30", "Expected value to be a date: '2025-02-30'", {}),
        ("DateTime", "2025-W05-1", "Expected value to be a date: '2025-W05-1'", {}),
        (
            "DateTime",
            "9999-12-31T23:59:59-14:00",
            "Expected value to be a date: '9999-12-31T23:59:59-14:00'",
            {},
        ),
        ("Switch", "true", "Expected value to be a boolean: 'true'", {}),
        ("Switch", 1, "Expected value to be a boolean: 1", {}),
        ("Color", "#12", "Expected value to be a color: '#12'", {}),
        ("Color", "rgb(1,2)", "Expected value to be a color: 'rgb(1,2)'", {}),
        ("Color", 5, "Expected value to be a color: 5", {}),
        ("Option", "New", "Expected value to be the id of an option: 'New'", OPTIONS),
        ("Option", "x", "Expected value to be the id of an option: 'x'", rules(options=5)),
        ("Reference", "null", "Expected value to be an ItemRef: 'null'", {}),
        ("Reference", [ITEM], f'Expected value to be an ItemRef: ["{ITEM}"]', {}),
        ("Reference", UNKNOWN, f"Referenced item not found: '{UNKNOWN}'", {}),
        ("MultiReference", ITEM, f"Expected value to be an array: '{ITEM}'", {}),
        ("MultiReference", [ITEM, None], "Expected value to be an ItemRef: null", {}),
        ("MultiReference", [UNKNOWN], f"Referenced item not found: '{UNKNOWN}'", {}),
        ("Link", "a b", "Expected value to be a URL: 'a b'", {}),
        ("Link", "", "Expected value to be a URL: ''", {}),
        ("Link", None, "Expected value to be a URL: null", {}),
        ("Email", "a@b", "Expected value to be an email address: 'a@b'", {}),
        ("VideoLink", "https://[", "Expected value to be a URL: 'https://['", {}),
        ("VideoLink", {"url": 1}, "Expected value to be a URL: 1", {}),
        ("Image", 5, "Expected value to have a 'url' field: 5", {}),
        ("Image", {}, "Expected value to have a 'url' field: {}", {}),
        ("Image", {"url": PICTURE, "alt": 5}, "Expected value to be a string: 5", {}),
        ("Image", {"url": "https://["}, "Remote image failed to import: 'https://['", {}),
        ("File", {"url": "ftp://a/b"}, "Remote file failed to import: 'ftp://a/b'", {}),
        (
            "MultiImage",
            {"url": PICTURE},
            f'Expected value to be an array: {{"url":"{PICTURE}"}}',
            {},
        ),
        ("MultiImage", [None], "Expected value to have a 'url' field: null", {}),
    ],
)
def test_a_value_is_refused(api, kind, value, told, validations):
    assert refusal(kind, value, api, **validations) == told


def test_a_required_text_is_not_cleared_by_an_empty_one():
    assert refusal(NAME, "") == "Required field cannot be cleared: undefined"
    html = Field("html", "RichText", required=True)
    assert refusal(html, "") == "Required field cannot be cleared: undefined"


def test_an_address_has_a_longest():
    longest = "a" * 312 + "@b.co.uk"
    assert read("Email", longest) == longest
    assert refusal("Email", "a" + longest).startswith("Expected value to be an email address")


def test_a_slug_is_refused_in_its_own_words():
    assert refusal(SLUG, "a" * 257).startswith("Must be less than 256 characters: ")
    assert refusal(SLUG, "ä").startswith("Must be alphanumerical and not contain any spaces")
    assert refusal(NAME, "a" * 257).startswith("Is too long: ")


@pytest.mark.parametrize(
    ("head", "part"),
    [("", "a"), ("a@", "a."), ("", "<pre"), ("", "<pre>"), ("", "<img "), ("rgb(", "1")],
)
@pytest.mark.parametrize("kind", ["PlainText", "RichText", "Email", "Link", "Color", "DateTime"])
def test_a_very_long_text_is_read_in_no_time(kind, head, part):
    # With a pattern that steps back at every character each of these takes minutes.
    with contextlib.suppress(ValueRefused):
        assert isinstance(read(kind, head + part * 50_000 + " "), str)


def test_a_time_outside_of_all_years_is_no_time():
    with pytest.raises(ValueError, match="date value out of range"):
        parse_time("0001-01-01T00:00:00+14:00")


def test_a_video_reads_back_as_an_object_that_may_be_sent_again():
    film = read("VideoLink", "https://video.example.com/watch?v=1")
    assert film["url"] == "https://video.example.com/watch?v=1"
    assert film["metadata"]["provider_name"] == "video.example.com"
    assert read("VideoLink", film) == film
    assert read("VideoLink", {"url": film["url"], "metadata": 5}) == film
