"""The page of the measured calls: what was measured replaces its line, and no other."""

from tests.benchmarks.calls import BEGIN, END, HEAD, LINE, written


def row(scenario, api, calls, **more):
    told = {"least": 10, "ratio": calls / 10, "one_per_event": 1000, "unasked": 0}
    return {
        "scenario": scenario,
        "api": api,
        "calls": calls,
        "seconds": 2.5,
        "over": "",
        **told,
    } | more


def test_lines_are_replaced_or_added_in_order_and_the_others_stay():
    page = f"# Calls\n\n{BEGIN}\n{HEAD}\n{LINE}\n{END}\nThe end.\n"
    first = written(page, [row("images", "v2", 12), row("burst", "v2", 11)])
    then = written(first, [row("images", "v1", 100), row("images", "v2", 20, over="calls")])
    assert then.startswith(f"# Calls\n\n{BEGIN}\n{HEAD}\n{LINE}\n")
    assert then.endswith(f"\n{END}\nThe end.\n")
    figures = then.partition(LINE)[2].partition(END)[0].strip().splitlines()
    assert figures == [
        "| 10,000 events over 1,000 items in 10 s | v2 | 10 | 11 | 1.10 | 1,000 | 2.5 s | 0 |",
        "| 100 images | v2 | 10 | 20* | 2.00 | 1,000 | 2.5 s | 0 |",
        "| 100 images | v1 | 10 | 100 | 10.00 | 1,000 | 2.5 s | 0 |",
    ]


def test_what_was_never_right_is_said():
    page = f"{BEGIN}\n{HEAD}\n{LINE}\n{END}"
    assert "| never |" in written(page, [row("images", "v1", 100, seconds=None)])
