"""The bodies of publishes, and what a site shows of itself."""

import json

from workers.webflow.item_answers import read
from workers.webflow.publish_payloads import items, site
from workers.webflow.site import Site


def test_items_are_named_by_id_and_with_locales_where_there_are_some():
    assert items(["a", "b"]) == {"itemIds": ["a", "b"]}
    assert items([("a", ("l1",)), ("b", ())]) == {
        "items": [{"id": "a", "cmsLocaleIds": ["l1"]}, {"id": "b"}]
    }


def test_a_site_is_published_to_its_domains():
    assert site(["d1"], True) == {"customDomains": ["d1"], "publishToWebflowSubdomain": True}
    assert site([], True) == {"publishToWebflowSubdomain": True}


def answer(document):
    return read(200, {}, json.dumps(document).encode())


def test_a_site_tells_its_domains_and_when_it_was_published():
    shown = {
        "id": "s1",
        "shortName": "shop",
        "lastPublished": "2026-05-12T09:00:00.000Z",
        "locales": None,
        "customDomains": [{"id": "d1", "url": "www.example.com"}, {"url": "no-id.example"}, 7],
    }
    assert answer(shown).sites == (
        Site("s1", (), "www.example.com", "2026-05-12T09:00:00.000Z", "shop", ("d1",)),
    )
    bare = {"id": "s1", "locales": None, "lastPublished": None, "customDomains": 7}
    assert answer(bare).sites == (Site("s1", published=""),)


def test_collections_have_names():
    listed = {"collections": [{"id": "c1", "displayName": "Blog posts"}, {"id": "c2"}, {}, 7]}
    names = [(id, each.name) for id, each in answer(listed).collections.items()]
    assert names == [("c1", "Blog posts"), ("c2", "c2")]
    assert answer({"collections": 7}).collections == {}
