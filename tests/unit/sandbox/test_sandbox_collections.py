"""Collections and fields in v2, made and changed through the API."""

import pytest

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID

ONE, UNKNOWN = product_id(1), "0" * 24
MAKERS = {"displayName": "Makers", "singularName": "Maker"}


@pytest.fixture
def base(v2):
    return f"{v2.root}/v2/sites/{SITE_ID}/collections"


@pytest.fixture
def makers(v2, base):
    """The URL of a new collection."""
    return f"{v2.root}/v2/collections/{v2.call('POST', base, MAKERS).json()['id']}"


@pytest.fixture
def add(v2):
    def add(kind, name="Weight", base=v2.base, **more):
        return v2.call("POST", f"{base}/fields", {"type": kind, "displayName": name, **more})

    return add


def test_the_collections_of_the_site_are_listed_without_fields(v2, base):
    (found,) = v2.get(base).json()["collections"]
    assert (found["id"], found["displayName"], found["singularName"], found["slug"]) == (
        PRODUCTS,
        "Products",
        "Product",
        "products",
    )
    assert {"createdOn", "lastUpdated"} <= set(found)
    assert "fields" not in found


def test_a_collection_is_created_with_name_and_slug(v2, base):
    answer = v2.call("POST", base, MAKERS)
    assert answer.status_code == 200
    made = answer.json()
    assert [one["slug"] for one in made["fields"]] == ["name", "slug"]
    assert (made["singularName"], made["slug"]) == ("Maker", "makers")
    assert v2.get(f"{v2.root}/v2/collections/{made['id']}").json() == made


def test_a_collection_is_created_with_fields_of_its_own(v2, base):
    fields = [
        {"type": "PlainText", "displayName": "Home Town", "isRequired": True, "helpText": "Where?"},
        {"type": "PlainText", "displayName": "Home town!"},
        {"type": "Option", "displayName": "Kind", "metadata": {"options": [{"name": "A"}]}},
        {"type": "Reference", "displayName": "Best", "metadata": {"collectionId": PRODUCTS}},
    ]
    made = v2.call("POST", base, {**MAKERS, "slug": "people", "fields": fields}).json()
    assert made["slug"] == "people"
    town, again, kind, best = made["fields"][2:]
    assert (town["slug"], town["isRequired"], town["helpText"]) == ("home-town", True, "Where?")
    assert again["slug"] == "home-town-2"
    assert [one["name"] for one in kind["validations"]["options"]] == ["A"]
    assert best["validations"] == {"collectionId": PRODUCTS}


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "Makers"},
        {"singularName": "Maker"},
        {**MAKERS, "displayName": 1},
        {**MAKERS, "fields": [1]},
        {**MAKERS, "fields": [{"type": "Thing", "displayName": "A"}]},
        {**MAKERS, "fields": [{"type": "Option", "displayName": "A"}]},
    ],
)
def test_a_collection_that_is_described_wrongly_is_not_made(v2, base, body):
    answer = v2.call("POST", base, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert len(v2.get(base).json()["collections"]) == 1


@pytest.mark.usefixtures("makers")
@pytest.mark.parametrize(
    "body", [{**MAKERS, "slug": "other"}, {**MAKERS, "displayName": "Other", "slug": "makers"}]
)
def test_a_collection_that_is_there_already_is_refused(v2, base, body):
    answer = v2.call("POST", base, body)
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["message"]) == (
        "duplicate_collection",
        "Collection already exists",
    )


def test_a_collection_can_be_deleted(v2, makers):
    assert v2.call("DELETE", makers).status_code == 204
    assert v2.get(makers).status_code == v2.call("DELETE", makers).status_code == 404


def test_a_field_is_added_and_can_be_written(v2, add):
    answer = add("Number", helpText="In kg")
    assert answer.status_code == 200
    made = answer.json()
    assert (made["slug"], made["type"], made["helpText"]) == ("weight", "Number", "In kg")
    assert made["id"] in {one["id"] for one in v2.get().json()["fields"]}
    item = v2.patch(f"/items/{ONE}", {"fieldData": {"weight": 5}}).json()
    assert item["fieldData"]["weight"] == 5


def test_a_slug_that_is_taken_gets_a_number(add):
    assert [add("Number").json()["slug"] for _ in range(3)] == ["weight", "weight-2", "weight-3"]
    assert add("PlainText", "Name").json()["slug"] == "name-2"


def test_a_field_that_is_there_already_is_refused(add):
    id = add("Number").json()["id"]
    answer = add("Number", id=id)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_an_option_field_is_made_from_labels_and_written_by_id(v2, add):
    made = add("Option", metadata={"options": [{"name": "Light"}, {"name": "Heavy"}]}).json()
    options = made["metadata"]["options"]
    assert options == made["validations"]["options"]
    assert [one["name"] for one in options] == ["Light", "Heavy"]
    change = {"fieldData": {"weight": options[1]["id"]}}
    assert v2.patch(f"/items/{ONE}", change).status_code == 200
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"weight": "Heavy"}}).status_code == 400


@pytest.mark.parametrize("kind", ["Reference", "MultiReference"])
def test_a_reference_field_names_a_collection(add, kind):
    made = add(kind, metadata={"collectionId": PRODUCTS}).json()
    assert made["metadata"] == made["validations"] == {"collectionId": PRODUCTS}


@pytest.mark.parametrize(
    ("kind", "more", "status"),
    [
        ("Thing", {}, 400),
        ("Option", {}, 400),
        ("Option", {"metadata": {"options": []}}, 400),
        ("Option", {"metadata": {"options": [{}]}}, 400),
        ("Option", {"metadata": {"options": [{"name": str(n)} for n in range(101)]}}, 400),
        ("Reference", {}, 400),
        ("Reference", {"metadata": {"collectionId": "nonsense"}}, 400),
        ("Reference", {"metadata": {"collectionId": UNKNOWN}}, 404),
        ("Number", {"isRequired": "yes"}, 400),
    ],
)
def test_a_field_that_is_described_wrongly_is_not_added(v2, add, kind, more, status):
    assert add(kind, **more).status_code == status
    assert "weight" not in {one["slug"] for one in v2.get().json()["fields"]}


def test_a_field_can_be_renamed_and_required_but_keeps_its_slug(v2, add):
    id = add("Number").json()["id"]
    change = {"displayName": "Mass", "isRequired": True, "helpText": "In kg"}
    answer = v2.patch(f"/fields/{id}", change)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["id"], made["slug"], made["displayName"]) == (id, "weight", "Mass")
    assert (made["isRequired"], made["helpText"]) == (True, "In kg")
    answer = v2.call("POST", "/items", {"fieldData": {"name": "No weight"}})
    assert [one["param"] for one in answer.json()["details"]] == ["weight"]


def test_name_and_slug_stay_required_and_stay(v2):
    name = next(one for one in v2.get().json()["fields"] if one["slug"] == "name")
    made = v2.patch(f"/fields/{name['id']}", {"isRequired": False, "displayName": "Title"}).json()
    assert (made["isRequired"], made["displayName"]) == (True, "Title")
    assert v2.call("DELETE", f"/fields/{name['id']}").status_code == 400


def test_a_deleted_field_is_gone_from_schema_and_items_and_from_the_site_once_published(v2):
    stock = next(one for one in v2.get().json()["fields"] if one["slug"] == "stock")
    assert v2.call("DELETE", f"/fields/{stock['id']}").status_code == 204
    assert "stock" not in {one["slug"] for one in v2.get().json()["fields"]}
    assert "stock" not in v2.get(f"/items/{ONE}").json()["fieldData"]
    assert "stock" in v2.get(f"/items/{ONE}/live").json()["fieldData"]
    body = {"publishToWebflowSubdomain": True}
    v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/publish", body)
    assert "stock" not in v2.get(f"/items/{ONE}/live").json()["fieldData"]


@pytest.mark.parametrize(("id", "status"), [("nonsense", 400), (UNKNOWN, 404), ("0" * 32, 404)])
def test_there_is_no_other_field(v2, id, status):
    assert v2.patch(f"/fields/{id}", {}).status_code == status
    assert v2.call("DELETE", f"/fields/{id}").status_code == status


def test_a_change_of_the_schema_shows_in_the_collection(v2, add, clock):
    before = v2.get().json()["lastUpdated"]
    clock.at += 1
    add("Number")
    assert v2.get().json()["lastUpdated"] > before
