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
