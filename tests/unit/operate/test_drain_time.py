"""How long it takes until nothing waits."""

from dataclasses import replace

import pytest

from service.operate.drain_time import calls_for, drain_times
from tests.support.outbox_driver import settings
from tests.support.status_numbers import COLLECTION, DESTINATION, flowing
from workers.config.settings import Destination

SETTINGS = settings()
LIMITED = DESTINATION | {"budget": {"limit": 60, "left": 3}}  # 54 calls in a busy minute


def drained(products=None, stores=None, made=SETTINGS, **site):
    status = flowing(
        destinations=dict.fromkeys(made.destinations, LIMITED | site),
        collections={
            "products": COLLECTION | {"pending_items": 0} | (products or {}),
            "stores": COLLECTION | {"pending_items": 0} | (stores or {}),
        },
    )
    return drain_times(made, status)


def items(number, **entry):
    return {"pending_items": number, **entry}


UNPUBLISHED = {"reason": "not published", "message": "", "since": None, "records": 0}
FULL = UNPUBLISHED | {"reason": "plan limit"}


@pytest.mark.parametrize(
    ("entries", "seconds"),
    [
        pytest.param({}, 0.0, id="nothing waits"),
        pytest.param({"products": items(1)}, 1.1, id="one call"),
        pytest.param({"products": items(5400)}, 60.0, id="a minute of full requests"),
        pytest.param({"products": items(1), "stores": items(1)}, 2.2, id="two collections"),
        pytest.param({"products": items(10**6)}, 11111.1, id="three hours"),
        pytest.param({"products": items(9, state="paused")}, 0.0, id="a paused collection"),
        pytest.param({"products": items(9, waits=[UNPUBLISHED])}, 0.0, id="not published"),
        pytest.param({"products": items(9, waits=[FULL])}, 1.1, id="no room for new ones"),
        pytest.param({"products": items(9), "state": "paused"}, None, id="paused"),
        pytest.param({"products": items(9), "state": "outage"}, None, id="in outage"),
        pytest.param({"products": items(9), "state": "waiting"}, 1.1, id="out of budget"),
        pytest.param({"products": items(5400), "budget": {"limit": 1}}, 3240.0, id="slow"),
    ],
)
def test_the_calls_that_it_needs_at_the_pace_that_is_allowed(entries, seconds):
    assert drained(**entries) == {"site": seconds}


def test_destinations_of_one_token_share_its_budget():
    site = SETTINGS.destinations["site"]
    stores = replace(SETTINGS.collections["stores"], destination="other")
    made = replace(
        SETTINGS,
        destinations={"site": site, "other": replace(site, name="other")},
        collections={**SETTINGS.collections, "stores": stores},
    )
    both = drained(items(2700), items(2700), made)
    assert both == {"site": 60.0, "other": 60.0}
    apart = replace(made, destinations={**made.destinations, "other": replace(site, token="o")})
    assert drained(items(2700), items(2700), apart) == {"site": 30.0, "other": 30.0}


def test_the_old_interface_takes_an_item_a_call():
    assert calls_for(3, Destination("old", "v1", "t")) == 3
    assert calls_for(101, Destination("new", "v2", "t")) == 2
