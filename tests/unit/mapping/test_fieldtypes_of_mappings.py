"""Each field: what it accepts, its JSON value in the outbox, and its type there."""

import json

import pytest

URL = "https://cdn.example.com/oak desk.jpg"
ITEM = "65f000000000000000000010"


@pytest.fixture
def value(changes):
    """Returns the JSON text and type that a field makes of a raw value, or its one problem."""

    def make(field, raw):
        mapped = changes(f"x = {field}")({"sku": 1, "x": raw})
        if mapped.problems:
            ((problem),) = mapped.problems
            assert problem.path == "x"
            return problem.message
        ((change),) = mapped.changes
        ((written),) = change.fields
        return written.value, written.type

    return make


ACCEPTED = [
    ("fields.String()", "Desk é", '"Desk é"', "plain"),
    ("fields.Boolean()", True, "true", "plain"),
    ("fields.Boolean()", "no", "false", "plain"),
    ("fields.Integer()", 5, "5", "number"),
    ("fields.Integer()", "6", "6", "number"),
    ("fields.Integer()", 5.0, "5", "number"),
    ("fields.Integer()", 2**53 + 1, "9007199254740993", "number"),
    ("fields.Integer()", 10**21, "1e+21", "number"),
    ("fields.Integer()", 10**21 + 10, "1000000000000000000010", "number"),
    ("fields.Integer(as_string=True)", 7, '"7"', "plain"),
    ("fields.Float()", 2.5, "2.5", "number"),
    ("fields.Float()", 2.0, "2", "number"),
    ("fields.Float()", "-0.0", "0", "number"),
    ("fields.Decimal()", "19.90", "19.9", "number"),
    ("fields.Decimal()", 0.1, "0.1", "number"),
    ("fields.Decimal()", "20.00", "20", "number"),
    ("fields.Decimal()", "-0.00", "0", "number"),
    ("fields.Decimal()", "12345678901234567.5", "12345678901234567.5", "number"),
    ("fields.Decimal()", "0.10000000000000000555", "0.10000000000000000555", "number"),
    ("fields.Decimal()", "1.00000000000000000010", "1.0000000000000000001", "number"),
    ("fields.Decimal()", "1000000000000000000010.0", "1000000000000000000010", "number"),
    ("fields.Decimal(places=2)", "3.14159", "3.14", "number"),
    ("fields.Decimal(places=2, as_string=True)", 3, '"3.00"', "plain"),
    ("fields.TimeDelta()", 90, "90", "number"),
    ("fields.DateTime()", "2025-02-03T10:10:11.1234+01:00", '"2025-02-03T09:10:11.123Z"', "date"),
    ("fields.AwareDateTime()", "2025-02-03T09:10:11Z", '"2025-02-03T09:10:11.000Z"', "date"),
    ("fields.DateTime('timestamp')", 1738573811, '"2025-02-03T09:10:11.000Z"', "date"),
    ("fields.DateTime('timestamp_ms')", "1738573811500", '"2025-02-03T09:10:11.500Z"', "date"),
    (
        "fields.AwareDateTime(default_timezone=datetime.timezone.utc)",
        "2025-02-03T09:10:11",
        '"2025-02-03T09:10:11.000Z"',
        "date",
    ),
    ("fields.Date()", "2025-02-03", '"2025-02-03T00:00:00.000Z"', "date"),
    ("fields.Date('%d.%m.%Y')", "03.02.2025", '"2025-02-03T00:00:00.000Z"', "date"),
    ("fields.Time()", "10:30:00", '"10:30:00"', "plain"),
    ("fields.UUID()", "0" * 32, '"00000000-0000-0000-0000-000000000000"', "plain"),
    ("fields.IP()", "127.0.0.1", '"127.0.0.1"', "plain"),
    ("fields.Raw()", {"b": 1, "a": [None]}, '{"a":[null],"b":1}', "plain"),
    ("fields.List(fields.Integer())", ["1", 2.0], "[1,2]", "plain"),
    ("fields.List(fields.String(allow_none=True))", ["a", None], '["a",null]', "plain"),
    ("fields.Function(deserialize=str.upper)", "abc", '"ABC"', "plain"),
    ("fields.Email()", "a@example.com", '"a@example.com"', "email"),
    ("fields.URL()", "https://example.com/a", '"https://example.com/a"', "link"),
    ("RichText()", "<p>Oak</p>", '"<p>Oak</p>"', "richtext"),
    ("RichText()", "", '""', "richtext"),
    ("Phone()", "+49 30 1234-0", '"+49 30 1234-0"', "phone"),
    ("VideoLink()", "https://youtu.be/x", '"https://youtu.be/x"', "video"),
    ("Option()", "In stock", '"In stock"', "option"),
    ("Option()", 42, '"42"', "option"),
    ("Reference()", ITEM, f'"{ITEM}"', "reference"),
    ("MultiReference()", [ITEM, "b", ITEM], f'["{ITEM}","b"]', "references"),
    ("MultiReference()", [], "[]", "references"),
    ("Image()", URL, f'{{"url":"{URL}"}}', "image"),
    ("Image()", ITEM, f'{{"fileId":"{ITEM}"}}', "image"),
    ("File()", "HTTP://x.example/a.pdf", '{"url":"HTTP://x.example/a.pdf"}', "file"),
    ("MultiImage()", [URL, {"fileId": "f"}], f'[{{"url":"{URL}"}},{{"fileId":"f"}}]', "images"),
]


@pytest.mark.parametrize(("field", "raw", "text", "kind"), ACCEPTED)
def test_a_fitting_value_is_canonical_json(value, field, raw, text, kind):
    assert value(field, raw) == (text, kind)


@pytest.mark.parametrize(
    "raw", ["#f80", "#f80c", "#FF8800", "#ff8800cc", "rgb(255, 136, 0)", "hsla(120 60% 70% / 0.3)",
            "orange", "transparent"]
)  # fmt: skip
def test_a_colour_keeps_its_text(value, raw):
    assert value("Color()", raw) == (json.dumps(raw), "color")


@pytest.mark.parametrize(
    "raw", ["https://example.com/a b?c#d", "mailto:a@b.example", "tel:+49301234", "/path", "#part"]
)
def test_a_link_keeps_its_text(value, raw):
    assert value("Link()", raw) == (json.dumps(raw), "link")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({"url": URL, "fileId": "f1", "alt": "Oak"}, {"url": URL, "fileId": "f1", "alt": "Oak"}),
        ({"url": URL, "alt": None, "width": 5}, {"url": URL}),
        ({"url": None, "fileId": "f1"}, {"fileId": "f1"}),
        ({"fileId": "f1", "alt": ""}, {"fileId": "f1", "alt": ""}),
    ],
)
def test_an_image_object_keeps_its_three_members(value, raw, kept):
    text, _ = value("Image()", raw)
    assert json.loads(text) == kept


REFUSED = [
    ("fields.String()", True, "found true"),
    ("fields.String()", "\ud800", "valid Unicode"),
    ("fields.Raw()", ["\udfff"], "valid Unicode"),
    ("fields.Boolean()", "perhaps", 'found "perhaps"'),
    ("fields.Boolean()", [], "found a list"),
    ("fields.Integer()", 1.5, "found 1.5"),
    ("fields.Integer()", "1.5", 'found "1.5"'),
    ("fields.Integer()", True, "found true"),
    ("fields.Integer()", {}, "found an object"),
    ("fields.Integer()", float("nan"), "found NaN"),
    ("fields.Integer()", 10**300 + 1, "more than 40 digits"),
    ("fields.Integer()", 10**400, "a number of more than 75 digits"),
    ("fields.List(fields.Integer())", [1, 1.5], "element 1: Not a valid integer"),
    ("fields.Float()", float("inf"), "found Infinity; expected a finite number"),
    ("fields.Float()", "nan", "nan"),
    ("fields.Float(allow_nan=True)", "nan", "finite"),
    ("fields.Decimal(allow_nan=True)", "-Infinity", "finite"),
    ("fields.Decimal()", "1e400", "finite"),
    ("fields.Decimal()", "1e-400", "finite"),
    ("fields.Decimal()", "0.1" + "0" * 40 + "1", "more than 40 digits"),
    ("fields.Decimal()", "12,5", 'found "12,5"'),
    ("fields.Raw()", float("nan"), "found NaN; expected a finite number"),
    ("fields.Raw()", [float("nan")], "no JSON value"),
    ("fields.Raw(data_key='x', post_load=lambda v: {1, 2})", 5, "no JSON value"),
    ("fields.DateTime()", "2025-02-03T09:10:11", "needs an offset"),
    ("fields.DateTime()", "2025-02-03", "needs an offset"),
    ("fields.DateTime()", "0001-01-01T00:00:00+05:00", "years 1 to 9999"),
    ("fields.AwareDateTime()", "2025-02-03T09:10:11", "aware"),
    ("fields.DateTime()", 1738573811, "found 1738573811"),
    ("fields.DateTime('timestamp')", 10**400, "OverflowError"),
    ("fields.Date()", "2025-02-30", 'found "2025-02-30"'),
    ("fields.Email()", "nobody", 'found "nobody"'),
    ("fields.URL()", "nowhere", 'found "nowhere"'),
    ("RichText()", True, "found true"),
    ("Color()", "#12345", 'found "#12345"'),
    ("Color()", "rgb(1;2;3)", "Not a colour"),
    ("Link()", "javascript:alert(1)", "Not a link"),
    ("Link()", "https://", "Not a link"),
    ("Phone()", "unknown", "Not a phone number"),
    ("Phone()", "1\n2", "Not a phone number"),
    ("VideoLink()", "youtu.be/x", "Not a video"),
    ("Option()", " ", "Not an option"),
    ("Option()", True, "Not an option"),
    ("Reference()", "no id", "Not an item id"),
    ("Reference()", "a" * 65, "Not an item id"),
    ("MultiReference()", "a", "Not a list of item ids"),
    ("MultiReference()", ["a", "no id", None], "element 1: Not an item id"),
    ("Image()", "//cdn.example.com/x.png", "Not a file"),
    ("Image()", "ftp://example.com/x.png", "Not a file"),
    ("Image()", "", "Empty text is null"),
    ("Image()", {}, "Not a file"),
    ("Image()", {"src": URL}, "Not a file"),
    ("Image()", 5, "Not a file"),
    ("Image()", {"url": "data:image/png;base64,AA"}, "url: found"),
    ("Image()", {"url": URL, "alt": 5}, "alt: found 5, expected text"),
    ("MultiImage()", {"url": URL}, "Not a list of images"),
    ("MultiImage()", [None], "element 0: Field may not be null"),
]


@pytest.mark.parametrize(("field", "raw", "said"), REFUSED)
def test_an_unfitting_value_is_a_problem_that_names_it(changes, field, raw, said):
    problems = changes(f"x = {field}")({"sku": 1, "x": raw}).problems
    assert {problem.path for problem in problems} == {"x"}
    assert said in problems[0].message


def test_an_enum_goes_out_by_name_or_value(mappings):
    loaded = mappings("""
        import enum
        class Size(enum.Enum):
            small = "S"
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            by_name = fields.Enum(Size, data_key="name")
            by_value = fields.Enum(Size, by_value=True, data_key="value")
    """)
    payload = {"sku": 1, "name": "small", "value": "S"}
    (change,) = loaded.changes("erp", None, payload, version=None).changes
    assert [field.value for field in change.fields] == ['"small"', '"S"']


def test_a_field_of_the_user_is_what_it_is_derived_from(mappings):
    loaded = mappings("""
        class Price(fields.Decimal):
            pass
        class Cover(Image):
            pass
        class One(Mapping):
            class Meta:
                source, collection, key = "erp", "products", "sku"
            price = Price()
            cover = Cover()
    """)
    payload = {"sku": 1, "price": "1.50", "cover": "f1"}
    (change,) = loaded.changes("erp", None, payload, version=None).changes
    assert [field.type for field in change.fields] == ["number", "image"]


@pytest.mark.parametrize("clear", ["Image", "MultiImage", "MultiReference", "Option", "Color"])
def test_null_clears_any_type(value, clear):
    text, _ = value(f"{clear}(allow_none=True)", None)
    assert text == "null"
