"""What varies in messages of a CMS, and of ours, is taken out; what tells causes apart stays."""

import pytest

from workers.model.message_mask import masked, normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "Unique value is already in database: 'oak-desk'",
            "Unique value is already in database: 'elm'",
            id="quoted",
        ),
        pytest.param("Is too long: 'O'Brien's'", "Is too long: 'abc'", id="apostrophes in quotes"),
        pytest.param('found "a \\"b\\" c', 'found "d', id="quotation cut off"),
        pytest.param(
            "Referenced item not found: 65f0aa0000000000000000ab",
            "Referenced item not found: 65f0bb0000000000000000cd",
            id="id",
        ),
        pytest.param(
            "failed (request 8f14e45f-ceea-467f-a8f6-9f2d3c4b5a6e)",
            "failed (request 0f14e45f-ceea-467f-a8f6-9f2d3c4b5a6e)",
            id="uuid",
        ),
        pytest.param(
            "cannot import https://cdn.example.com/a.png?v=1.",
            "cannot import http://example.org/b/c.",
            id="url",
        ),
        pytest.param("bad address info@example.com", "bad address a.b@x.co.uk", id="address"),
        pytest.param("has 12 characters, 10 allowed", "has 1 character, 10 allowed", id="number"),
        pytest.param("weighs 1,234.50 kg", "weighs -3 kg", id="decimals"),
        pytest.param("larger than 4 MB", "larger than 900KB", id="size"),
        pytest.param(
            "changed at 2026-11-29T10:00:00.123Z", "changed at 2026-11-29 10:00:00 UTC", id="time"
        ),
        pytest.param(
            "until Sun, 29 Nov 2026 10:00:00 GMT", "until Mon, 4 May 2026 10:00:00 GMT", id="date"
        ),
        pytest.param("since Nov 29, 2026", "since May 4, 2025", id="date in words"),
        pytest.param("in de: Is too short", "in en-GB, fr: Is too short", id="locale"),
        pytest.param("in the primary locale: Is too short", "Is too short", id="primary locale"),
        pytest.param("not a type: oak.png", "not a type: elm.webp", id="file name"),
        pytest.param("no file /var/a/b", "no file /tmp/c", id="path"),
        pytest.param(
            'found {"a": [1, "b"]}, expected a whole number',
            "found null, expected a whole number",
            id="JSON value",
        ),
        pytest.param("one of: 1, 2 and 3", "one of: 1 or 4", id="row of values"),
        pytest.param("Is too long: undefined", "Is too long: 'abc'", id="undefined"),
        pytest.param("not a number: true", "not a number: 'abc'", id="flag"),
        pytest.param("not a text: [object Object]", "not a text: null", id="object"),
        pytest.param("slug red-shirt-xl is taken", "slug blue-shirt-m is taken", id="slug"),
        pytest.param("Wert „rot“ fehlt", "Wert „blau“ fehlt", id="quotes of other languages"),
    ],
)
def test_what_varies_makes_no_difference(one, other):
    assert normal(masked(one)) == normal(masked(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is too long: 'a'", "Is too short: 'a'"),
        ("Remote image failed to import: Unsupported file type", "Remote image failed to import"),
        ("Field not described in schema", "Required field cannot be cleared"),
        ("the answer 404", "the answer 403"),
        ("found 1, expected a number", "found 1, expected a time as ISO 8601 writes it"),
        (
            'Validation Error: ["Value (a)\'s type is wrong"]',
            'Validation Error: ["Too many items"]',
        ),
    ],
)
def test_different_words_are_different_causes(one, other):
    assert normal(masked(one)) != normal(masked(other))


def test_a_list_that_holds_no_words_is_masked_like_any_text():
    assert masked("bad ids [12, 13]") == masked("bad ids [7, 8]") != masked("bad ids")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("no item has sku = REF", ["REF"]),
        ("no item has the key REF and none can be created", ["REF"]),
        ("the option Dark Red is not known", ["Dark Red"]),
        ("Is too long: müller", ["müller"]),
        ("the option Dark Red is not known", [{"label": ["Dark Red"]}]),
    ],
)
def test_values_of_the_record_are_found_without_quotation_marks(text, own):
    assert "…" in masked(text, own=own)
    assert "ed" not in masked(text, own=own).split("…")[0][-4:]


def test_a_word_of_the_message_stays_though_the_record_has_it_as_a_value():
    assert masked("must be a number, not a text", own=["number", "a"]) == (
        "must be a number, not a text"
    )


def test_the_name_of_a_field_stays():
    assert masked("'price2' is missing", names=["price2"]) == "'price2' is missing"
    assert masked("price2 is missing", names=["price2"]) == "price2 is missing"


def test_a_message_stays_readable():
    text = "HTTPSConnectionPool(host='api.webflow.com', port=443): Max retries exceeded"
    assert masked(text) == "HTTPSConnectionPool(host=…, port=…): Max retries exceeded"


@pytest.mark.parametrize(
    "piece", ['"', "'a", "[{", "1,", "a-", "/a", "a@", "(…", "found ", "1 Jan "]
)
def test_a_long_hostile_message_takes_no_time_that_grows_with_its_square(piece):
    assert len(masked(piece * 100_000)) <= 1000
