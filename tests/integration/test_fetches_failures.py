"""Fetches that fail: a system that is away, an object that it refuses, and dead letters."""

import json

import pytest
import requests

from service.fetchers.base import Fetched
from tests.support.outbox_driver import event
from workers.errors import FetchRefused, FetchUnavailable, StoreUnavailable
from workers.model.attempts import Wait
from workers.store.fetch_queue import ATTEMPTS
from workers.store.letter_ids import event_letter


def good(notice):
    return {"sku": notice.object, "qty": 1, "price": 2}


def raising(error, *objects):
    """Return a reader that fails for *objects*, or for all."""

    def read(notice):
        if not objects or notice.object in objects:
            raise error
        return good(notice)

    return read


def notice_of(object, id, **more):
    return json.dumps(
        {"id": id, "type": "product.updated", "data": {"id": object, **more}}
    ).encode()


def exhaust(way, tries=ATTEMPTS):
    for _ in range(tries):
        way.run()
        way.pass_time(301)


# the fetcher --------------------------------------------------------------------------------


def test_an_outage_closes_the_fetcher_and_is_told(way):
    way.product = raising(FetchUnavailable("the answer 503"))
    way.notice("p1")
    way.notice("p2")
    way.run()
    assert len(way.read) == 1
    status = way.status()
    assert (status["state"], status["reason"]) == ("outage", "the answer 503")
    way.notice("p3")
    assert isinstance(way.step(), Wait)


def test_an_outage_kills_nothing_however_long_it_lasts(way):
    way.product = raising(FetchUnavailable("no answer"))
    way.notice("p1")
    for _ in range(50):
        way.run()
        way.pass_time(61)
    assert len(way.read) == 50
    assert way.open_letters() == []
    way.product = good
    way.run()
    assert way.value("p1") == 1
    assert way.status()["state"] == "flowing"


def test_the_rest_of_a_fetcher_grows_to_a_minute(way):
    way.product = raising(FetchUnavailable("no answer"))
    way.notice("p1")
    rests = []
    for _ in range(8):
        wait = way.run().seconds
        rests.append(round(wait))
        way.pass_time(wait + 0.01)
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]  # half of each: spread is 0.5


def test_the_rest_is_the_one_that_the_system_asked_for(way):
    way.product = raising(FetchUnavailable("the answer 429", retry_after=200.0))
    way.notice("p1")
    way.run()
    way.pass_time(199)
    assert isinstance(way.step(), Wait)
    way.pass_time(2)
    assert way.fetch_woken()
    way.product = good
    assert way.step() is None


def test_a_system_that_wants_no_rest_and_fails_gets_one(way):
    way.product = raising(FetchUnavailable("the answer 503", retry_after=0.0))
    way.notice("p1")
    assert round(way.run().seconds) == 1
    assert len(way.read) == 1


def test_no_rest_is_longer_than_an_hour(way):
    way.product = raising(FetchUnavailable("the answer 429", retry_after=1e9))
    way.notice("p1")
    way.run()
    way.pass_time(3590)
    assert isinstance(way.step(), Wait)
    way.pass_time(20)
    assert way.step() is None


def test_another_fetcher_goes_on(way):
    way.product, way.other = raising(FetchUnavailable("no answer")), good
    way.notice("p1")
    way.notice("o1", "order.created", sku="s1")
    way.run()
    assert way.told("other") == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("seconds", [60.0, 3600.0])
def test_while_a_fetcher_rests_a_notice_wakes_nobody(way, seconds):
    way.product = raising(FetchUnavailable("no answer", retry_after=seconds))
    way.notice("p1")
    way.run()
    way.wakes.woken.clear()
    way.notice("p2")
    assert way.wakes.woken == []
    assert not way.fetch_woken()


def test_an_object_that_fails_alone_does_not_close_its_fetcher_again_and_again(way):
    way.product = raising(FetchUnavailable("the answer 500"), "p1")
    way.notice("p1")
    way.notice("p2")
    way.run()
    way.pass_time(61)
    way.run()  # the other goes first
    assert [notice.object for notice in way.read] == ["p1", "p2", "p1"]
    assert way.status()["state"] == "waiting"
    way.notice("p3")
    assert way.step() is None
    assert way.told() == (3, 0, 2, 0, 1)


def test_that_the_system_wants_to_be_left_alone_is_never_held_against_an_object(way):
    way.product = raising(FetchUnavailable("the answer 429", retry_after=1.0), "p1")
    way.notice("p1")
    for number in range(10):
        way.notice(f"q{number}")
        way.run()
        way.pass_time(2)
    assert way.entry()["attempts"] == "0"


@pytest.mark.parametrize(
    "error", [requests.ConnectionError("x"), TimeoutError(), ConnectionError()]
)
def test_no_answer_is_an_outage(way, error):
    way.product = raising(error)
    way.notice("p1")
    way.run()
    assert way.status()["state"] == "outage"


# the object ---------------------------------------------------------------------------------


def test_an_object_that_is_refused_holds_up_no_other(way):
    way.product = raising(FetchRefused("the answer 404"), "p1")
    way.notice("p1")
    way.notice("p2")
    way.run()
    assert way.value("p2") == 1
    assert way.told() == (2, 0, 1, 0, 1)
    assert way.status()["state"] == "waiting"


def test_an_object_backs_off_longer_after_each_refusal(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1")
    waits = []
    for _ in range(ATTEMPTS - 1):
        wait = way.run().seconds
        waits.append(round(wait))
        way.pass_time(wait + 0.01)
    assert waits == [1, 2, 4, 8]


def test_the_sweep_knows_to_the_millisecond_when_an_object_is_due_again(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1")
    way.run()
    way.pass_time(0.6)
    assert not way.fetch_woken()
    assert 0.2 < way.outbox.sweep(("product",))[1] < 0.45
    way.pass_time(0.5)
    way.product = good
    way.run()
    assert not way.fetch_woken()
    assert way.client.zrange("instep:wakes", 0, -1) == []


def test_a_failure_before_a_success_is_not_held_against_what_comes_after(way):
    pages = iter([FetchUnavailable("down"), None, FetchUnavailable("down")])

    def read(notice):
        if error := next(pages):
            raise error
        return Fetched((good(notice),), cursor="1", more=True)

    way.product = read
    way.notice("p1")
    way.run()
    way.pass_time(61)
    way.run()
    assert (len(way.read), way.status()["state"]) == (3, "outage")


@pytest.mark.parametrize("error", [FetchRefused("the answer 404"), KeyError("qty")])
def test_after_five_attempts_the_notice_is_a_dead_letter(way, error):
    way.product = raising(error)
    way.notice("p1", id="n1")
    exhaust(way)
    assert len(way.read) == ATTEMPTS
    (letter,) = way.open_letters()
    assert (letter.kind, letter.source, letter.topic) == ("unmapped", "shop", "product.updated")
    assert (letter.events, letter.attempts) == (("n1",), ATTEMPTS)
    assert json.loads(letter.body)["data"] == {"id": "p1"}
    assert letter.problems[0]["field"] == "fetch"
    assert letter.problems[0]["message"] in ("p1: the answer 404", "p1: KeyError: 'qty'")
    assert way.told() == (1, 0, 0, 1, 0)


def test_the_letter_is_the_one_that_accept_makes_of_the_same_event(way):
    way.product = raising(FetchRefused("the answer 404"))
    body = json.dumps({"id": "n1", "type": "product.updated", "data": {"id": "p1"}}).encode()
    way.receive(body)
    exhaust(way)
    (letter,) = way.open_letters()
    assert letter.id == event_letter("shop", "n1")
    way.context.letters.discard(letter.id)
    assert way.held_bytes() == 0


def test_its_replay_changes_nothing_that_the_notice_changed_as_it_came(way):
    mixed = '"product.updated",)\n        collection = "stores"\n        item = "data.id"'
    way.begin('"stock.changed",)\n        collection = "products"\n        item = "data.id"', mixed)
    way.product = raising(FetchRefused("the answer 404"))
    for id in ("n1", None):
        way.receive(notice_of("p1", id, qty=4))
        way.notice("p2", qty=1)
        way.pass_time(3)
        way.accept(event("p1", {"stock": 9}, collection="stores"), source="shop")
        exhaust(way)
        for letter in way.open_letters():
            way.replay(letter.id)
        assert json.loads(way.field("p1", collection="stores")["v"]) == 9


def test_its_replay_fetches_again_and_closes_the_letter(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1")
    exhaust(way)
    (letter,) = way.open_letters()
    way.product = good
    assert way.replay(letter.id).outcome == "kept"
    assert way.open_letters() == []
    way.run()
    assert way.value("p1") == 1
    assert way.told() == (2, 0, 1, 1, 0)
    assert way.held_bytes() == 0


def test_a_replay_does_not_take_the_place_of_a_newer_notice(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1", id="n1")
    exhaust(way)
    (letter,) = way.open_letters()
    way.product = good
    way.notice("p1", id="n2")
    way.replay(letter.id)
    way.read.clear()
    way.run()
    assert [notice.id for notice in way.read] == ["n2"]
    assert way.held_bytes() == 0


def test_a_newer_notice_starts_the_count_afresh_and_waits_for_nothing(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1")
    exhaust(way, ATTEMPTS - 1)
    way.run()
    way.notice("p1")
    assert way.entry() == {} or way.entry()["attempts"] == "0"
    way.product = good
    assert way.step() is None
    assert way.value("p1") == 1


def test_a_failure_while_a_newer_notice_came_counts_for_the_old_one_alone(way):
    def read(notice):
        if len(way.read) == 1:
            way.notice("p1")
            raise FetchRefused("the answer 404")
        return good(notice)

    way.product = read
    way.notice("p1")
    assert way.step() is None
    assert way.entry()["attempts"] == "0"
    assert way.step() is None
    assert way.value("p1") == 1


def test_a_repeat_of_the_failing_call_counts_one_attempt(way):
    way.product = raising(FetchRefused("the answer 404"))
    way.notice("p1")
    way.step()
    assert way.steps.repeat("fail_fetch")["outcome"] == "later"
    assert way.entry()["attempts"] == "1"


# what was fetched ---------------------------------------------------------------------------


def test_what_cannot_be_mapped_is_a_letter_with_what_was_fetched(way):
    way.product = lambda _: {"sku": "p1", "qty": "many", "price": 1}
    way.notice("p1")
    way.run()
    (letter,) = way.open_letters()
    assert json.loads(letter.body) == {"sku": "p1", "qty": "many", "price": 1}
    assert letter.problems[0]["field"] == "qty"
    assert way.told() == (1, 0, 1, 0, 0)
    assert way.counts("accepted") == (1,)
    assert way.value("p1", "price") == 1


def test_its_replay_maps_it_again_without_a_fetch_at_the_time_of_the_fetch(way):
    way.product = lambda _: {"sku": "p1", "qty": "many", "price": 1}
    way.notice("p1", "product.created")
    way.run()
    (letter,) = way.open_letters()
    way.pass_time(100)
    assert way.replay(letter.id).problems
    assert len(way.open_letters()) == 1
    way.begin('data_key="qty"', 'data_key="length(to_string(qty))"')
    assert way.replay(letter.id).outcome == "kept"
    assert len(way.read) == 1
    assert (way.value("p1"), way.open_letters()) == (4, [])
    assert way.held_bytes() == 0


def test_what_a_newer_fetch_has_read_takes_its_place_in_the_letter(way):
    way.product = lambda _: {"sku": "p1", "qty": "many", "price": 1}
    way.notice("p1", "product.created")
    way.run()
    way.product = good
    way.notice("p1", "product.created")
    way.run()
    assert (way.value("p1"), way.open_letters()) == (1, [])


def test_a_store_that_takes_nothing_more_gives_the_object_back(way, monkeypatch):
    way.notice("p1")

    def refuse(_):
        raise StoreUnavailable("full")

    with monkeypatch.context() as patch:
        patch.setattr(way.outbox.__class__, "accept", lambda _, delivery: refuse(delivery))
        with pytest.raises(StoreUnavailable):
            way.step()
    assert way.told() == (1, 0, 0, 0, 1)
    way.pass_time(61)
    way.run()
    assert way.value("p1") == 1


def test_in_a_store_without_room_nothing_is_fetched(way, monkeypatch):
    way.notice("p1")
    monkeypatch.setattr("workers.store.connection.is_full", lambda *_: True)
    way.pass_time(2)
    way.outbox.room._until = float("-inf")
    with pytest.raises(StoreUnavailable):
        way.step()
    assert way.read == []
