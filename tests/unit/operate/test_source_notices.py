"""Sources that have fallen silent, or most of whose requests are refused."""

import pytest

from service.operate.source_notices import MANY, USUAL, source_notices
from service.operate.traffic import Traffic
from workers.model.samples import MINUTES, QUARTERS, Sample

NOW = 20_000 * 86_400_000 + 500.0
MINUTE, QUARTER = int(NOW // MINUTES.ms), int(NOW // QUARTERS.ms)


def traffic(*, yesterday=0, taken=0, refused=0, without=()):
    """*yesterday*: deliveries of this hour of then; the other two: of the last hour."""

    def at(slot, ms, deliveries, refusals=0):
        return Sample(slot * ms, {"sources": {"erp": [deliveries, 0, refusals]}})

    quarters = {
        QUARTER - back: at(QUARTER - back, QUARTERS.ms, 0 if back > 96 else yesterday)
        for back in range(101)
    }
    minutes = {
        MINUTE - back: at(MINUTE - back, MINUTES.ms, 0 if back else taken, 0 if back else refused)
        for back in range(61)
        if back not in without
    }
    return Traffic.of(NOW, minutes, quarters)


def names(**options):
    return [each.name for each in source_notices(traffic(**options), ["erp"])]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param({"yesterday": USUAL}, ["source erp: silent"], id="silent"),
        pytest.param({"yesterday": USUAL - 1}, [], id="it seldom has any"),
        pytest.param({"yesterday": USUAL, "taken": 1}, [], id="some came"),
        pytest.param({"yesterday": USUAL, "refused": 1}, [], id="what came was refused"),
        pytest.param({"yesterday": USUAL, "without": (60,)}, [], id="its begin is not known"),
        pytest.param({"yesterday": USUAL, "without": (0, 1)}, [], id="its end is not known"),
        pytest.param(
            {"yesterday": USUAL, "without": (30,)}, ["source erp: silent"], id="a gap in between"
        ),
        pytest.param(
            {"refused": MANY, "taken": 4}, ["source erp: most requests refused"], id="refused"
        ),
        pytest.param({"refused": MANY, "taken": MANY}, [], id="half of them"),
        pytest.param({"refused": MANY - 1}, [], id="a few"),
    ],
)
def test_a_source_is_told_of(seen, told):
    assert names(**seen) == told


def test_it_says_since_when_and_how_many():
    (silent,) = source_notices(traffic(yesterday=12), ["erp", "other"])
    assert silent.since == "2024-10-03T23:00:00Z"
    assert silent.why == "nothing for an hour; 12 deliveries came in this hour of yesterday"
    (refused,) = source_notices(traffic(refused=7, taken=2), ["erp"])
    assert refused.why == "7 of 9 requests of the last hour"
    assert "--source erp" in refused.do
