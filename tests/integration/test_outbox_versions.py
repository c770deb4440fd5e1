"""Which of two values for one field is the newest."""

import pytest

from tests.support.outbox_driver import at, change, event, number
from workers.model.changes import Incoming
from workers.store import keys


def fate(bench):
    return bench.told()[-1]


@pytest.mark.parametrize("version", [at, number], ids=["time", "sequence"])
def test_an_older_version_is_stale_whenever_it_comes(bench, version):
    bench.accept(event("i1", {"stock": 2}, id="e2", version=version(20)))
    bench.accept(event("i1", {"stock": 1}, id="e1", version=version(10)))
    assert bench.value("i1") == 2
    assert fate(bench) == "stale"


@pytest.mark.parametrize("version", [at, number], ids=["time", "sequence"])
def test_a_newer_version_takes_the_place_of_a_pending_value(bench, version):
    bench.accept(event("i1", {"stock": 1}, version=version(9)))
    bench.accept(event("i1", {"stock": 2}, version=version(10)))
    assert bench.value("i1") == 2
    assert bench.counts("accepted", "superseded", "pending") == (2, 1, 1)


def test_a_version_holds_for_each_field_of_its_own(bench):
    bench.accept(event("i1", {"stock": 1}, version=at(20)))
    bench.accept(event("i1", {"stock": 2, "price": 2}, version=at(10)))
    assert (bench.value("i1", "stock"), bench.value("i1", "price")) == (1, 2)
    assert bench.told() == ["stale", "accepted"]


def test_of_two_events_with_one_version_the_later_delivery_wins(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(10)))
    bench.accept(event("i1", {"stock": 2}, id="e2", version=at(10)))
    assert bench.value("i1") == 2


def test_of_two_events_with_one_version_and_no_id_the_later_delivery_wins(bench):
    bench.accept(event("i1", {"stock": 1}, version=at(10)))
    bench.accept(event("i1", {"stock": 2}, version=at(10)))
    assert bench.value("i1") == 2


def test_a_repeat_at_its_own_version_never_wins_even_when_it_is_no_longer_seen(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(10)))
    bench.accept(event("i1", {"stock": 2}, id="e2", version=at(10)))
    bench.pass_time(49 * 3600)
    assert bench.accept(event("i1", {"stock": 1}, id="e1", version=at(10))).outcome == "kept"
    assert bench.value("i1") == 2
    assert fate(bench) == "stale"


def test_a_repeat_that_was_stale_before_is_no_repeat_of_an_accepted_event(bench):
    bench.accept(event("i1", {"stock": 3}, version=at(30)))
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(10)))
    bench.accept(event("i1", {"stock": 4}, id="e1", version=at(30)), source="shop")
    assert bench.value("i1") == 4


def test_events_of_two_sources_that_share_an_id_are_not_repeats(bench):
    bench.accept(event("i1", {"stock": 1}, id="17", version=at(10)), source="erp")
    bench.accept(event("i1", {"stock": 2}, id="17", version=at(10)), source="shop")
    assert bench.value("i1") == 2


@pytest.mark.parametrize("mode", ["remap", "reconcile"])
def test_a_remap_or_reconcile_wins_by_a_newer_version_only(bench, mode):
    bench.accept(event("i1", {"stock": 1}, version=at(10)))
    bench.accept(event("i1", {"stock": 2}, version=at(10)), mode=mode)
    assert bench.value("i1") == 1
    bench.accept(event("i1", {"stock": 3}, version=at(11)), mode=mode)
    assert bench.value("i1") == 3


def test_a_live_event_wins_a_tie_with_what_a_reconcile_brought(bench):
    bench.accept(event("i1", {"stock": 1}, version=at(10)), mode="reconcile")
    bench.accept(event("i1", {"stock": 2}, version=at(10)))
    assert bench.value("i1") == 2


def test_without_a_version_the_later_arrival_wins(bench):
    bench.accept(event("i1", {"stock": 1}))
    bench.accept(event("i1", {"stock": 2}))
    assert bench.value("i1") == 2


def test_without_a_version_the_later_arrival_wins_when_the_clock_steps_back(bench):
    bench.accept(event("i1", {"stock": 1}))
    bench.pass_time(-3600)
    bench.accept(event("i1", {"stock": 2}))
    assert bench.value("i1") == 2


def test_an_arrival_version_is_the_time_of_the_store_in_microseconds(bench):
    before = bench.ahead(0)
    bench.accept(event("i1", {"stock": 1}))
    assert before <= bench.field("i1")["r"] <= bench.ahead(1)


def test_an_arrival_beats_a_source_time_that_is_a_little_ahead(bench):
    bench.accept(event("i1", {"stock": 1}, version=bench.ahead(600)))
    bench.accept(event("i1", {"stock": 2}))
    assert bench.value("i1") == 2


def test_a_time_more_than_an_hour_ahead_becomes_a_dead_letter_and_blocks_nothing(bench):
    answer = bench.accept(event("i1", {"stock": 1}, version=bench.ahead(3700)))
    assert (answer.outcome, answer.accepted, answer.letters) == ("kept", 0, 1)
    assert bench.item("i1")[1] == {}
    assert "more than an hour ahead" in bench.letters()[0]["message"]


def test_a_time_less_than_an_hour_ahead_is_a_value(bench):
    bench.accept(event("i1", {"stock": 1}, version=bench.ahead(3500)))
    assert bench.value("i1") == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [(at(10), number(5)), (number(5), at(10))],
    ids=["sequence after time", "time after sequence"],
)
def test_a_version_of_another_kind_than_the_field_holds_is_a_problem_of_its_event(
    bench, first, second
):
    bench.accept(event("i1", {"stock": 1}, version=first))
    answer = bench.accept(event("i1", {"stock": 2}, version=second))
    assert (answer.accepted, answer.letters) == (0, 1)
    assert bench.value("i1") == 1
    assert "but the field stock of products i1 holds" in bench.letters()[0]["message"]


def test_two_kinds_of_version_within_one_delivery_are_a_problem_of_the_second_event(bench):
    answer = bench.accept(
        event("i1", {"stock": 1}, id="e1", version=number(5)),
        event("i1", {"stock": 2}, id="e2", index=1, version=at(10)),
    )
    assert (answer.accepted, answer.letters) == (1, 1)
    assert bench.value("i1") == 1


def test_of_an_event_the_change_alone_is_left_out_whose_version_does_not_fit(bench):
    bench.accept(event("i1", {"stock": 1}, version=number(1)))
    changes = (change("i2", {"stock": 2}, version=at(5)), change("i1", {"stock": 2}, version=at(5)))
    answer = bench.accept(Incoming("e1", "t", 0, changes))
    assert (answer.accepted, answer.letters) == (1, 1)
    assert (bench.value("i1"), bench.value("i2")) == (1, 2)


def test_numbers_beyond_the_precision_of_floats_are_told_apart(bench):
    bench.accept(event("i1", {"stock": 1}, version=number(2**63)))
    bench.accept(event("i1", {"stock": 2}, version=number(2**63 + 1)))
    bench.accept(event("i1", {"stock": 3}, version=number(2**63)))
    assert bench.value("i1") == 2


def test_a_value_is_kept_as_the_text_that_came(bench):
    big = {"n": 12345678901234567890, "f": 0.1, "empty": [], "nothing": {}, "text": 'é"\\/\u0000'}
    bench.accept(event("i1", {"stock": big}))
    assert bench.value("i1") == big
    assert bench.batch().items[0].fields[0].value == bench.field("i1")["v"]


def test_the_event_ids_of_one_version_are_bounded(bench):
    for n in range(250):
        bench.accept(event("i1", {"stock": n}, id=f"e{n}", version=at(1)))
    assert len(bench.field("i1", "stock")["e"].split()) <= 200


def test_arrival_numbers_that_no_value_needs_are_given_back(bench):
    bench.accept(event("r1", {"stock": 1}, version=at(5)))
    before = int(bench.client.get(keys.ARRIVAL))
    bench.accept(event("r1", {"stock": 2, "price": 3}, version=at(3)))
    assert bench.told() == ["stale", "accepted"]
    assert bench.field("r1", "price")["a"] == before + 1
    assert int(bench.client.get(keys.ARRIVAL)) == before + 1
