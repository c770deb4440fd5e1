"""The site of each collection, where the token sees several."""

import pytest

from service.operate.check_site import sites_of
from workers.config.settings import Collection, Destination
from workers.webflow.item_answers import Answer
from workers.webflow.site import Site

HELD = {"s1": ("c1",), "s2": ("c2", "c3"), "s3": ("c4",)}


class Cms:
    """Answers from `HELD`, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def list_sites(self, *of):
        self.asked.append(of)
        if of:
            return Answer(200, collections=HELD[of[0]])
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
