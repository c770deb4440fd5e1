"""What `instep deletes` prints."""

from types import SimpleNamespace

from service.commands import deletes_page
from service.operate.held_deletes import ChosenDeletes, as_dict, estimate
from tests.support.held_deletes_fake import SINCE, FakeHeldDeletes, held
from workers.model.runs import Run


def listed(*deletes, more=False):
    return [*deletes_page.listed([as_dict(each) for each in deletes], 80, more=more)]


def test_each_is_a_line_under_why_it_waits_and_what_to_do():
    lines = listed(held(1), held(2, key="a key"))
    assert lines[0] == "products: 2 deletes wait for approval"
    assert lines[1] == "  half of the collection or more"
    assert lines[2].startswith("  > Do: `instep deletes approve --collection products` sends")
    rows = [line.split() for line in lines[4:]]
    assert rows[0] == ["id", "since", "action", "source", "key"]
    assert (rows[1][0], rows[1][3:]) == ("products:1", ["archive", "erp", "K1"])
    assert rows[2][5:] == ["a", "key"]
    assert all(len(line) <= 80 for line in lines)


def test_those_of_one_collection_stand_together_and_those_that_go_out_apart():
    lines = listed(held(1), held(2, "orders"), held(3), held(4, waits="delay", until=SINCE))
    heads = [line for line in lines if line[:8] in ("products", "orders: ") and " delete" in line]
    assert heads == [
        "orders: 1 delete waits for approval",
        "products: 2 deletes wait for approval",
        "products: 1 delete goes out after its delay",
    ]


def test_of_many_reasons_the_most_frequent_are_shown():
    lines = listed(*(held(n, reason=f"reason {min(n, 5)}") for n in range(1, 8)))
    assert "  reason 5" in lines
    assert "  and 2 more reasons: --json" in lines


def test_it_says_that_nothing_waits_and_that_there_are_more():
    assert listed() == ["Pending deletes: none"]
    assert listed(held(1), more=True)[-1] == "and more: --limit 2"


def shown(*deletes, left=0, unknown=()):
    context = SimpleNamespace(held_deletes=FakeHeldDeletes(*deletes))
    places = [(each.arrival, each.collection) for each in deletes]
    told = estimate(context, "approve", ChosenDeletes(places, left, unknown))
    return [*deletes_page.estimate(told, 80)]


def test_an_estimate_names_the_first_of_them():
    lines = shown(*(held(n) for n in range(1, 23)), left=3)
    assert lines[:2] == ["products: 22 deletes", "  archive K1 (item item-1)"]
    assert lines[21] == "  and 2 more"
    assert lines[22].startswith("from ")
    assert lines[23] == "3 deletes still wait for approval: instep deletes list"


def test_an_estimate_of_nothing_says_so():
    assert shown() == ["no pending delete waits for approval"]
    assert shown(left=1) == ["1 delete still waits for approval: instep deletes list"]
    assert shown(held(1, item=None), unknown=("products:9",))[1:3:2] == ["  archive K1"]
    assert shown(unknown=("products:9",)) == ["there is no pending delete products:9"]


def test_a_report_says_what_is_left_and_why():
    figures = {"approved": 1, "more": 2, "left": 1, "reasons": {"it came back": 1}}
    run = Run("r1", "approve", "alice", SINCE, "done", figures=figures)
    assert [*deletes_page.report(run, 80)] == [
        "Approved: 1",
        "1 left: it came back",
        "2 deletes still wait for approval: instep deletes list",
    ]
