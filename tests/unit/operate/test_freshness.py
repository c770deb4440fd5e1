"""How fresh the site is, from what waits and from the histograms of what was written."""

from service.operate.freshness import Step, counts_of, oldest_of, spread_of


def test_the_spread_has_its_median_its_tail_and_each_step():
    spread = spread_of({"1000": 50, "2000": 49, "inf": 1})
    assert (spread.p50, spread.p99, spread.values) == (1.0, 2.0, 100)
    assert spread.steps[:3] == (Step(1.0, 50), Step(2.0, 49), Step(5.0, 0))
    assert spread.steps[-1] == Step(None, 1)


def test_nothing_was_written():
    spread = spread_of({})
    assert (spread.p50, spread.p99, spread.values) == (None, None, 0)


def test_counts_are_of_the_chosen_collections_in_all_their_copies():
    metrics = {
        "fresh:products:live:1000": "3",
        "fresh:products:staged:1000": "2",
        "fresh:products:live:sum": "2500",
        "fresh:stores:live:1000": "9",
        "calls:site:PATCH:200": "4",
        "": "....",
    }
    assert counts_of(metrics, {"products"}) == {"1000": 5, "sum": 2500}


def test_the_oldest_is_named_with_its_collection():
    ages = {"products": {"oldest_seconds": 3.5}, "stores": {"oldest_seconds": 7.0}}
    assert oldest_of(ages) == (7.0, "stores")
    assert oldest_of({"products": {"oldest_seconds": 0.0}}) == (0.0, None)
    assert oldest_of({}) == (0.0, None)
