"""Lists in v2 by field: filter[...] and sort[...]."""

import pytest

from service.sandbox.seeds.samples import product_id

A, B = "a" * 32, "b" * 32  # ids of options


def slugs(answer):
    assert answer.status_code == 200, answer.text
    return [one["fieldData"]["slug"] for one in answer.json()["items"]]


@pytest.fixture
def four(v2):
    """A collection of four items with a field of each kind; the last one holds next to nothing."""
    types = {
        "word": "PlainText",
        "size": "Number",
        "on": "Switch",
        "due": "DateTime",
        "picture": "Image",
        "friends": "MultiReference",
    }
    fields = [{"slug": slug, "type": kind} for slug, kind in types.items()]
    fields[3]["validations"] = {"format": "date-time"}
    fields[5]["validations"] = {"collectionId": "65f000000000000000000001"}
    options = [{"id": A, "name": "A"}, {"id": B, "name": "B"}]
    fields.append({"slug": "kind", "type": "Option", "validations": {"options": options}})
    names = ("one", "two", "three")
    items = [
        {
            "name": name,
            "slug": name,
            "word": f"word {name}",
            "size": n % 2 * 10 + 0.5,
            "on": n == 1,
            "due": f"2026-01-0{n}T12:00:00Z",
            "kind": A if n < 3 else B,
            "friends": [product_id(n), product_id(9)],
        }
        for n, name in enumerate(names, 1)
    ]
    items.append({"name": "four", "slug": "four"})
    order = {"name": "Sorted", "slug": "sorted", "fields": fields, "items": items}
    base = f"{v2.root}/v2/collections/{v2.control('POST', '/collections', order)['id']}"

    def listed(**query):
        return v2.get(f"{base}/items", **{"sortBy": "createdOn", **query})

    return listed


@pytest.fixture
def every_type(v2, things):
    """Lists a collection with a field of every type."""
    base = things.path(v2).rpartition("/")[0]
    return lambda **query: v2.get(base, **query)


@pytest.mark.parametrize(
    ("term", "value", "found"),
    [
        ("[word][eq]", "word two", "two"),
        ("[word][ne]", "word two", "one three four"),
        ("[word][contains]", "ORD t", "two three"),
        ("[word][ncontains]", "oRd T", "one four"),
        ("[word][eq]", "WORD two", ""),
        ("[word][in]", "word one,word three", "one three"),
        ("[word][nin]", "word one,word three", "two four"),
        ("[word][exists]", "false", "four"),
        ("[size][eq]", "0.5", "two"),
        ("[size][gt]", "0.5", "one three"),
        ("[size][gte]", "0.5", "one two three"),
        ("[size][lt]", "10.5", "two"),
        ("[size][lte]", "10.5", "one two three"),
        ("[size][in]", "10.5,7", "one three"),
        ("[on][eq]", "true", "one"),
        ("[on][ne]", "true", "two three four"),
        ("[on][eq]", "false", "two three four"),
        ("[on][in]", "false", "two three four"),
        ("[on][in]", "true,false", "one two three four"),
        ("[on][nin]", "false", "one"),
        ("[due][gte]", "2026-01-02T12:00:00Z", "two three"),
        ("[due][lt]", "2026-01-02", "one"),
        ("[kind][eq]", B, "three"),
        ("[kind][in]", f"{A},{B}", "one two three"),
        ("[friends][exists]", "true", "one two three"),
        ("[picture][exists]", "true", ""),
        ("[slug][eq]", "two", "two"),
    ],
)
def test_a_filter_keeps_what_fits(four, term, value, found):
    assert slugs(four(**{f"filter{term}": value})) == found.split()


@pytest.mark.parametrize(
    ("op", "numbers", "found"),
    [
        ("eq", [2], [2]),
        ("in", [3, 2], [2, 3]),
        ("ne", [1], [2, 3]),
        ("nin", [1, 2], [3]),
    ],
)
def test_items_are_found_by_their_id(v2, op, numbers, found):
    value = ",".join(product_id(n) for n in numbers)
    query = {f"filter[id][{op}]": value, "filter[sku][in]": "P-0001,P-0002,P-0003"}
    listed = v2.get("/items", sortBy="createdOn", **query).json()["items"]
    assert [one["id"] for one in listed] == [product_id(n) for n in found]


TEXT = "eq ne in nin contains ncontains exists"
AMOUNT = "eq ne gt gte lt lte in nin exists"
CHOICE = "eq ne in nin exists"
# the public table: the type of a field, its slug in FIELDS, a value, the operators that it takes
TABLE = [
    ("PlainText", "line", "x", TEXT),
    ("Email", "mail", "x", TEXT),
    ("Phone", "call", "x", TEXT),
    ("Link", "site", "x", TEXT),
    ("Number", "whole", "1", AMOUNT),
    ("DateTime", "day", "2026-01-01", AMOUNT),
    ("Switch", "on", "true", CHOICE),
    ("Color", "tint", "red", CHOICE),
    ("Reference", "maker", product_id(1), CHOICE),
    ("Option", "kind", "0" * 32, "eq ne in nin"),
    ("RichText", "html", "x", "exists"),
    ("Image", "picture", "x", "exists"),
    ("MultiImage", "pictures", "x", "exists"),
    ("File", "paper", "x", "exists"),
    ("VideoLink", "film", "x", "exists"),
    ("MultiReference", "makers", product_id(1), "exists"),
    ("the id", "id", product_id(1), "eq ne in nin"),
]
EVERY = "eq ne gt gte lt lte in nin contains ncontains exists like"
SORTED = {"PlainText", "Email", "Phone", "Number", "DateTime", "Switch"}


@pytest.mark.parametrize(("kind", "slug", "value", "known"), TABLE)
def test_a_type_takes_the_operators_of_the_table_and_no_other(
    v2, every_type, kind, slug, value, known
):
    v2.control("POST", "/budget", {"limit": 1000})
    told = {
        op: every_type(**{f"filter[{slug}][{op}]": "true" if op == "exists" else value})
        for op in EVERY.split()
    }
    assert {op for op, answer in told.items() if answer.status_code == 200} == set(known.split())
    for answer in told.values():
        assert answer.status_code == 200 or answer.json()["message"].startswith("BadArgument: ")
    answer = every_type(**{f"sort[{slug}]": "asc"})
    assert answer.status_code == (200 if kind in SORTED else 400)


def test_all_filters_have_to_fit(four):
    answer = four(**{"filter[size][gt]": "1", "filter[on][eq]": "false"})
    assert slugs(answer) == ["three"]
    assert answer.json()["pagination"]["total"] == 1


def test_fields_give_the_order_and_the_first_one_weighs_most(four):
    assert slugs(four(**{"sort[word]": "desc"})) == ["two", "three", "one", "four"]
    order = {"sort[size]": "asc", "sort[due]": "desc", "sortBy": "name"}
    assert slugs(four(**order)) == ["four", "two", "three", "one"]


def test_filters_look_at_the_copy_that_is_listed(v2):
    one = product_id(1)
    v2.patch(f"/items/{one}", {"fieldData": {"sku": "new"}})
    query = {"filter[sku][eq]": "new"}
    assert slugs(v2.get("/items", **query)) == ["product-1"]
    assert slugs(v2.get("/items/live", **query)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"filter[nothing][eq]": "x"},
        {"filter[size][eq]": "many"},
        {"filter[on][eq]": "maybe"},
        {"filter[due][lt]": "soon"},
        {"filter[word]": "x"},
        {"filter": "x"},
        {"filter[word][exists]": "perhaps"},
        {"filter[word][in]": ",".join("x" * 101)},
        {f"filter[word][{op}]": "x" for op in ("contains", "ncontains")}
        | {"filter[name][contains]": "x"},
        {f"filter[size][{op}]": "1" for op in ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin")}
        | {f"filter[due][{op}]": "2026-01-01" for op in ("gt", "lt", "lte")},
        {"sort[nothing]": "asc"},
        {"sort[word]": "up"},
        {f"sort[{slug}]": "asc" for slug in ("word", "size", "on", "due")},
    ],
)
def test_what_cannot_be_asked_is_a_bad_argument(four, query):
    answer = four(**query)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["message"].startswith("BadArgument: ")


@pytest.mark.parametrize(
    "query",
    [
        {f"filter[size][{op}]": "1" for op in ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin")}
        | {f"filter[due][{op}]": "2026-01-01" for op in ("gt", "lt")},
        {f"filter[word][{op}]": "x" for op in ("contains", "ncontains")},
        {"filter[word][in]": ",".join("x" * 100)},
        {f"sort[{slug}]": "asc" for slug in ("word", "size", "on")},
        {"translatable": "true"},
    ],
)
def test_the_largest_question_is_answered(four, query):
    assert four(**query).status_code == 200
