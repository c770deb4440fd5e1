"""Fields for what senders really send: minor units, days and times, labels, HTML as text."""

import json

import pytest

from service.mapping.html_text import lines_of


@pytest.fixture
def value(changes):
    """Returns what one field makes of one value: its type and JSON value, or its problem."""

    def make(field, raw, more=""):
        mapped = changes(f"x = {field}\n{more}")({"sku": 1, "x": raw})
        if mapped.problems:
            return mapped.problems[0].message
        ((found,),) = [change.fields for change in mapped.changes]
        return found.type, json.loads(found.value)

    return make


@pytest.mark.parametrize(
    ("field", "raw", "number"),
    [
        ("MinorUnits(currency='EUR')", 1999, 19.99),
        ("MinorUnits(currency='eur')", "1999", 19.99),
        ("MinorUnits(currency='EUR')", 0, 0),
        ("MinorUnits(currency='EUR')", -50, -0.5),
        ("MinorUnits(currency='EUR')", 2000, 20),
        ("MinorUnits(currency='EUR')", "1999.5", 19.995),
        ("MinorUnits(currency='JPY')", 500, 500),
        ("MinorUnits(currency='KWD')", 1500, 1.5),
        ("MinorUnits(decimals=4)", 15000, 1.5),
        ("MinorUnits()", [1999, "usd"], 19.99),
        ("MinorUnits()", {"amount": 500, "currency": "JPY"}, 500),
        ("MinorUnits(currency='EUR')", [500, "JPY"], 500),
        ("MinorUnits(decimals=2)", [500, "JPY"], 5),
    ],
)
def test_minor_units_are_an_amount_of_the_currency(value, field, raw, number):
    assert value(field, raw) == ("number", number)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (1999, "No currency with the amount"),
        ([1999, "EURO"], 'found "EURO", expected a currency code of three letters'),
        ([1999], "Not an amount with its currency"),
        ({"amount": 1999}, "Not an amount with its currency"),
        ([1999, None], "Not an amount with its currency"),
        (["x", "EUR"], "Not a valid number"),
        (True, "Not a valid number"),
        ("", "Empty text is null here"),
    ],
)
def test_what_is_no_amount_is_a_problem(value, raw, said):
    assert said in value("MinorUnits()", raw)


def test_an_amount_loses_no_digit(changes):
    mapped = changes("x = MinorUnits(currency='EUR')")({"sku": 1, "x": "9" * 30})
    assert mapped.changes[0].fields[0].value == "9" * 28 + ".99"


@pytest.mark.parametrize(
    ("raw", "day"),
    [(20176, "2025-03-29"), (" 20176 ", "2025-03-29"), (0, "1970-01-01"), (-1, "1969-12-31"),
     (20176.0, "2025-03-29")],
)  # fmt: skip
def test_epoch_days_are_a_day(value, raw, day):
    assert value("EpochDays()", raw) == ("date", f"{day}T00:00:00.000Z")


@pytest.mark.parametrize("raw", ["2025-03-29", 1.5, True, [], 10**8, "10" * 8])
def test_what_is_no_number_of_days_is_a_problem(value, raw):
    assert value("EpochDays()", raw).startswith("Not a ")


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("2025-03-29T12:00:00+01:00", "2025-03-29T11:00:00.000Z"),
        ("2025-03-29 12:00:00.1239Z", "2025-03-29T12:00:00.123Z"),
        (1743249600, "2025-03-29T12:00:00.000Z"),
        (1743249600123, "2025-03-29T12:00:00.123Z"),
        (1743249600123456, "2025-03-29T12:00:00.123Z"),
        ("/Date(1743249600123)/", "2025-03-29T12:00:00.123Z"),
        ("/Date(1743249600123+0100)/", "2025-03-29T12:00:00.123Z"),
        ("/Date(-1000)/", "1969-12-31T23:59:59.000Z"),
    ],
)
def test_a_timestamp_is_an_instant(value, raw, instant):
    assert value("Timestamp()", raw) == ("date", instant)


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("2025-01-15T12:00:00", "2025-01-15T11:00:00.000Z"),
        ("2025-07-15 12:00:00", "2025-07-15T10:00:00.000Z"),
        ("2025-07-15T12:00", "2025-07-15T10:00:00.000Z"),
        ("2025-07-15T12:00:00.5", "2025-07-15T10:00:00.500Z"),
        ("2025-07-15", "2025-07-14T22:00:00.000Z"),
        ("2025-07-15T12:00:00Z", "2025-07-15T12:00:00.000Z"),
        ("2025-10-26T02:30:00", "2025-10-26T00:30:00.000Z"),  # twice: the first
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00.000Z"),  # never: 03:30 in summer time
    ],
)
def test_a_local_time_is_one_of_its_zone(value, raw, instant):
    assert value("Timestamp(timezone='Europe/Berlin')", raw) == ("date", instant)


def test_a_local_time_may_have_a_format(value):
    field = "Timestamp('%d.%m.%Y %H:%M', timezone='Europe/Berlin')"
    assert value(field, "15.07.2025 12:00") == ("date", "2025-07-15T10:00:00.000Z")
    assert value("Timestamp('timestamp_ms', timezone='Europe/Berlin')", 1743249600123) == (
        "date",
        "2025-03-29T12:00:00.123Z",
    )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("2025-07-15T12:00:00", "A time without offset: give the field its timezone"),
        ("soon", "Not a time"),
        ("2025-02-30T00:00:00Z", "Not a time"),
        ("2025-02-30", "Not a time"),
        ("/Date(x)/", "Not a time"),
        ("/Date(999999999999999)/", "Not a time"),
        (True, "Not a time"),
        ([], "Not a time"),
    ],
)
def test_what_is_no_time_is_a_problem(value, raw, said):
    assert value("Timestamp()", raw).startswith(said)


def test_a_zone_that_nobody_knows_is_refused_at_the_start(refused):
    (problem,) = refused("x = Timestamp(timezone='Europe/Bern')")
    assert "timezone 'Europe/Bern'; expected a name of the IANA database" in problem


TABLE = "{'1': 'New', 2: 'Used', True: 'Yes'}"


@pytest.mark.parametrize(("raw", "label"), [("1", "New"), (1.0, "New"), (2, "Used"), (True, "Yes")])
def test_a_label_is_looked_up(value, raw, label):
    assert value(f"Lookup({TABLE}, Option())", raw) == ("option", label)
    assert value(f"Lookup({TABLE})", raw) == ("plain", label)


def test_a_list_is_looked_up_one_by_one(value):
    assert value(f"Lookup({TABLE}, fields.List(fields.String()))", [1, "2"]) == (
        "plain",
        ["New", "Used"],
    )


def test_a_looked_up_value_goes_out_as_its_field(value):
    assert value("Lookup({'a': 'A-1'}, Reference(to='products'))", "a") == (
        "reference-key",
        {"key": "A-1", "to": "products"},
    )
    assert value("Lookup({'y': '2025-01-01T00:00:00Z'}, fields.DateTime())", "y") == (
        "date",
        "2025-01-01T00:00:00.000Z",
    )
    assert value("Lookup({'y': 'x'}, fields.Integer())", "y") == 'Not a valid integer; found "y"'


def test_what_is_not_in_the_table_is_a_problem_or_something_else(value):
    assert (
        value(f"Lookup({TABLE})", 3) == "Not in the table: 3, expected one of 1, 2, true; found 3"
    )
    assert value(f"Lookup({TABLE})", {}).startswith("Not in the table: an object")
    assert value(f"Lookup({TABLE}, other='Other')", 3) == ("plain", "Other")


def test_a_number_too_large_for_a_name_is_not_in_the_table(value):
    assert value(f"Lookup({TABLE})", 2**256).startswith("Not in the table: ")
    assert value(f"Lookup({TABLE}, other='Other')", 2**256) == ("plain", "Other")


def test_null_in_the_table_clears(value):
    assert value("Lookup({0: None}, allow_none=True)", 0) == ("plain", None)
    assert "allow_none" in value("Lookup({0: None})", 0)


def test_empty_text_may_stand_in_the_table(value):
    assert value("Lookup({'': 'None', 1: 'New'})", "") == ("plain", "None")
    assert value("Lookup({1: 'New'}, allow_none=True)", "") == ("plain", None)


def test_a_table_that_nobody_can_look_up_in_is_refused(refused):
    (problem,) = refused("x = Lookup({None: 'New'})")
    assert "Lookup: None in the table, expected text or a number" in problem


def test_a_field_of_a_lookup_is_refused_as_it_is_alone(refused):
    problems = refused("""
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            x = Lookup({1: {}}, fields.Nested({}))
    """)
    assert "read its parts with paths" in problems[0]


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("Oak lamp", ["Oak lamp"]),
        ("<p>Oak&nbsp;lamp &amp; <b>shade</b></p>", ["Oak lamp & shade"]),
        ("<p>one</p>\n<p>two</p>", ["one", "two"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("one<br>two<br/>three", ["one", "two", "three"]),
        ("<script>if (a < b) {}</script>a<STYLE>p {}</STYLE >b", ["ab"]),
        ("a<script>never closed", ["a"]),
        ("a<!-- <p>no</p> -->b<!doctype html>c", ["abc"]),
        ("a <3 b, a < b", ["a <3 b, a < b"]),
        ("<a href=\"x>y\" title='z'>link</a>", ["link"]),
        ("&lt;b&gt; &#8364; &euro;", ["<b> € €"]),
        ("  \n ", []),
        ("a\0b", ["a b"]),
    ],
)
def test_html_is_read_as_a_browser_shows_it(html, lines):
    assert lines_of(html) == lines


def test_html_becomes_text_of_many_lines_or_of_one(value):
    html = "<h1>Oak lamp</h1><p>Made of oak.</p>"
    assert value("PlainText()", html) == ("plain", "Oak lamp\nMade of oak.")
    assert value("PlainText(one_line=True)", html) == ("plain", "Oak lamp Made of oak.")
    assert value("PlainText()", "") == ("plain", "")
    assert value("PlainText()", 5) == ("plain", "5")


@pytest.mark.parametrize("piece", ["<a ", "<a x='", "<!--", "<![x", "<script", "</a", "<", "&#"])
def test_malformed_html_is_read_in_one_pass(piece):
    assert len(lines_of(piece * 100_000)) <= 1


@pytest.mark.parametrize("field", ["Image", "File", "MultiImage"])
def test_a_field_that_ignores_the_query_is_of_a_type_of_its_own(value, field):
    url = "https://shop.example/a.png?v=1"
    raw, kind = ([url], "images") if field == "MultiImage" else (url, field.lower())
    plain, _ = value(f"{field}()", raw)
    ignoring, sent = value(f"{field}(ignore_query=True)", raw)
    assert (plain, ignoring) == (kind, f"{kind}-no-query")
    assert "?v=1" in json.dumps(sent)
