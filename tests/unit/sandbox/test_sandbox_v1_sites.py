"""What v1 tells of the token, the site and its collections."""

import pytest

from service.sandbox.fields.values import format_time
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID

ONE, UNKNOWN = product_id(1), "0" * 24


@pytest.fixture
def v1_root(v1):
    """A function that calls v1 by its whole path."""
    return lambda method, path, body=None, **more: v1.call(method, v1.root + path, body, **more)


def test_sites_are_a_bare_array(v1_root):
    (site,) = v1_root("GET", "/sites").json()
    keys = "_id createdOn name shortName lastPublished previewUrl timezone database"
    assert list(site) == keys.split()
    assert v1_root("GET", f"/sites/{SITE_ID}").json() == site
    assert site["_id"] == SITE_ID


def test_domains_are_named(v1_root, site):
    domains = v1_root("GET", f"/sites/{SITE_ID}/domains").json()
    assert domains == [{"_id": one.id, "name": one.url} for one in site.domains]


def test_the_token_and_its_user_are_known(v1_root):
    info = v1_root("GET", "/info").json()
    assert (info["sites"], info["rateLimit"], info["status"]) == ([SITE_ID], 60, "confirmed")
    assert set(info["application"]) >= {"_id", "name", "owner", "ownerType"}
    user = v1_root("GET", "/user").json()["user"]
    assert list(user) == ["_id", "email", "firstName", "lastName"]
    assert info["users"] == [user["_id"]]


def test_collections_are_a_bare_array(v1_root, v1):
    (one,) = v1_root("GET", f"/sites/{SITE_ID}/collections").json()
    assert list(one) == ["_id", "lastUpdated", "createdOn", "name", "slug", "singularName"]
    assert one["_id"] == PRODUCTS
    whole = v1.get().json()
    assert whole.pop("fields")
    assert whole == one


def test_a_collection_lists_the_columns_of_the_system_behind_its_own(v1):
    fields = v1.get().json()["fields"]
    assert [one["slug"] for one in fields[-10:]] == [
        *("name", "slug", "_archived", "_draft", "created-on", "updated-on", "published-on"),
        *("created-by", "updated-by", "published-by"),
    ]
    system = {one["slug"]: one for one in fields[-10:]}
    assert [one["slug"] for one in fields if one["type"] == "User"] == list(system)[-3:]
    assert {one["slug"] for one in fields if not one["editable"]} == set(list(system)[-6:])
    assert all(system[flag]["required"] for flag in ("_archived", "_draft"))
    assert all(system[flag]["default"] is False for flag in ("_archived", "_draft"))
    assert "validations" not in system["created-on"]
    assert all(len(one["id"]) == 32 for one in fields)


def test_a_slug_is_unique_and_has_messages_of_its_own(v1):
    (slug,) = [one for one in v1.get().json()["fields"] if one["slug"] == "slug"]
    del slug["id"]
    assert slug == {
        "name": "Slug",
        "slug": "slug",
        "type": "PlainText",
        "required": True,
        "editable": True,
        "unique": True,
        "validations": {
            "maxLength": 256,
            "pattern": {},
            "messages": {
                "pattern": "Must be alphanumerical and not contain any spaces "
                "or special characters",
                "maxLength": "Must be less than 256 characters",
            },
        },
    }


def test_each_version_names_types_and_rules_in_its_own_words(v1, v2):
    rules = {"minimum": 1, "maxValue": 5, "decimalPlaces": 2}
    fields = [
        {"slug": "amount", "type": "Number", "validations": rules},
        {"slug": "pictures", "type": "MultiImage", "validations": {"maxSize": 9}},
    ]
    v1.control("POST", "/schema", {"add": fields})
    old = {one["slug"]: one for one in v1.get().json()["fields"]}
    new = {one["slug"]: one for one in v2.get().json()["fields"]}
    assert old["amount"]["validations"] == {"minimum": 1, "maximum": 5, "precision": 2}
    assert new["amount"]["validations"] == {"minValue": 1, "maxValue": 5, "precision": 2}
    assert (old["pictures"]["type"], old["pictures"]["innerType"]) == ("Set", "ImageRef")
    assert old["pictures"]["validations"] == {"maxSize": 9}
    assert new["pictures"]["validations"] == {"maxImageSize": 9}
    assert (old["in-stock"]["type"], old["image"]["type"]) == ("Bool", "ImageRef")
    assert (old["sku"]["helpText"], old["image"]["validations"]) == ("", {})


@pytest.mark.parametrize("path", ["", "/domains", "/collections"])
def test_another_site_is_not_found(v1_root, path):
    answer = v1_root("GET", f"/sites/{UNKNOWN}{path}")
    assert (answer.status_code, answer.json()["name"]) == (404, "NotFound")
    assert answer.json()["path"] == f"/sites/{UNKNOWN}{path}"


@pytest.fixture
def publish(v1_root):
    """A function that publishes the site to domains, by default to its own."""
    path = f"/sites/{SITE_ID}/publish"
    return lambda domains=("sandbox.webflow.io",): v1_root("POST", path, {"domains": domains})


def test_a_site_is_published_to_domains_by_name(v1, v1_root, site, publish, clock):
    v1.patch(f"/items/{ONE}", {"fields": {"stock": 777}})
    clock.at += 10
    answer = publish([site.domains[0].url])
    assert (answer.status_code, answer.json()) == (200, {"queued": True})
    assert answer.headers["X-RateLimit-Limit"] == "60"
    assert v1.field("stock", copy="live") == 777
    assert site.domains[0].published == site.now()
    assert v1_root("GET", "/sites").json()[0]["lastPublished"] == format_time(site.now())


def test_both_versions_publish_at_most_once_a_minute(v1, publish, clock):
    assert publish().status_code == 200
    clock.at += 59
    answer = publish()
    assert (answer.status_code, answer.json()["name"]) == (429, "RateLimit")
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answer.headers
    path, body = f"{v1.root}/v2/sites/{SITE_ID}/publish", {"publishToWebflowSubdomain": True}
    assert v1.call("POST", path, body).status_code == 429
    clock.at += 1
    assert v1.call("POST", path, body).status_code == 202
    assert publish().status_code == 429


@pytest.mark.parametrize(
    ("domains", "told"),
    [
        (None, "'domains' is required"),
        ([], "'domains' is required"),
        ("all", "'domains' is required"),
        ([None], "Domain not found for site"),
        ([{}], "Domain not found for site"),
        (["other.example.com"], "Domain not found for site"),
    ],
)
def test_a_publish_names_domains_of_the_site(publish, domains, told):
    answer = publish(domains)
    assert (answer.status_code, answer.json()["name"]) == (400, "ValidationError")
    assert answer.json()["msg"] == told
    assert publish().status_code == 200  # nothing was used up


def test_another_site_is_not_published(v1_root):
    answer = v1_root("POST", f"/sites/{UNKNOWN}/publish", {"domains": ["sandbox.webflow.io"]})
    assert (answer.status_code, answer.json()["msg"]) == (404, f"Site not found: {UNKNOWN}")
