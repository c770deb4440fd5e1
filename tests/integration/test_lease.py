"""A lock with an owner: who holds it, when it is free, and how its owner learns that it is lost."""

import pytest

from service.reconcile.lock import holder, run_lock
from service.reconcile.state.past_runs import note_begin, note_end
from workers.errors import ReconcileFailed
from workers.store.lease import Lease, owner_of

KEY = "instep:reconciling:products"


def test_one_holds_it_and_others_are_told_who(store):
    first, second = Lease(store, KEY, "instep reconcile"), Lease(store, KEY, "the schedule")
    assert first.take()
    assert first.take()
    assert not second.take()
    told = str(second.owner())
    assert "instep reconcile (process" in told
    assert " since 20" in told
    second.end()
    assert first.keep()
    first.end()
    assert second.take()


def test_it_runs_out_within_ten_seconds_of_its_owner(store):
    Lease(store, KEY, "x").take()
    assert 0 < store.pttl(KEY) <= 10_000


def test_what_was_let_go_though_it_was_renewed_in_time_is_taken_again(store):
    lease = Lease(store, KEY, "x")
    lease.take()
    store.delete(KEY)
    assert lease.keep()
    assert owner_of(store, KEY)


def test_after_a_long_silence_it_is_lost_though_nobody_holds_it(store):
    times = iter([100.0, 110.5, 111.0])
    lease = Lease(store, KEY, "x", now=lambda: next(times))
    lease.take()
    store.delete(KEY)
    assert not lease.keep()


def test_what_another_holds_is_lost(store):
    lease, other = Lease(store, KEY, "x"), Lease(store, KEY, "y")
    lease.take()
    store.delete(KEY)
    other.take()
    assert not lease.keep()
    lease.end()
    assert other.keep()


def test_a_lock_that_lives_on_since_the_clock_went_back_is_taken(store):
    store.set(KEY, "a number of an older release", px=3_600_000)
    assert Lease(store, KEY, "x").take()


def test_a_run_that_goes_on_is_named_to_the_next_one(store):
    with run_lock(store, "products"):
        assert holder(store, "products").work == "instep reconcile"
        renew = iter([5000, 9000])
        with (
            pytest.raises(ReconcileFailed, match=r"by instep reconcile \(process \d+ on .* since"),
            run_lock(store, "products", sleep=lambda _: store.pexpire(KEY, next(renew))),
        ):
            pass
    assert holder(store, "products") is None


def test_the_lock_of_a_dead_run_is_waited_for(store):
    Lease(store, KEY, "instep reconcile").take()
    with run_lock(store, "products", sleep=lambda _: store.delete(KEY)):
        assert holder(store, "products")


def test_a_run_that_lost_its_lock_is_told_before_it_goes_on(store):
    with run_lock(store, "products") as held:
        held.check()
        store.delete(KEY)
        Lease(store, KEY, "a scheduled reconcile").take()
        with pytest.raises(ReconcileFailed, match=r"lost: a scheduled reconcile .* holds it now"):
            held.check()


def test_one_that_is_lost_is_lost_for_good(store):
    """Another may have held it, and done all that there was to do."""
    lease, other = Lease(store, KEY, "x"), Lease(store, KEY, "y")
    lease.take()
    store.delete(KEY)
    other.take()
    assert not lease.keep()
    other.end()
    assert not lease.keep()
    assert lease.owner() is None


def test_one_that_has_ended_is_not_taken_again_by_a_late_renewal(store):
    lease = Lease(store, KEY, "x")
    lease.take()
    lease.end()
    assert not lease.keep()
    assert not store.exists(KEY)


def test_what_is_written_under_it_is_written_by_its_owner_alone(store):
    lease, other = Lease(store, KEY, "x"), Lease(store, KEY, "y")
    lease.take()
    assert lease.write(lambda commands: commands.set("done", "by x"))
    store.delete(KEY)
    other.take()
    assert not lease.write(lambda commands: commands.set("done", "by x again"))
    assert other.write(lambda commands: commands.append("done", " and y"))
    assert store.get("done") == "by x and y"


def test_a_renewal_beside_it_holds_up_no_write(store):
    lease = Lease(store, KEY, "x")
    lease.take()
    renewals = iter([lease.keep, lambda: None])

    def write(commands):
        next(renewals)()
        commands.set("done", "by x")

    assert lease.write(write)
    assert store.get("done") == "by x"


def test_another_that_takes_it_right_before_a_write_stops_that(store):
    lease, other = Lease(store, KEY, "x"), Lease(store, KEY, "y")
    lease.take()

    def write(commands):
        if store.get(KEY) == lease.token:
            store.delete(KEY)
            other.take()
        commands.set("done", "by x")

    assert not lease.write(write)
    assert not store.exists("done")


def test_how_a_run_ended_is_kept_by_the_one_that_holds_the_lock(store):
    with run_lock(store, "products") as held:
        store.delete(KEY)
        Lease(store, KEY, "a scheduled reconcile").take()
        note_begin(store, "products")
        note_end(store, "products", 1, "lost", lock=held)
    assert not store.hexists("instep:reconciled:products", "ended")
