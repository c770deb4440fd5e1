"""Answers that refuse: what dies, what goes on, and what it costs."""

import pytest


def test_a_refused_field_dies_with_the_words_of_the_cms_and_the_others_arrive(way):
    way.change(1, stock="many", supplier="Oak Ltd", price=12.5)
    way.run()
    assert way.counts("written", "dead") == (2, 1)
    assert way.live(1)["supplier"] == "Oak Ltd"
    (letter,) = way.letters()
    assert (letter.kind, letter.status, letter.item) == ("refused", 400, way.id(1))
    assert letter.fields["stock"]["value"] == "many"
    assert [p["field"] for p in letter.problems] == ["stock"]
    assert "Expected value to be a number" in letter.problems[0]["message"]


def test_a_letter_counts_the_attempt_that_made_it(way):
    way.change(1, stock="many", supplier="Oak Ltd")
    way.run()
    assert way.letters()[0].attempts == 1


def test_all_dies_where_the_same_item_is_refused_again(way):
    way.down(400, times=1, details=[{"param": "stock", "description": "Is too high"}])
    way.down(400, times=1, details=[{"param": "price", "description": "Is too low"}])
    way.change(1, stock=3, price=4, supplier="Oak Ltd")
    way.run()
    first, second = way.letters()
    assert (set(first.fields), set(second.fields)) == ({"stock"}, {"price", "supplier"})
    assert (first.attempts, second.attempts) == (1, 2)
    assert len(way.patches()) == 2


def test_all_dies_where_the_cms_names_no_field(way):
    way.down(400, times=1, message="Bad Request: Request is malformed")
    way.change(1, stock=3, supplier="Oak Ltd")
    way.run()
    (letter,) = way.letters()
    assert set(letter.fields) == {"stock", "supplier"}
    assert "malformed" in letter.message
    assert len(way.patches()) == 1


def test_any_other_refusal_is_treated_as_a_validation(way):
    way.down(418, times=1)
    way.change(1, stock=3)
    way.run()
    assert [(letter.kind, letter.status) for letter in way.letters()] == [("refused", 418)]


def test_one_refused_item_of_a_hundred_does_not_hold_up_the_others(bulk):
    for n in range(1, 101):
        bulk.change(n, stock="many" if n == 37 else n, supplier=f"S{n}")
    bulk.run()
    others = [n for n in range(1, 101) if n != 37]
    assert bulk.shown("stock", others) == others
    assert bulk.shown("supplier", [37]) == ["S37"]
    (letter,) = bulk.letters()
    assert (letter.item, set(letter.fields)) == (bulk.id(37), {"stock"})
    assert len(bulk.requests) <= 20


def test_a_later_good_value_closes_the_letter_of_the_bad_one(way):
    way.change(1, stock="many")
    way.run()
    way.change(1, stock=12)
    way.run()
    (letter,) = way.letters(all=True)
    assert (letter.state, letter.reason) == ("closed", "superseded")
    assert way.counts("written", "superseded", "dead") == (1, 1, 0)
    assert way.live(1)["stock"] == 12


def test_a_replayed_letter_is_written_once_the_cms_takes_it(way):
    way.down(400, times=1)
    way.change(1, stock=12)
    way.run()
    way.context.letters.replay(way.letters()[0].id)
    way.run()
    assert way.live(1)["stock"] == 12
    assert not way.letters()


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refused_batch_is_taken_apart_and_nothing_of_it_dies(bulk, status):
    bulk.fault("status", status=status, times=3, match={"more_than": 1})
    for n in range(1, 9):
        bulk.change(n, stock=n)
    bulk.run()
    assert bulk.shown("stock", range(1, 9)) == list(range(1, 9))
    assert bulk.counts("dead") == (0,)


def test_a_batch_that_is_too_large_is_halved(bulk):
    bulk.down(413, match={"more_than": 30})
    for n in range(1, 101):
        bulk.change(n, stock=n)
    bulk.run()
    assert bulk.shown("stock", range(1, 101)) == list(range(1, 101))
    assert max(len(request.sent) for request in bulk.patches()[2:]) <= 50
    assert len(bulk.patches()) <= 10


def test_an_item_that_is_too_large_alone_is_refused(way):
    way.down(413, times=1)
    way.change(1, stock=1)
    way.run()
    assert [letter.kind for letter in way.letters()] == ["refused"]


def test_a_silently_dropped_field_goes_once_more_alone_and_then_dies(way):
    way.fault("drop-field", slug="supplier")
    for n in (1, 2):
        way.change(n, stock=n, supplier="Oak Ltd")
    way.run()
    assert way.shown("stock", (1, 2)) == [1, 2]
    died = [(letter.kind, set(letter.fields)) for letter in way.letters()]
    assert died == [("not-applied", {"supplier"})] * 2
    assert [set(sent) for sent in way.sent_to(1)] == [{"stock", "supplier"}, {"supplier"}]


def test_a_field_that_was_dropped_once_arrives_the_second_time(way):
    way.fault("drop-field", slug="supplier", times=1)
    way.change(1, stock=1, supplier="Oak Ltd")
    way.run()
    assert way.live(1)["supplier"] == "Oak Ltd"
    assert [set(sent) for sent in way.sent_to(1)] == [{"stock", "supplier"}, {"supplier"}]
    assert not way.letters()


def test_an_item_that_is_missing_in_the_answer_goes_again(way):
    way.fault("omit-item", times=1)
    way.change(1, stock=1)
    way.run()
    assert len(way.sent_to(1)) == 2
    assert way.counts("written") == (1,)


def test_an_item_that_is_always_missing_in_the_answer_is_read(way):
    way.fault("omit-item", match=way.of(1))
    way.change(1, stock=1)
    way.run()
    assert [request.method for request in way.requests] == ["PATCH", "PATCH", "GET"]
    assert way.counts("written", "dead") == (1, 0)


def test_what_the_item_does_not_show_either_dies_as_not_applied(way):
    way.fault("drop-field", slug="supplier")
    way.change(1, supplier="Oak Ltd")
    way.run()
    assert [letter.kind for letter in way.letters()] == ["not-applied"]
    assert [request.method for request in way.requests] == ["PATCH", "PATCH", "GET"]


def test_a_get_that_fails_kills_nothing(way):
    way.fault("drop-field", slug="supplier", times=2)
    way.fault("status", status=500, times=2, match={"method": "GET"})
    way.change(1, supplier="Oak Ltd")
    way.run(15)
    assert way.counts("pending", "dead") == (1, 0)
    way.run()
    assert [letter.kind for letter in way.letters()] == ["not-applied"]
