"""Any JSON value for any field: taken or refused, and what was read back may be sent again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sandbox.app import create_sandbox
from service.sandbox.model.schema import TYPES, Field, offering, owned
from service.sandbox.seeds.samples import fill
from service.sandbox.site.site import Site
from tests.support.depth import examples

TOKEN = "a-token"
THINGS, ONE, TWO = "65f0000000000000000000ff", "65f1" + "1" * 20, "65f1" + "2" * 20
OPTION = owned(Field("kind", "Option", validations=offering(("Old", "New"))), THINGS).validations
TO_ITSELF = {"collectionId": THINGS}

# type: the validations of the fields that there are of it
RULES = {
    "PlainText": ({}, {"singleLine": True, "minLength": 2, "maxLength": 9, "pattern": "^a"}),
    "RichText": ({}, {"minLength": 2, "maxLength": 20}),
    "Image": ({}, {"maxImageSize": 100, "minImageWidth": 10, "acceptedExtensions": ["png"]}),
    "Number": (
        {},
        {"format": "integer", "minimum": -5, "allowZero": False},
        {"format": "decimal", "precision": 2, "maxValue": 1e300, "allowNegative": False},
    ),
    "DateTime": ({}, {"format": "date-time"}),
    "Option": (OPTION,),
    "Reference": (TO_ITSELF, {}),
    "MultiReference": (TO_ITSELF,),
}
FIELDS = [
    Field(f"{kind.lower()}-{n}", kind, validations=rules)
    for kind in TYPES
    for n, rules in enumerate(RULES.get(kind, ({},)))
]

texts = st.text(st.characters(), max_size=30)  # half surrogate pairs and NUL among them
near = st.sampled_from(
    [
        *OPTION["options"][0].values(),
        *(ONE, TWO, "null", "", " ", "a\r\nb", "\ud800", "\u0000"),
        *("https://[", "https://[::1]/a.png", "http:///", "https://shop.invalid/a", "HTTPS://É/é"),
        "https://shop.example.com/oak.png?bytes=1e9&width=²&height=-5&width=",
        "https://shop.example.com/%zz/\ud800?bytes=99999999999999999999999",
        *(
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2025-02-30",
            "2024-02-29T24:00",
        ),
        *("2025-01-01T10:00:00.123456789Z", "٢٠٢٥-01-01", "2025-W05-1", "0001-01-01"),
        *("#fff", "rgb(1,2,3)", "hsl(1deg 2% 3% / 4%)", "Transparent"),
        *("a@b.co", "mailto:a", "tel:1", "/", "#"),
        *("<p>a</p>", "a < b", "a &amp; b", "<pre>x</pre>", "<img src='https://['>"),
        *('<img src="https://shop.example.com/a.png">', "<p>&lt;pre&gt;"),
    ]
)
long = st.sampled_from(["a", "1", "a.", "a@", "<pre", "<pre>", "<img ", "rgb(1", "https://"]).map(
    lambda part: part * 3000 + " "
)
numbers = st.integers() | st.floats() | st.sampled_from([2**1024, 2**53 + 1, -0.0, 3.0, 1e21, 0.1])
scalars = st.none() | st.booleans() | numbers | texts | near | long
objects = st.fixed_dictionaries(
    {}, optional={"url": near | scalars, "fileId": near | scalars, "alt": scalars}
)
anything = st.recursive(
    scalars | objects,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=30,
)

likely = numbers | st.booleans() | near | texts | objects | st.lists(near | objects, max_size=3)


@pytest.fixture(scope="module")
def client():
    site = Site(token=TOKEN, requests_per_minute=10**9, now=lambda: 1_795_000_000.0)
    made = site.add_collection("Things", "things", FIELDS, id=THINGS)
    data = [{"name": name, "slug": name} for name in ("one", "two")]
    fill(site, made, data, ids=[ONE, TWO])
    return create_sandbox(site).test_client()


def write(client, api, slug, value):
    """PATCH one field; NaN has no JSON, an infinite number is one that no double holds."""
    body = json.dumps({"v2": {"fieldData": {slug: value}}, "v1": {"fields": {slug: value}}}[api])
    body = body.replace("-Infinity", "-1e999").replace("Infinity", "1e999").replace("NaN", "0")
    path = f"{'/v2' if api == 'v2' else ''}/collections/{THINGS}/items/{ONE}"
    query = {"skipInvalidFiles": "false"} if api == "v2" else {}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return client.patch(path, data=body, query_string=query, headers=headers)


def strict(text):
    """JSON as a strict reader takes it."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in an answer"))


def held(answer, api, slug):
    item = strict(answer.data)
    return (item if api == "v1" else item["fieldData"]).get(slug)


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("slug", [one.slug for one in FIELDS] + ["name", "slug", "nothing"])
@examples(5, 25)
@given(value=anything)
def test_a_value_is_taken_or_refused_by_name(client, api, slug, value):
    answer = write(client, api, slug, value)
    if answer.status_code == 200:
        strict(answer.data)
        return
    assert answer.status_code == 400
    told = strict(answer.data)
    details = told.get("problem_data") if api == "v1" else told["details"]
    by_shape = api == "v1" and slug in ("name", "slug") and not isinstance(value, str)
    assert by_shape or [one.get("slug", one.get("param")) for one in details] == [slug]


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("slug", [one.slug for one in FIELDS])
@examples(5, 25)
@given(value=likely)
def test_what_was_read_back_may_be_sent_again(client, api, slug, value):
    answer = write(client, api, slug, value)
    if answer.status_code != 200:
        return
    read = held(answer, api, slug)
    again = write(client, api, slug, read)
    assert again.status_code == 200, again.data
    assert held(again, api, slug) == read
