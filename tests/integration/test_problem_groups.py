"""Groups of open letters: what is in them, whatever happens while they are read."""

from datetime import timedelta

import pytest

from tests.support.outbox_driver import bad
from tests.support.outbox_refusals import refuse
from workers.store import problem_groups
from workers.store.letter_causes import told
from workers.store.problem_groups import ProblemGroups


@pytest.fixture
def groups(bench):
    return ProblemGroups(bench.steps)


def grouped(groups):
    """Title of each group and the number of its letters, once all are grouped."""
    assert groups.group(10_000) == 0
    return {group.title: group.letters for group in groups.read()}


def test_letters_of_one_cause_are_one_group(bench, groups):
    for n in range(3):
        refuse(bench, f"i{n}", value=n)
    refuse(bench, "i7", slug="price")
    assert grouped(groups) == {"stock: Is too long: …": 3, "price: Is too long: …": 1}


def test_a_group_says_since_when_and_has_an_example(bench, groups):
    first = refuse(bench, "i1")
    bench.pass_time(60)
    last = refuse(bench, "i2")
    grouped(groups)
    (group,) = groups.read()
    assert group.letters == 2
    assert (group.newest - group.since).total_seconds() == pytest.approx(60, abs=1)
    assert group.example == last
    assert groups.letters(group.id) == [first, last]
    assert (group.kind, group.collection, group.fields) == ("refused", "products", ("stock",))


def test_a_letter_says_which_source_gave_its_newest_value(bench):
    refuse(bench, "i1")
    assert bench.letters()[0]["source"] == "erp"


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_a_letter_that_closes_leaves_its_group(bench, groups, act):
    one, other = refuse(bench, "i1"), refuse(bench, "i2")
    grouped(groups)
    bench.letter(one, act)
    (group,) = groups.read()
    assert groups.letters(group.id) == [other]
    bench.letter(other, act)
    assert groups.read() == []
    assert groups.show(group.id) is None


def test_a_letter_that_closes_before_it_is_grouped_enters_none(bench, groups):
    bench.letter(refuse(bench, "i1"), "discard")
    assert grouped(groups) == {}
    assert groups.ungrouped() == 0


def test_a_letter_that_closes_while_its_cause_is_read_enters_none(bench, groups):
    id = refuse(bench, "i1")
    read = told(id, bench.letters()[0])
    bench.letter(id, "discard")
    bench.steps.run("group_letters", {"letters": [read], "most": 9})
    assert (groups.read(), groups.ungrouped()) == ([], 0)


def test_two_who_read_a_letter_at_once_count_it_once(bench, groups):
    id = refuse(bench, "i1")
    read = told(id, bench.letters()[0])
    for _ in range(2):
        bench.steps.run("group_letters", {"letters": [read], "most": 9})
    assert grouped(groups) == {"stock: Is too long: …": 1}


def test_a_letter_whose_problems_change_while_they_are_read_is_read_again(bench, groups):
    bench.accept(bad(id="e1", message="not a number"))
    (letter,) = bench.letters()
    read = told(letter["id"], letter)
    bench.accept(bad(id="e1", message="too large"))
    bench.steps.run("group_letters", {"letters": [read], "most": 9})
    assert groups.read() == []
    assert grouped(groups) == {"data.qty: too large": 1}


def test_a_letter_that_comes_again_with_other_problems_moves(bench, groups):
    bench.accept(bad(id="e1", message="not a number"))
    assert grouped(groups) == {"data.qty: not a number": 1}
    bench.accept(bad(id="e1", message="too large"))
    assert grouped(groups) == {"data.qty: too large": 1}


def test_a_letter_that_comes_again_with_the_same_problems_stays(bench, groups):
    for _ in range(2):
        bench.accept(bad(id="e1"))
        assert groups.group(10) == 0
    assert len(groups.read()) == 1
    bench.accept(bad(id="e1"))
    assert groups.ungrouped() == 0


def test_letters_of_an_older_release_are_found_and_grouped(bench, groups):
    refuse(bench, "i1")
    bench.client.delete("instep:letters:ungrouped")
    assert grouped(groups) == {}
    assert groups.audit()
    assert grouped(groups) == {"stock: Is too long: …": 1}
    assert not groups.audit()


def test_a_letter_that_an_older_release_closed_leaves_its_group(bench, groups):
    one, other = refuse(bench, "i1"), refuse(bench, "i2")
    grouped(groups)
    bench.client.hset(f"instep:letter:{one}", "state", "closed")
    bench.client.zrem("instep:letters", one)
    assert groups.audit()
    (group,) = groups.read()
    assert groups.letters(group.id) == [other]


def test_an_ignored_group_stays_ignored_for_letters_that_come_later(bench, groups):
    id = refuse(bench, "i1")
    grouped(groups)
    (group,) = groups.read()
    assert groups.mark(group.id, "ignored", "alice")
    bench.letter(id, "discard")
    assert (groups.read(), [each.id for each in groups.ignored()]) == ([], [group.id])
    refuse(bench, "i2")
    grouped(groups)
    (again,) = groups.read()
    assert (again.id, again.state, again.by, again.letters) == (group.id, "ignored", "alice", 1)


def test_a_seen_group_is_open_again_once_all_its_letters_were_closed(bench, groups):
    id = refuse(bench, "i1")
    grouped(groups)
    groups.mark(groups.read()[0].id, "seen", "alice")
    bench.letter(id, "discard")
    refuse(bench, "i2")
    grouped(groups)
    assert [group.state for group in groups.read()] == ["open"]


def test_a_group_that_is_not_there_cannot_be_marked(groups):
    assert not groups.mark("p0", "seen", "alice")
    assert groups.show("p0") is None


def test_an_ignored_group_without_letters_goes_once_it_is_opened(bench, groups):
    id = refuse(bench, "i1")
    grouped(groups)
    (group,) = groups.read()
    groups.mark(group.id, "ignored", "alice")
    bench.letter(id, "discard")
    groups.mark(group.id, "open", "alice")
    assert groups.show(group.id) is None
    assert groups.ignored() == []


def test_beyond_a_limit_other_causes_share_one_group(bench, groups, monkeypatch):
    monkeypatch.setattr(problem_groups, "MOST", 2)
    for slug in ("stock", "price", "size", "weight"):
        refuse(bench, "i1", slug=slug)
    found = grouped(groups)
    assert found.pop("other causes") == 2
    assert len(found) == 2


def test_the_letters_since_then_are_counted_by_group(bench, groups):
    refuse(bench, "i1")
    bench.pass_time(60)
    refuse(bench, "i2")
    grouped(groups)
    (group,) = groups.read()
    assert [each.letters for each in groups.listed(group.newest)] == [1]
    assert [each.letters for each in groups.listed(group.since)] == [2]
    assert groups.listed(group.newest + timedelta(seconds=1)) == []
