"""Thin notices on their way in: which object waits, once, and for whom the queue is woken."""

import json
from dataclasses import replace

import pytest

from tests.support.fetches_rig import PROOF
from workers.config.settings import Source
from workers.store import outbox

HOUR = 3600


def test_a_notice_asks_for_its_object_and_changes_nothing_yet(way):
    receipt = way.notice("p1")
    assert (receipt.outcome, receipt.accepted, receipt.problems) == ("kept", 0, ())
    assert way.told() == (1, 0, 0, 0, 1)
    assert way.item("p1") == ({}, {})
    assert way.read == []


def test_what_was_fetched_is_mapped_by_all_mappings_that_share_the_fetcher(way):
    way.notice("p1")
    way.run()
    assert len(way.read) == 1
    assert (way.value("p1"), way.value("p1", "price")) == (1, 2)
    assert way.told() == (1, 0, 1, 0, 0)
    assert way.wakes.woken == [":fetch", "site"]
    assert set(way.due("live")) == {"p1"}


def test_the_fetcher_is_given_the_newest_notice(way):
    way.notice("p1", id="n1")
    way.notice("p1", "product.created", id="n2", at=3)
    way.run()
    (notice,) = way.read
    assert (notice.object, notice.id, notice.topic) == ("p1", "n2", "product.created")
    assert notice.payload["data"] == {"id": "p1", "at": 3}
    assert notice.cursor is None


def test_notices_of_one_object_are_one_fetch(way):
    for _ in range(5):
        way.notice("p1")
    assert way.told() == (5, 4, 0, 0, 1)
    way.run()
    assert (len(way.read), way.told()) == (1, (5, 4, 1, 0, 0))


def test_a_whole_number_and_the_text_of_it_are_one_object(way):
    way.notice(12)
    way.notice("12")
    assert way.told() == (2, 1, 0, 0, 1)


def test_objects_and_fetchers_are_told_apart(way):
    way.notice("p1")
    way.notice("p2")
    way.notice("p1", "order.created", sku="s1")
    assert (way.told(), way.told("other")) == ((2, 0, 0, 0, 2), (1, 0, 0, 0, 1))
    way.run()
    assert len(way.read) == 3


def test_a_merged_notice_is_mapped_for_its_own_topic_too(way):
    way.notice("p1", "product.created")  # of Product alone
    way.notice("p1", "price.updated")  # of Price alone
    way.run()
    assert (way.value("p1"), way.value("p1", "price")) == (1, 2)


def test_of_mappings_that_share_a_fetcher_those_of_the_topic_alone_are_applied(way):
    way.notice("p1", "price.updated")
    way.run()
    assert set(way.item("p1")[1]) == {"price"}


def test_a_mapping_without_fetch_on_the_same_source_maps_the_notice(way):
    receipt = way.notice("p1", "stock.changed", qty=4)
    assert (receipt.accepted, way.value("p1")) == (1, 4)
    assert way.wakes.woken == ["site"]


def test_a_repeated_notice_is_a_duplicate_and_asks_for_nothing(way):
    way.notice("p1", id="n1")
    way.run()
    assert way.notice("p1", id="n1").outcome == "duplicate"
    assert way.told() == (1, 0, 1, 0, 0)


def test_a_notice_that_names_no_object_is_a_dead_letter_and_asks_for_nothing(way):
    receipt = way.receive(json.dumps({"type": "product.updated", "data": {}}).encode())
    assert [problem.path for problem in receipt.problems] == ["data.id"]
    assert way.context.fetches.status() == {}
    assert len(way.open_letters()) == 1


def test_a_notice_without_a_topic_that_any_mapping_takes_is_unwanted(way):
    assert way.notice("p1", "customer.created").outcome == "unwanted"
    assert way.context.fetches.status() == {}


def test_a_repeat_of_the_accept_call_asks_once(way):
    way.notice("p1")
    way.steps.repeat("accept")
    assert way.told() == (1, 0, 0, 0, 1)


def test_one_job_is_asked_for_however_many_notices_come(way):
    for number in range(3):
        way.notice(f"p{number}")
    assert way.wakes.woken == [":fetch"]


def test_the_sweep_wakes_the_queue_where_its_job_was_lost(way):
    way.notice("p1")
    assert not way.fetch_woken()
    way.client.delete("instep:wake::fetch")  # as it expires
    assert way.fetch_woken()
    way.run()
    assert not way.fetch_woken()


def test_a_sweep_of_other_mappings_leaves_the_queue_alone(way):
    way.notice("p1")
    way.client.delete("instep:wake::fetch")
    assert way.outbox.sweep()[0] == ()


def test_the_values_have_the_time_of_the_fetch_and_beat_what_came_before_it(way):
    way.notice("p1")
    way.notice("p1", "stock.changed", qty=9)
    way.pass_time(5)
    before = way.now_ms()
    way.run()
    assert way.value("p1") == 1
    assert before * 1000 <= int(way.field("p1")["r"][1:]) <= (way.now_ms() + 1) * 1000


def test_the_raw_body_is_kept_once_while_notices_of_it_wait(way):
    way.notice("p1")
    held = way.held_bytes()
    assert held > 0
    way.notice("p1")
    assert way.held_bytes() == held  # the newest alone
    way.run()
    assert way.held_bytes() == 0
    assert list(way.client.scan_iter("instep:raw:*")) == []


def test_a_source_whose_waiting_notices_take_all_its_room_is_full(way, monkeypatch):
    way.notice("p1")
    monkeypatch.setattr(outbox, "RAW_BYTES", (way.held_bytes() + 1) // 2)
    assert way.notice("p2").outcome == "full"
    assert way.told() == (1, 0, 0, 0, 1)
    assert way.notice("p3", "stock.changed", qty=1).outcome == "kept"
    way.run()
    assert way.notice("p2").outcome == "kept"


def test_a_body_that_is_held_already_takes_no_room(way, monkeypatch):
    body = json.dumps({"type": "product.updated", "data": {"id": "p1"}}).encode()
    way.receive(body)
    monkeypatch.setattr(outbox, "RAW_BYTES", way.held_bytes())
    assert way.receive(body).outcome == "kept"


def test_only_headers_that_the_sender_reads_are_kept_of_a_notice(way):
    way.notice("p1")
    kept = json.loads(way.entry()["headers"])
    assert kept == {"content-type": PROOF["content-type"]}


def test_nothing_of_a_closed_entry_stays_in_the_store(way):
    way.notice("p1")
    way.run()
    assert way.entry() == {}
    assert list(way.client.scan_iter("instep:fetches*")) == []


def test_a_secret_that_proved_the_notice_does_not_wait_with_it(way):
    source = Source("shop", "body-token", ("s3cret",), options={"field": "key", "topic": "type"})
    way.settings = replace(way.settings, sources={"shop": source})
    way.begin()
    notice = {"type": "product.updated", "key": "s3cret", "data": {"id": "p1"}}
    assert way.receive(json.dumps(notice).encode()).outcome == "kept"
    assert "s3cret" not in str(way.entry())
    way.run()
    assert way.read[0].payload == notice | {"key": "***"}


def test_what_is_due_and_nobody_fetches_is_told(way):
    way.notice("p1")
    way.pass_time(50)
    assert way.status()["state"] == "flowing"
    way.pass_time(20)
    assert (way.status()["state"], way.status()["reason"]) == (
        "waiting",
        "nothing fetches what is due",
    )
    way.notice("p2")
    way.step()
    assert way.status()["state"] == "flowing"


@pytest.mark.parametrize("object", ["a:b", "ü/ß", "x" * 256, " ", "0"])
def test_any_text_can_name_an_object(way, object):
    way.notice(object)
    way.run()
    assert [notice.object for notice in way.read] == [object]
    assert way.told() == (1, 0, 1, 0, 0) or len(way.open_letters()) == 1
