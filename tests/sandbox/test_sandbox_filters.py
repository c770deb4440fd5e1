"""Lists in v2 by field: filter[...] and sort[...]."""

import pytest

from service.sandbox.schema import field_id
from service.sandbox.seed import product_id


def slugs(answer):
    assert answer.status_code == 200, answer.text
    return [one["fieldData"]["slug"] for one in answer.json()["items"]]


@pytest.fixture
def things(v2):
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
    fields.append({"slug": "kind", "type": "Option", "options": ["A", "B"]})
    names = ("one", "two", "three")
    items = [
        {
            "name": name,
            "slug": name,
            "word": f"word {name}",
            "size": n % 2 * 10 + 0.5,
            "on": n == 1,
            "due": f"2026-01-0{n}T12:00:00Z",
            "kind": field_id("kind", "A" if n < 3 else "B"),
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


@pytest.mark.parametrize(
    ("term", "value", "found"),
    [
        ("[word][eq]", "word two", "two"),
        ("[word][ne]", "word two", "one three four"),
        ("[word][contains]", "ord t", "two three"),
        ("[word][ncontains]", "ord t", "one four"),
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
        ("[due][gte]", "2026-01-02T12:00:00Z", "two three"),
        ("[due][lt]", "2026-01-02", "one"),
        ("[kind][eq]", field_id("kind", "B"), "three"),
        ("[friends][contains]", product_id(2), "two"),
        ("[friends][in]", f"{product_id(1)},{product_id(3)}", "one three"),
        ("[friends][nin]", product_id(9), "four"),
        ("[picture][exists]", "true", ""),
        ("[slug][eq]", "two", "two"),
    ],
)
def test_a_filter_keeps_what_fits(things, term, value, found):
    assert slugs(things(**{f"filter{term}": value})) == found.split()


def test_all_filters_have_to_fit(things):
    answer = things(**{"filter[size][gt]": "1", "filter[on][eq]": "false"})
    assert slugs(answer) == ["three"]
    assert answer.json()["pagination"]["total"] == 1


def test_fields_give_the_order_and_the_first_one_weighs_most(things):
    assert slugs(things(**{"sort[word]": "desc"})) == ["two", "three", "one", "four"]
    order = {"sort[size]": "asc", "sort[due]": "desc", "sortBy": "name"}
    assert slugs(things(**order)) == ["four", "two", "three", "one"]


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
        {"filter[word][gt]": "x"},
        {"filter[word][like]": "x"},
        {"filter[size][eq]": "many"},
        {"filter[on][eq]": "maybe"},
        {"filter[due][lt]": "soon"},
        {"filter[picture][eq]": "x"},
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
        {"sort[friends]": "asc"},
        {f"sort[{slug}]": "asc" for slug in ("word", "size", "on", "due")},
    ],
)
def test_what_cannot_be_asked_is_a_bad_argument(things, query):
    answer = things(**query)
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
def test_the_largest_question_is_answered(things, query):
    assert things(**query).status_code == 200
