"""The site of each collection, where the token sees several."""

import pytest

from service.operate.check_site import sites_of, visible, with_nearest
from workers.config.settings import Collection, Destination
from workers.errors import DestinationError, Problem
from workers.webflow.item_answers import Answer
from workers.webflow.site import ListedCollection, Site

HELD = {"s1": ("c1",), "s2": ("c2", "c3"), "s3": ("c4",)}


class Cms:
    """Answers from `HELD`, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def list_sites(self, *of):
        self.asked.append(of)
        if of:
            listed = {id: ListedCollection(id, id, f"The {id}") for id in HELD[of[0]]}
            return Answer(200, collections=listed)
        return Answer(200, sites=tuple(Site(name) for name in HELD))


@pytest.mark.parametrize(
    ("wanted", "found", "calls"),
    [
        (("c1",), {"c1": "s1"}, 2),
        (("c3", "c1"), {"c1": "s1", "c3": "s2"}, 3),
        (("c9",), {}, 4),
    ],
)
def test_sites_are_asked_for_until_every_collection_has_its_own(wanted, found, calls):
    cms = Cms()
    mine = [Collection(id, "site", id) for id in wanted]
    sites = sites_of(lambda call: call(cms), Destination("site", "v2", "t0ken"), mine)
    assert {id: site.id for id, site in sites.items() if id in wanted} == found
    assert len(cms.asked) == calls


PROBLEM = Problem("instep.toml: collections.brands.id", "status 404", "an id", "correct it")
BRANDS = Collection("brands", "site", "c9")


def test_the_collections_that_a_token_sees_are_listed_site_by_site():
    cms = Cms()
    assert [*visible(lambda call: call(cms), Destination("site", "v2", "t"))] == [
        *("c1", "c2", "c3", "c4")
    ]

    def gone(_):
        raise DestinationError("no answer", sent=False)

    assert visible(gone, Destination("site", "v2", "t", site="s1")) == {}


@pytest.mark.parametrize(
    ("seen", "expected", "do"),
    [
        ({}, "an id", "correct it"),
        (
            {"c1": "Brands"},
            "one that the token can see: Brands (c1)",
            "write c1, the collection Brands",
        ),
        ({"c1": "People"}, "one that the token can see: People (c1)", "correct it"),
    ],
)
def test_the_collection_that_is_meant_is_named(seen, expected, do):
    told = with_nearest(PROBLEM, BRANDS, seen)
    assert (told.expected, told.do) == (expected, do)


def test_of_many_collections_ten_are_named():
    told = with_nearest(PROBLEM, BRANDS, {f"c{n}": f"Name {n}" for n in range(12)})
    assert told.expected.count("Name") == 10
    assert told.expected.endswith(", …")
