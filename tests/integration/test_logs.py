"""Which log an event stands in: the position falls far below what came, while the time goes on."""

import json
from dataclasses import replace

import pytest

from tests.support.depth import depth
from tests.support.outbox_driver import EPOCH, change, event, number
from workers.model.changes import Again, FieldProblem, Incoming, LeftOut, LogPosition

START_US = int(EPOCH.timestamp()) * 1_000_000
FAR = 1000


def placed(record, stock, position, seconds, *, name="erp", id=None, index=0, **log):
    """A change at *position* of the log of server *name*, made *seconds* into 2025."""
    version = number(position)
    at = None if seconds is None else START_US + round(seconds * 1_000_000)
    place = LogPosition(name, version, at, FAR, **log)
    one = change(record, {"stock": stock}, version=version)
    return Incoming(id, "t", index, (one,), log=place)


def take(bench, *args, **options):
    bench.accept(placed(*args, **options))
    return bench.told()[-1]


def version(bench, record="a"):
    return bench.field(record)["r"]


def in_log(log, position):
    return f"sL{log:05d}{position:020d}"


def test_the_first_log_is_written_as_sequences_always_were(bench):
    take(bench, "a", 1, 9_000_000, 0)
    assert version(bench) == number(9_000_000)


def test_a_position_that_starts_low_again_begins_a_new_log(bench):
    take(bench, "a", 50, 9_000_000, 0)
    assert take(bench, "a", 49, 25_000, 1) == "accepted"
    assert take(bench, "a", 48, 25_900, 2) == "accepted"
    assert (bench.value("a"), version(bench)) == (48, in_log(1, 25_900))


def test_what_was_sent_before_and_comes_again_stays_in_its_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 2, 9_500_000, 5)
    take(bench, "a", 3, 25_000, 10)
    assert take(bench, "a", 1, 9_000_000, 0) == "stale"
    assert take(bench, "a", 2, 9_500_000, 5) == "stale"
    assert bench.value("a") == 3


def test_a_restart_of_the_connector_begins_no_log(bench):
    for stock, position in ((1, 1000), (2, 500_000), (3, 900_000)):
        take(bench, "a", stock, position, position / 1000)
    for stock, position in ((1, 1000), (2, 500_000)):
        assert take(bench, "a", stock, position, position / 1000) == "stale"
    assert version(bench) == number(900_000)


def test_an_event_of_the_log_before_that_comes_late_is_of_that_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 3, 25_000, 60)
    assert take(bench, "a", 2, 9_000_100, 1) == "stale"
    assert bench.value("a") == 3


def test_a_position_a_little_lower_begins_no_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    assert take(bench, "a", 2, 9_000_001 - FAR, 1) == "stale"
    assert take(bench, "a", 3, 9_000_000 - FAR, 2) == "accepted"


def test_a_clock_that_steps_back_does_not_hold_up_what_comes_after(bench):
    take(bench, "a", 1, 9_000_000, 0)
    assert take(bench, "a", 2, 9_000_500, -3600) == "accepted"


@pytest.mark.parametrize("behind", [0.5, 30])
def test_the_next_server_may_be_behind_the_clock_of_the_last(bench, behind):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "b", 1, 9_400_000, 600)
    assert take(bench, "a", 2, 25_000, 600 - behind) == "accepted"
    assert take(bench, "a", 3, 25_100, 600 - 2 * behind) == "accepted"
    assert bench.value("a") == 3


def test_what_the_last_server_sent_by_a_clock_ahead_stays_in_its_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 2, 9_400_000, 600)
    take(bench, "a", 3, 25_000, 570)
    assert take(bench, "a", 2, 9_400_000, 600) == "stale"
    assert (bench.value("a"), version(bench)) == (3, in_log(1, 25_000))


def test_a_clock_that_steps_back_to_before_the_new_log_does_not_lead_into_the_old_one(bench):
    take(bench, "a", 1, 30_000, 0)
    take(bench, "a", 2, 25_000, 100)
    assert take(bench, "a", 3, 31_000, 95) == "accepted"
    assert version(bench) == in_log(1, 31_000)


def test_the_log_is_that_of_a_server_and_not_of_the_source(bench):
    take(bench, "a", 1, 9_000_000, 0, name="one")
    take(bench, "b", 1, 25_000, 1, name="two")
    assert version(bench, "b") == number(25_000)


def test_a_new_log_may_be_followed_by_the_next(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 2, 5_000_000, 100)
    take(bench, "a", 3, 25_000, 200)
    assert version(bench) == in_log(2, 25_000)


def test_without_a_time_an_event_is_of_the_newest_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 2, 25_000, 1)
    assert take(bench, "a", 3, 25_001, None) == "accepted"
    assert version(bench) == in_log(1, 25_001)


def test_events_that_nothing_wants_tell_of_the_log_too(bench):
    bench.accept(replace(placed("a", 1, 9_000_000, 0), changes=()))
    assert take(bench, "a", 2, 25_000, 1) == "accepted"
    assert version(bench) == in_log(1, 25_000)


def test_positions_of_overlapping_transactions_run_backwards_by_a_share_of_what_came(bench):
    take(bench, "a", 1, 0, 0, overlaps=True)
    take(bench, "b", 1, 1_600_000, 10, overlaps=True)
    take(bench, "b", 2, 1_500_001, 11, overlaps=True)
    assert version(bench, "b") == number(1_600_000)
    take(bench, "b", 3, 1_500_000, 12, overlaps=True)
    assert version(bench, "b") == in_log(1, 1_500_000)


def test_a_version_of_the_mapping_is_of_no_log(bench):
    take(bench, "a", 1, 9_000_000, 0)
    own = placed("b", 2, 25_000, 1)
    own = replace(own, changes=(replace(own.changes[0], version=number(7)),))
    bench.accept(own)
    assert version(bench, "b") == number(7)


def test_what_was_left_out_stands_in_the_log_as_well(bench):
    take(bench, "a", 1, 9_000_000, 0)
    left = LeftOut("products", "a", "item", "stock", number(25_000))
    bad = replace(placed("a", 2, 25_000, 1, id="e2"), changes=(), left=(left,))
    bench.accept(replace(bad, problems=(FieldProblem("after.qty", "no number"),)))
    assert len(bench.letters()) == 1
    take(bench, "a", 3, 25_001, 2)
    assert bench.letters() == []


# what a store of the release before holds -----------------------------------------------------


def test_a_log_that_an_older_release_has_come_far_in_is_known_by_what_it_took(bench):
    """A failover before the upgrade had frozen the field."""
    bench.accept(event("a", {"stock": 50}, version=number(9_000_000)))
    bench.pass_time(60)
    now = bench.now_ms() / 1000 - EPOCH.timestamp()
    assert take(bench, "a", 49, 25_000, now) == "accepted"
    assert version(bench) == in_log(1, 25_000)


def test_what_an_older_release_took_and_comes_again_begins_no_log(bench):
    bench.accept(event("a", {"stock": 50}, version=number(9_000_000)))
    before = bench.now_ms() / 1000 - EPOCH.timestamp() - 60
    assert take(bench, "a", 49, 25_000, before) == "stale"


def test_sequences_of_an_older_release_go_on_in_the_first_log(bench):
    bench.accept(event("a", {"stock": 50}, version=number(9_000_000)))
    assert take(bench, "a", 51, 9_000_001, 0) == "accepted"
    assert version(bench) == number(9_000_001)


# what runs again ------------------------------------------------------------------------------


def test_an_event_that_runs_again_gets_the_log_that_it_had(bench):
    take(bench, "a", 1, 9_000_000, 0)
    take(bench, "a", 2, 25_000, 1)
    held = bench.client.hgetall("instep:logs:erp")
    again = Again(1, 0, number(0), arrival=1)
    bench.accept(replace(placed("b", 7, 9_000_000, 0), again=again), mode="remap")
    bench.accept(replace(placed("c", 8, 25_000, 1), again=again), mode="remap")
    assert version(bench, "b") == number(9_000_000)
    assert version(bench, "c") == in_log(1, 25_000)
    assert bench.client.hgetall("instep:logs:erp") == held


def test_what_is_known_of_a_log_is_bounded(bench):
    for n in range(depth(100, 400)):
        take(bench, "a", n, n * 10 * FAR, n * 100)
    for n in range(12):
        take(bench, "a", n, 50 + n, 50_000 + n * 100_000)
        take(bench, "a", n, 10**8, 50_001 + n * 100_000)
    logs = json.loads(bench.client.hget("instep:logs:erp", "erp"))
    assert len(logs) == 8
    assert max(len(log["c"]) for log in logs) <= 24
    assert bench.client.memory_usage("instep:logs:erp") < 20_000
