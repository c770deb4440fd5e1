"""Where the pages of a site are, and the slug of a collection, as answers say them."""

import json

import pytest

from workers.webflow.item_answers import read
from workers.webflow.site import sites


@pytest.mark.parametrize(
    ("told", "domain"),
    [
        ({"customDomains": [{"id": "d", "url": "shop.example.com"}]}, "shop.example.com"),
        (
            {"customDomains": [{"id": "d", "url": "https://a.example/"}], "shortName": "s"},
            "a.example",
        ),
        ({"customDomains": [], "shortName": "desk"}, "desk.webflow.io"),
        ({"customDomains": [{"id": "d"}, 7], "shortName": ""}, ""),
        ({"customDomains": None, "shortName": 7}, ""),
        ({}, ""),
    ],
)
def test_the_domain_of_a_site(told, domain):
    (site,) = sites({"id": "s", "locales": {}, **told})
    assert site.domain == domain


@pytest.mark.parametrize(
    ("status", "told", "slug"),
    [(200, {"slug": "products", "fields": []}, "products"), (200, {"slug": 7}, ""), (404, {}, "")],
)
def test_the_slug_of_a_collection(status, told, slug):
    assert read(status, {}, json.dumps(told).encode()).slug == slug


@pytest.mark.parametrize(
    ("told", "published"),
    [
        ({"sites": [{"id": "s", "lastPublished": None}]}, ""),
        ({"sites": [{"id": "s", "lastPublished": "2025-01-01T00:00:00Z"}]}, "2025-01-01T00:00:00Z"),
        ({"sites": [{"id": "s"}]}, None),
        # v1: a list without a name, or the site alone.
        (
            {"items": [{"_id": "s", "shortName": "desk", "lastPublished": None}, {"_id": "i"}]},
            "",
        ),
        (
            {"_id": "s", "shortName": "desk", "lastPublished": "2025-01-01T00:00:00Z"},
            "2025-01-01T00:00:00Z",
        ),
    ],
)
def test_whether_a_site_was_ever_published(told, published):
    (site,) = sites(told)
    assert (site.id, site.published) == ("s", published)


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        (
            {"collections": [{"id": "a", "displayName": "A"}, {"id": "b"}, {}, 7]},
            {"a": "A", "b": "b"},
        ),
        (
            [{"_id": "a", "singularName": "A", "name": "As"}, {"_id": "i", "name": "an item"}],
            {"a": "As"},
        ),
        ({"collections": 7}, {}),
        ({"items": 7}, {}),
    ],
)
def test_the_ids_in_a_list_of_collections(told, ids):
    found = read(200, {}, json.dumps(told).encode()).collections
    assert {id: each.name for id, each in found.items()} == ids


@pytest.mark.parametrize(
    ("held", "scopes"),
    [
        ({"scope": "cms:read,cms:write sites:read"}, {"cms:read", "cms:write", "sites:read"}),
        ({"scope": ""}, set()),
        ({"scope": None}, None),
        (None, None),
    ],
)
def test_the_scopes_of_a_token(held, scopes):
    assert read(200, {}, json.dumps({"authorization": held}).encode()).scopes == scopes
    assert read(403, {}, json.dumps({"authorization": held}).encode()).scopes is None
