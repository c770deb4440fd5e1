"""Claims of fetches, and what comes in between: a newer notice, another process, a failure."""

from service.ingest.fetch_runner import Runner
from workers.model.attempts import Wait
from workers.store.fetch_queue import ATTEMPTS, LEASE, Claim


def during(way, act, *, qty=1):
    """Make the next read of p1 call *act* once while it is on its way; later reads find 100."""
    calls = []

    def product(notice):
        calls.append(notice)
        if len(calls) > 1:
            return {"sku": notice.object, "qty": 100, "price": 100}
        act()
        return {"sku": notice.object, "qty": qty, "price": qty}

    way.product = product
    return calls


def test_a_notice_during_the_fetch_causes_one_more(way):
    way.notice("p1")
    calls = during(way, lambda: [way.notice("p1", id="n2"), way.notice("p1", id="n3")])
    way.run()
    assert [notice.id for notice in calls[1:]] == ["n3"]
    assert way.value("p1") == 100
    assert way.told() == (3, 2, 1, 0, 0)


def test_nobody_fetches_an_object_that_another_process_fetches(way):
    way.notice("p1")
    other = Runner(way.context, way.mappings)
    waits = []
    calls = during(way, lambda: waits.append(way.step(other)))
    way.run()
    assert len(calls) == 1
    assert isinstance(waits[0], Wait)


def test_nobody_takes_over_an_object_for_a_notice_that_comes_during_its_fetch(way):
    way.notice("p1")
    other = Runner(way.context, way.mappings)
    waits = []
    during(way, lambda: [way.notice("p1"), waits.append(way.step(other))])
    way.step()
    assert isinstance(waits[0], Wait)
    assert way.value("p1") == 1


def test_what_changes_during_the_fetch_is_newer_than_what_it_reads(way):
    way.notice("p1")
    during(way, lambda: way.notice("p1", "stock.changed", qty=9))
    way.step()
    assert (way.value("p1"), way.value("p1", "price")) == (9, 1)


def test_what_waits_after_a_fetch_waits_since_the_first_notice_that_came_during_it(way):
    way.notice("p1")
    way.claimed()
    way.notice("p1")
    way.pass_time(LEASE + 1)  # that process died

    def later():
        way.pass_time(5)
        way.notice("p1")
        way.pass_time(3)
        way.notice("p1")
        way.pass_time(2)

    during(way, later)
    way.step()
    assert round(way.status()["oldest_seconds"]) == 5


def test_two_processes_fetch_two_objects_at_once(way):
    way.notice("p1")
    way.notice("p2")
    first, second = way.claimed(), way.claimed()
    assert {first.object, second.object} == {"p1", "p2"}
    assert first.more
    assert not second.more


def test_an_object_whose_process_died_is_fetched_again_when_its_claim_has_run_out(way):
    way.notice("p1")
    way.claimed()
    way.pass_time(LEASE - 1)
    assert isinstance(way.step(), Wait)
    way.pass_time(2)
    assert way.fetch_woken()
    assert way.step() is None
    assert way.value("p1") == 1
    assert way.told() == (1, 0, 1, 0, 0)


def test_a_read_whose_claim_was_taken_over_lands_nowhere(way):
    way.notice("p1")

    def overtaken():
        way.pass_time(LEASE + 1)
        way.step(Runner(way.context, way.mappings))

    during(way, overtaken, qty=1)  # read first, and slow
    way.step()
    assert way.value("p1") == 100
    assert way.counts("accepted", "pending", "stale") == (2, 2, 0)
    assert way.told() == (1, 0, 1, 0, 0)


def test_a_failure_whose_claim_was_taken_over_counts_nothing(way):
    way.notice("p1")
    old = way.claimed()
    way.pass_time(LEASE + 1)
    way.claimed()
    assert way.context.fetches.failed(old, "late", kind="unavailable", rest=60) == "lost"
    assert way.status()["state"] == "flowing"


def test_a_read_that_lands_after_its_time_is_kept_where_nobody_took_over(way):
    way.notice("p1")
    during(way, lambda: way.pass_time(LEASE + 1), qty=5)
    way.step()
    assert way.value("p1") == 5
    assert way.told() == (1, 0, 1, 0, 0)


def test_a_notice_between_death_and_second_claim_is_part_of_the_second(way):
    way.notice("p1", id="n1")
    way.claimed()
    way.notice("p1", id="n2")
    way.pass_time(LEASE + 1)
    way.run()
    assert [notice.id for notice in way.read] == ["n2"]
    assert way.told() == (2, 1, 1, 0, 0)


def test_an_object_that_ends_its_reader_again_and_again_becomes_a_dead_letter(way):
    way.notice("p1")
    for _ in range(ATTEMPTS):
        assert isinstance(way.claimed(), Claim)
        way.pass_time(LEASE + 1)
    way.run()
    assert way.read == []
    (letter,) = way.open_letters()
    assert (
        letter.problems[0]["message"] == "p1: the process ended or hung 5 times while it was read"
    )
    assert way.told() == (1, 0, 0, 1, 0)


def test_a_repeat_of_the_claim_call_gets_the_same_claim(way):
    way.notice("p1")
    way.notice("p2")
    claim = way.claimed()
    again = way.steps.repeat("claim_fetch")
    assert again["object"] == claim.object
    assert way.claimed().object == ({"p1", "p2"} - {claim.object}).pop()


def test_a_repeat_of_the_accept_call_of_a_fetch_closes_it_once(way):
    way.notice("p1")
    way.run()
    assert way.steps.repeat("accept")["outcome"] == "kept"
    assert way.told() == (1, 0, 1, 0, 0)
    assert way.counts("accepted") == (2,)


def test_fetchers_take_turns_whatever_their_backlog(way):
    for number in range(4):
        way.notice(f"p{number}")
    way.pass_time(10)
    way.notice("p1", "order.created", sku="s1")
    claims = [way.claimed().fetcher for _ in range(3)]
    assert claims == ["product", "other", "product"]


def test_a_fetcher_that_hangs_leaves_its_turns_to_the_others(way):
    turns = []

    def product(notice):
        turns.append("product")
        way.pass_time(60)
        return {"sku": notice.object, "qty": 1, "price": 2}

    def other(notice):
        turns.append("other")
        return {"sku": notice.object, "qty": 1, "price": 2}

    way.product, way.other = product, other
    for number in range(3):
        way.notice(f"p{number}")
        way.notice(f"p{number}", "order.created", sku=f"s{number}")
    way.run()
    assert "".join(name[0] for name in turns) == "pooopp"


def test_the_object_that_has_been_due_longest_goes_first(way):
    for object in ("b", "a", "c"):
        way.notice(object)
        way.pass_time(1)
    way.run()
    assert [notice.object for notice in way.read] == ["b", "a", "c"]


def test_one_more_job_is_asked_for_while_others_are_due(way):
    way.notice("p1")
    way.notice("p2")
    asked = []
    way.runner.step(lambda: asked.append(1))
    way.runner.step(lambda: asked.append(1))
    assert asked == [1]


def test_a_clock_that_steps_back_does_not_hold_up_a_fetch(way):
    way.pass_time(7200)
    way.notice("p1")
    way.claimed()
    way.pass_time(-7200)
    way.run()
    assert way.told() == (1, 0, 1, 0, 0)


def test_what_is_read_later_is_newer_though_the_clock_has_stepped_back(way):
    way.notice("p1")
    first = way.claimed()
    way.pass_time(-1500)
    way.notice("p1")
    way.notice("p2")
    second = way.claimed()
    assert second.version > first.version


def test_a_clock_that_was_far_ahead_gives_no_time_that_is_refused(way):
    way.pass_time(90_000)
    way.notice("p1")
    ahead = int(way.claimed().version[1:])
    way.pass_time(-90_000)
    way.notice("p2")
    assert int(way.claimed().version[1:]) < ahead - 86_000_000_000


def test_a_clock_that_steps_back_does_not_keep_the_queue_from_being_woken(way):
    way.pass_time(7200)
    way.notice("p1")
    way.claimed()
    way.pass_time(-7200)
    way.client.delete("instep:wake::fetch")
    assert way.fetch_woken()
