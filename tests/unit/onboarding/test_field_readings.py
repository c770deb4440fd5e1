"""How each type of field is filled from a value, and from which values it is not."""

import pytest

from service.onboarding.field_reading import fits, readings
from service.onboarding.module_text import module
from service.onboarding.names import best, likeness, meaning, words
from service.onboarding.pairing import Ground, pairs
from service.onboarding.payload_values import at, path_text, values
from service.onboarding.suggest import Sample, Wanted, suggest

LABELS = [{"id": "1" * 32, "name": "Candles"}, {"id": "2" * 32, "name": "Mugs"}]
PICTURE = "https://cdn.example/a.jpg?v=1"


def field(type, slug="x", **rules):
    made = {"slug": slug, "type": type, "displayName": slug, "options": []}
    if type == "Option":
        made["options"] = LABELS
    return made | ({"rules": rules} if rules else {})


def read(cms, payload, sender="hmac", to=None):
    """Return how the first value of *payload* that fits fills *cms*: kind, path, options, note."""
    for value in values(payload):
        for reading in readings(cms, value, sender, to):
            if fits(reading, cms, [payload]):
                return reading.kind, reading.path, dict(reading.options), reading.note
    return None


def kind(*arguments, **options):
    found = read(*arguments, **options)
    return found and found[:2]


@pytest.mark.parametrize(
    ("type", "value", "expected"),
    [
        ("PlainText", "Oak", ("fields.String", "x")),
        ("PlainText", "<p>Oak</p>", ("PlainText", "x")),
        ("PlainText", 7, ("fields.String", "to_string(x)")),
        ("PlainText", ["a", "b"], ("fields.String", "join(', ', x)")),
        ("PlainText", True, None),
        ("PlainText", None, None),
        ("RichText", "<p>Oak</p>", ("RichText", "x")),
        ("RichText", PICTURE, None),
        ("Number", 7, ("fields.Decimal", "x")),
        ("Number", "7.50", ("fields.Decimal", "x")),
        ("Number", "seven", None),
        ("Number", True, None),
        ("Switch", False, ("fields.Boolean", "x")),
        ("Switch", "yes", None),
        ("DateTime", "2026-05-12T09:29:41Z", ("Timestamp", "x")),
        ("DateTime", "soon", None),
        ("DateTime", 1778578195, None),
        ("DateTime", True, None),
        ("Image", PICTURE, ("Image", "x")),
        ("Image", "https://cdn.example/a.pdf", None),
        ("Image", "a.jpg", None),
        ("MultiImage", [PICTURE, PICTURE], ("MultiImage", "x")),
        ("MultiImage", [], None),
        ("File", "https://cdn.example/a.pdf", ("File", "x")),
        ("File", "a.pdf", None),
        ("Link", "https://shop.example/a", ("Link", "x")),
        ("Link", "shop.example", None),
        ("VideoLink", "https://www.youtube.com/watch?v=1", ("VideoLink", "x")),
        ("VideoLink", PICTURE, None),
        ("Email", "ida@example.se", ("fields.Email", "x")),
        ("Email", "ida", None),
        ("Phone", "+43 1 234", ("Phone", "x")),
        ("Color", "#ff8800", ("Color", "x")),
        ("Color", "no colour", None),
        ("Option", "Mugs", ("Option", "x")),
        ("Option", "mugs", None),
        ("Option", "1" * 32, ("Option", "x")),
        ("Reference", "7", None),
        ("Unheard", "7", None),
    ],
)
def test_a_value_fills_a_field_of_its_type_alone(type, value, expected):
    assert kind(field(type), {"x": value}) == expected


def test_whole_numbers_fill_a_field_of_whole_numbers():
    assert kind(field("Number", format="integer"), {"x": 7}) == ("fields.Integer", "x")


def test_what_the_rules_of_a_field_refuse_is_not_suggested():
    assert kind(field("Number", maxValue=5), {"x": 7}) is None
    assert kind(field("PlainText", maxLength=2), {"x": "Oak"}) is None


@pytest.mark.parametrize("name", ["updated_at", "publishedOn", "ts"])
def test_numbers_are_times_where_their_name_says_so(name):
    assert kind(field("DateTime"), {name: 1778578195}) == ("Timestamp", name)


def test_a_time_without_an_offset_asks_for_its_zone():
    found = read(field("DateTime"), {"date_modified": "2026-05-12T09:29:58"})
    assert found[2:] == (
        {"timezone": "UTC"},
        "the time has no offset: name the zone of your system",
    )
    assert read(field("DateTime"), {"date_modified_gmt": "2026-05-12 09:29:58"})[3] == ""


@pytest.mark.parametrize(
    ("sender", "payload", "path"),
    [
        ("stripe", {"unit_amount": 1850, "currency": "eur"}, "[unit_amount, currency]"),
        ("stripe", {"data": {"amount": 1, "currency": "eur"}}, "data.[amount, currency]"),
        ("square", {"price": {"amount": 5, "currency": "JPY"}}, "price.[amount, currency]"),
    ],
)
def test_cents_are_read_where_the_sender_counts_them(sender, payload, path):
    assert kind(field("Number"), payload, sender) == ("MinorUnits", path)


def test_cents_are_read_in_one_way():
    value, _ = values({"unit_amount": 1850, "currency": "eur"})
    assert len([*readings(field("Number"), value, "stripe", None)]) == 1


def test_what_names_cents_is_read_in_one_way():
    (value,) = values({"price_cents": 850})
    found = [*readings(field("Number"), value, "hmac", None)]
    assert [(each.kind, each.options) for each in found] == [("MinorUnits", {"decimals": 2})]


def test_an_amount_of_another_sender_may_be_of_cents():
    assert "MinorUnits" in read(field("Number"), {"amount": 1850})[3]
    assert read(field("Number"), {"amount": "18.50"})[3] == ""


def test_a_reference_is_a_key_of_a_collection_that_is_configured():
    found = read(field("Reference"), {"brand": "b-1"}, to="brands")
    assert found == ("Reference", "brand", {"to": "brands"}, "expected to be a key of brands")
    assert kind(field("MultiReference"), {"tags": ["a"]}, to="tags") == ("MultiReference", "tags")
    # Which collection it is, the id in the schema tells.
    cms = field("Reference", "brand", collectionId="c9")
    payload = {"brand": "b-1"}
    ground = Ground(values(payload), [payload], "hmac", {"c9": "brands"})
    assert [pair.slug for pair in pairs(ground, [cms])] == ["brand"]
    assert pairs(Ground(values(payload), [payload], "hmac", {}), [cms]) == []


def test_pictures_of_a_list_of_objects_are_a_gallery():
    payload = {"images": [{"src": PICTURE}, {"src": PICTURE}]}
    assert kind(field("MultiImage"), payload) == ("MultiImage", "images[*].src")


def test_a_picture_without_its_ending_is_unsure():
    assert read(field("Image"), {"x": "https://cdn.example/1"})[3]


def test_all_payloads_have_to_fit_and_empty_ones_do():
    (value,) = values({"x": 7})
    (reading,) = readings(field("Number"), value, "hmac", None)
    assert fits(reading, field("Number"), [{"x": 7}, {"x": None}, {"x": ""}, {}])
    assert not fits(reading, field("Number"), [{"x": 7}, {"x": "none"}])
    assert not fits(reading, field("Number"), [{"x": None}])


def test_a_switch_follows_from_a_stock_that_is_text():
    cms = field("Switch", "in-stock")
    payload = {"qty": "11.0"}
    (pair,) = pairs(Ground(values(payload), [payload], "hmac", {}), [cms])
    assert pair.reading.path == "to_number(qty) > `0`"
    nothing = {"name": "Oak"}
    assert pairs(Ground(values(nothing), [nothing], "hmac", {}), [cms]) == []
    assert pairs(Ground(values(payload), [payload], "hmac", {}), [field("Switch", "new")]) == []


def test_names_are_alike_by_word_and_by_meaning():
    assert words("compareAtPrice") == words("compare_at-price") == ("compare", "at", "price")
    assert meaning(words("inventory_quantity")) == ("stock",)
    assert likeness(words("qty"), words("Stock")) == 92
    assert likeness(words("price list"), words("price")) == 0
    assert likeness(words("retail price"), words("price")) == 60
    assert likeness((), words("price")) == likeness(words("the"), words("of")) == 0
    assert best([], [words("a")]) == 0


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("firstname", "First name", 99),
        ("start date", "startsAt", 92),
        ("product price", "price", 92),
        ("brand", "brand_label", 88),
        ("Photo", "avatar_url", 88),
        ("beds", "bed_count", 88),
        ("weight gross", "gross weight", 88),
        ("name", "propertyName", 0),
        ("name", "first_name", 0),
        ("price", "price list", 0),
        ("more images", "images", 92),
    ],
)
def test_small_differences_of_names_count_little(one, other, like):
    assert likeness(words(one), words(other)) == likeness(words(other), words(one)) == like


def test_the_places_of_a_payload_are_bounded_and_quoted():
    deep = {"a": {}}
    place = deep["a"]
    for _ in range(20):
        place["a"] = {"x": 1}
        place = place["a"]
    assert max(len(value.steps) for value in values(deep)) <= 9
    assert len(values({str(n): n for n in range(2000)})) == 600
    assert path_text(("a-b", 0, "c")) == '"a-b"[0].c'
    assert values([1, 2]) == []
    assert values({"a": [[1]]}) == []
    assert at({"a": [1]}, ("a", 3)) is at({"a": 1}, ("a", "b")) is None


def test_null_clears_what_is_not_required():
    cms = [field("PlainText", "sku"), field("PlainText", "note"), field("PlainText", "name")]
    cms[2]["required"] = True
    wanted = Wanted("erp", "hmac", "products", ("sku",), cms, {})
    payloads = [
        {"sku": "A", "note": "new", "name": "Oak"},
        {"sku": "B", "note": None, "name": None},
    ]
    (each,) = suggest(wanted, [Sample("t", payload) for payload in payloads], "it").classes
    assert each.clears == {"note"}


def test_attributes_that_are_no_names_tell_their_slug():
    slugs = ("class", "2-colors", "fields", "a_b", "plain-one")
    cms = [field("PlainText", "sku"), *(field("PlainText", slug) for slug in slugs)]
    wanted = Wanted("erp", "hmac", "products", ("sku",), cms, {})
    payload = {"sku": "A", **dict.fromkeys(slugs, "v")}
    text = suggest(wanted, [Sample("1st.topic", payload)], "it").text
    assert 'field_class = fields.String(data_key="class", attribute="class")' in text
    assert 'field_2_colors = fields.String(data_key=\'"2-colors"\', attribute="2-colors")' in text
    assert 'field_fields = fields.String(data_key="fields", attribute="fields")' in text
    assert 'field_a_b = fields.String(data_key="a_b", attribute="a_b")' in text
    assert "plain_one = fields.String(data_key='\"plain-one\"')" in text
    assert "class Topic1stTopic(Mapping):" in text


def test_a_key_of_several_parts_has_a_path_for_each():
    cms = [field("PlainText", "sku"), field("PlainText", "warehouse"), field("Number", "stock")]
    wanted = Wanted("erp", "hmac", "stocks", ("sku", "warehouse"), cms, {})
    found = suggest(wanted, [Sample("t", {"sku": "A", "warehouse": "N", "qty": 1})], "it")
    assert 'key = ("sku", "warehouse")' in found.text
    again = suggest(wanted, [Sample("t", {"sku": "A", "warehouse": "N", "qty": 1})], "it")
    assert found == again


def test_two_topics_that_sound_alike_have_a_class_each():
    cms = [field("PlainText", "sku"), field("Number", "stock"), field("PlainText", "note")]
    wanted = Wanted("erp", "hmac", "products", ("sku",), cms, {})
    samples = [Sample("a.b", {"sku": "A", "qty": 1}), Sample("a-b", {"sku": "A", "note": "n"})]
    text = suggest(wanted, samples, "it").text
    assert "class AB(Mapping)" in text
    assert "class AB2(Mapping)" in text


def test_many_kinds_of_fields_are_imported_in_several_lines():
    payload = {"sku": "A", "image": PICTURE, "images": [PICTURE], "updated": "2026-05-12 09:29:41"}
    payload |= {"link": PICTURE, "phone": "1", "color": "red", "text": "<p>x</p>", "kind": "Mugs"}
    payload |= {"film": "https://vimeo.com/1", "paper": PICTURE, "plain": "<b>x</b>"}
    types = {"image": "Image", "images": "MultiImage", "updated": "DateTime", "link": "Link"}
    types |= {"phone": "Phone", "color": "Color", "text": "RichText", "kind": "Option"}
    types |= {"film": "VideoLink", "paper": "File", "plain": "PlainText"}
    cms = [field("PlainText", "sku"), *(field(type, slug) for slug, type in types.items())]
    wanted = Wanted("erp", "hmac", "products", ("sku",), cms, {})
    text = suggest(wanted, [Sample("image", payload)], "it").text
    assert "class TopicImage(Mapping):" in text
    assert '= Timestamp(data_key="updated", timezone="UTC")' in text
    assert max(map(len, text.splitlines())) <= 100
    compile(text, "mappings.py", "exec")
    assert module("erp", "products", [], "it", ["a topic " * 30]).count("\n#") > 1
