"""The scenarios of `tests.benchmarks.calls`, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.benchmarks import calls_loads as loads
from tests.benchmarks import calls_sites as sites
from tests.benchmarks import calls_troubles as troubles

BULK = ("v2",)


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    Args:
        prepare: Makes the load on a `Play`.
        options: Of the `Play`.
        held: Seconds that the policy makes it wait, beside the budget, by API.
        apis: That know it at all.
        others: Requests a minute by somebody else.
    """

    title: str
    prepare: Callable
    options: Mapping[str, Any] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)
    apis: tuple = ("v2", "v1")
    others: int = 0


FREE = {"at_most": 10**6, "half_from": 10**6, "delay": 0.0}  # deletes were approved
PLAIN = {"items": loads.ITEMS, "by": "item"}
UNSEEN = PLAIN | {"collection": {"preflight": False}}  # bad as only the CMS can tell
KEYED = {"items": loads.ITEMS, "by": "key"}
NEW = KEYED | {"missing": "create"}
SYNC = {"items": 2000}
LISTED = {"v1": 600.0}  # v1 cannot ask for keys, and lists anew every ten minutes at most
GATHERED = {"v2": 10.0}  # what is to be published waits for more
SCENARIOS = {
    "burst": Scenario("10,000 events over 1,000 items in 10 s", loads.burst, PLAIN),
    "keys": Scenario("1,000 new keys in 5 minutes", loads.new_keys, NEW, LISTED),
    "key": Scenario("one new key on a quiet site", partial(loads.new_keys, keys=1), NEW, LISTED),
    "sync": Scenario(
        "first sync of 20,000 records (v1: 300)", loads.first_sync, NEW | {"items": 0}
    ),
    "same": Scenario(
        "reconcile 2,000 items: none differs", partial(loads.differing, share=0), SYNC
    ),
    "few": Scenario(
        "reconcile 2,000 items: 1 % differ", partial(loads.differing, share=0.01), SYNC
    ),
    "half": Scenario(
        "reconcile 2,000 items: 50 % differ", partial(loads.differing, share=0.5), SYNC
    ),
    "bad-named": Scenario(
        "1 bad value in 100 items, named; ten times",
        partial(troubles.bad_values, bad=1, named=True),
        UNSEEN,
    ),
    "bad-named-5": Scenario(
        "5 bad values in 100 items, named; ten times",
        partial(troubles.bad_values, bad=5, named=True),
        UNSEEN,
    ),
    "bad-hidden": Scenario(
        "1 bad value in 100 items, not named; ten times",
        partial(troubles.bad_values, bad=1, named=False),
        PLAIN,
    ),
    "bad-hidden-5": Scenario(
        "5 bad values in 100 items, not named; ten times",
        partial(troubles.bad_values, bad=5, named=False),
        PLAIN,
    ),
    "unpublished": Scenario("1,000 items, 10 % never published", troubles.never_published, KEYED),
    "restored": Scenario("1,000 items after a restored backup", troubles.restored, KEYED),
    "anew": Scenario("200 items, a field of options made anew", troubles.field_anew, KEYED),
    "images": Scenario("100 images", sites.images, PLAIN),
    "references": Scenario(
        "100 new items that refer to 10 later ones", sites.references, NEW, LISTED
    ),
    "away": Scenario("5 minutes of 503 under load", partial(troubles.away, kind="status"), PLAIN),
    "silent": Scenario(
        "5 minutes without answers under load",
        partial(troubles.away, kind="reset-after"),
        PLAIN,
    ),
    "shared": Scenario(
        "10 minutes beside a client that takes 30 %", troubles.shared, PLAIN, others=18
    ),
    "retire": Scenario("retire 500 items", loads.retire, SYNC | {"items": 500, "guard": FREE}),
    "locales": Scenario(
        "100 items in three locales",
        sites.locales,
        KEYED | {"collection": {"locales": "all"}, "items": 100},
        apis=BULK,
    ),
    "publish": Scenario(
        "500 changes and a publish of the site",
        sites.publish_site,
        KEYED | sites.STAGED,
        GATHERED,
        BULK,
    ),
}
