"""Values held against the schema before any call: what dies, what it costs, who is not held up."""

import pytest

from workers.model.attempts import Wait


@pytest.fixture
def checked(open_way, api):
    """A way out by item ids, by each version, whose values are held against the schema."""
    return open_way(api=api, collection={"preflight": True}, linger=0.0)


@pytest.fixture
def many(open_way):
    """A way out by v2 to two hundred products, whose values are held against the schema."""
    return open_way(items=200, collection={"preflight": True})


def refusals(way):
    return [answer for answer in way.site.calls.statuses.elements() if answer == 400]


def calls(way):
    return way.context.report.status()["destinations"]["site"]["calls"]


def test_a_bad_value_costs_no_call_and_its_neighbours_arrive(checked):
    checked.change(1, stock="many", supplier="Oak Ltd", price=12.5)
    checked.change(2, stock=8)
    checked.run()
    assert not refusals(checked)
    assert (checked.live(1)["supplier"], checked.live(1)["price"]) == ("Oak Ltd", 12.5)
    assert checked.live(2)["stock"] == 8
    assert checked.counts("written", "dead") == (3, 1)
    assert all("stock" not in sent for sent in checked.sent_to(1))


def test_its_letter_says_what_was_found_and_expected_and_by_which_schema(checked):
    checked.change(1, stock="many")
    checked.run()
    (letter,) = checked.letters()
    assert (letter.kind, letter.item, letter.attempts) == ("refused", checked.id(1), 0)
    assert letter.message.startswith("not sent: checked here against the schema read at 20")
    assert letter.message.endswith("expected a number (a replay reads the schema again)")
    (problem,) = letter.problems
    assert problem == {"field": "stock", "message": 'found "many", expected a number'}
    assert not checked.patches()


def test_one_bad_item_of_a_hundred_is_left_out_and_the_others_go_in_one_call(many):
    for n in range(1, 101):
        many.change(n, stock="many" if n == 37 else n)
    many.run()
    assert [len(request.sent) for request in many.patches()] == [99]
    assert [(letter.item, set(letter.fields)) for letter in many.letters()] == [
        (many.id(37), {"stock"})
    ]


def test_the_schema_is_read_once_for_all(checked):
    for n in range(1, 6):
        checked.change(n, stock=n)
        checked.run()
        checked.pass_time(600)
    assert len(checked.gets()) == 1


def test_an_idle_system_answers_at_once_while_it_reads_the_schema_too(open_way):
    way = open_way(collection={"preflight": True}, linger=1.0)
    begun = way.now()
    way.change(1, stock=7)
    way.run()
    assert [request.method for request in way.requests] == ["GET", "PATCH"]
    assert way.requests[-1].at - begun < 0.5


def test_a_claim_of_which_nothing_is_sent_costs_no_slot(checked):
    checked.change(1, stock="many")
    checked.run()
    assert [request.method for request in checked.requests] == ["GET"]
    assert calls(checked) == 1


def test_without_a_schema_everything_goes_out_unchecked(checked):
    checked.down(500, match={"method": "GET"})
    checked.change(1, stock=7)
    checked.change(2, stock="many", supplier="Oak Ltd")
    checked.run()
    assert (checked.live(1)["stock"], checked.live(2)["supplier"]) == (7, "Oak Ltd")
    assert checked.state() == ("flowing", "")
    (letter,) = checked.letters()
    assert letter.status == 400


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_a_get_that_is_refused_pauses_nothing(checked, status):
    checked.down(status, match={"method": "GET"})
    checked.change(1, stock=7)
    checked.run()
    assert checked.live(1)["stock"] == 7
    assert checked.state() == checked.state("products") == ("flowing", "")


def test_a_schema_that_cannot_be_read_is_asked_for_twice_a_minute_at_most(checked):
    checked.down(500, match={"method": "GET"})
    for n in range(1, 13):
        checked.change(n, stock=n)
        checked.run()
        checked.pass_time(5)
    assert checked.counts("written") == (12,)
    assert len(checked.gets()) <= 3


def test_a_letter_replayed_in_vain_is_a_letter_again(checked):
    checked.change(1, stock="many")
    checked.run()
    checked.context.letters.replay(checked.letters()[0].id)
    checked.run()
    assert [letter.kind for letter in checked.letters()] == ["refused"]
    assert not checked.patches()


def test_many_bad_values_do_not_make_many_calls(checked):
    for n in range(1, 61):
        checked.change(1 + n % 20, stock=f"many {n}")
        checked.run(1)
    checked.run()
    assert not checked.patches()
    assert len(checked.gets()) <= 12
    assert checked.counts("dead", "superseded") == (20, 40)


def test_a_value_that_waits_for_the_schema_does_not_hold_up_a_newer_one(checked):
    checked.change(1, stock="many")
    checked.run()
    for n in range(3):
        checked.change(1, stock=f"many {n}")
        checked.run()
    checked.change(1, stock="more")
    checked.step()
    checked.change(1, stock=12)
    checked.run()
    assert checked.live(1)["stock"] == 12


def test_a_collection_without_preflight_is_not_read(open_way, api):
    way = open_way(api=api)
    way.change(1, stock="many")
    way.run()
    assert not way.gets()
    assert [letter.status for letter in way.letters()] == [400]


def test_an_item_addressed_by_its_key_is_checked_too(open_way, api):
    way = open_way(api=api, by="key", collection={"preflight": True}, linger=0.0)
    way.change(1, stock="many", supplier="Oak Ltd")
    way.run()
    assert way.live(1)["supplier"] == "Oak Ltd"
    assert not refusals(way)
    assert way.letters()[0].key == way.key(1)


def test_a_label_dies_where_the_schema_has_no_fields(checked):
    checked.products.fields.clear()
    checked.change(1, category="Boats")
    checked.run()
    (letter,) = checked.letters()
    assert "no option is called 'Boats'" in letter.message
    assert len(checked.gets()) == 1


def test_an_option_waits_for_a_schema_that_others_do_not_need(checked):
    checked.down(500, match={"method": "GET"})
    checked.change(1, category="Sofas")
    checked.change(2, stock=8)
    checked.run(20)
    assert checked.live(2)["stock"] == 8
    assert checked.counts("pending", "dead") == (1, 0)
    checked.mend()
    checked.run()
    assert checked.counts("written") == (2,)


def test_an_outage_is_over_at_the_first_good_answer(checked):
    checked.change(1, stock=1)
    checked.run()
    checked.down(500)
    checked.down(500, match={"method": "GET"})
    for n in range(2, 8):
        checked.change(n, stock=n)
    checked.run(60)
    assert checked.state()[0] == "outage"
    checked.mend()
    checked.run(60)
    assert checked.shown("stock", range(2, 8)) == list(range(2, 8))


def test_the_first_request_after_an_outage_is_a_write(checked):
    checked.down(500)
    checked.down(500, match={"method": "GET"})
    for n in range(1, 5):
        checked.change(n, stock=n)
    checked.run(20)
    assert checked.state()[0] == "outage"
    checked.mend()
    checked.pass_time(40)
    checked.forget_requests()
    checked.run(5)
    methods = [request.method for request in checked.requests]
    assert "PATCH" in methods[:2]  # a probe may come before it


def test_a_value_that_waits_for_the_schema_is_not_claimed_meanwhile(checked):
    for n in range(2):
        checked.change(1, stock=f"many {n}")
        checked.run()
    checked.change(1, stock="more")
    checked.step()
    wait = checked.step()
    assert isinstance(wait, Wait)
    assert 0.5 < wait.seconds <= 1


def test_a_get_that_an_option_needs_still_pauses_where_it_is_refused(checked):
    checked.down(403, match={"method": "GET"})
    checked.change(1, category="Sofas")
    checked.change(2, stock=8)
    checked.run(5)
    assert checked.state()[0] == "paused"


def test_a_trial_that_sends_nothing_lets_the_next_one_try(open_way):
    way = open_way(api="v1", collection={"preflight": True})
    way.change(1, stock=1)
    way.run()
    way.down(500)
    for n in (2, 3, 4):
        way.change(n, stock=n)
    way.run(20)
    assert way.state()[0] == "outage"
    way.mend()
    way.change(5, stock="many")
    way.run(12)
    assert way.shown("stock", (2, 3, 4)) == [2, 3, 4]
