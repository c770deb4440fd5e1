"""How many calls a load takes beside the least: a change that costs calls fails here."""

import pytest

from tests.benchmarks.calls import measure


@pytest.mark.parametrize("scenario", ["key", "bad-hidden-5", "images", "locales", "publish"])
def test_a_load_is_within_its_goal(store, scenario):
    found = measure(store, scenario, "v2")
    assert found.over() == "", found.as_dict()
