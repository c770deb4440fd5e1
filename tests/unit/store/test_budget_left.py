"""What is left of a budget, from what the store holds of it."""

import pytest

from workers.config.settings import Destination
from workers.store.budget import budget_of, pace

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("held", "limit", "left"),
    [
        pytest.param({}, 60, 60, id="unused"),
        pytest.param({"tat": NOW + 9_999}, 60, 50, id="ten calls just now"),
        pytest.param({"tat": NOW - 1}, 60, 60, id="idle since"),
        pytest.param({"left": "7", "till": NOW + 1}, 60, 7, id="what the CMS said"),
        pytest.param({"left": "7", "till": NOW - 1}, 60, 60, id="of a window that has ended"),
        pytest.param({"left": "-2", "till": NOW + 1}, 60, 0, id="overspent"),
        pytest.param({"limit": "30"}, 30, 30, id="a lower limit"),
        pytest.param({"limit": "120"}, 60, 60, id="a higher limit than configured"),
        pytest.param({"closed": NOW + 1, "left": "7", "till": NOW + 1}, 60, 0, id="closed"),
    ],
)
def test_what_is_left_is_the_least_that_is_known(held, limit, left):
    destination = Destination("site", "v2", "t0ken", requests_per_minute=60)
    stored = {name: str(value) for name, value in held.items()}
    assert budget_of(stored, destination, NOW) == {"limit": limit, "left": left}


@pytest.mark.parametrize(("limit", "calls"), [(1, 1), (2, 1), (10, 8), (60, 54), (120, 114)])
def test_a_busy_minute_has_what_the_limit_leaves_beside_the_burst(limit, calls):
    assert pace(limit) == calls
