"""Faults of what comes in, planted: deliveries, sources and letters name the cause of each."""

import pytest

from tests.support import planted_faults as faults
from tests.support.life_rig import Planted
from workers.store import keys


@pytest.fixture
def plant(store, tmp_path):
    ways = []

    def open():
        ways.append(Planted(store, tmp_path))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


@pytest.fixture
def way(plant):
    return plant()


def test_an_unmapped_topic_is_found_by_the_key_that_nothing_knows(plant):
    way = faults.unmapped_topic(plant)
    error = way.unknown("P-7777")
    (delivery,) = error.deliveries
    assert (delivery["topic"], delivery["outcome"]) == ("stock.moved", "unwanted")
    assert delivery["source"] == "erp"
    (listed,) = way.items("deliveries", outcome="unwanted")
    assert listed["id"] == delivery["id"]
    (erp, _) = way.items("sources")
    assert (erp["unwanted"], erp["topics"]) == ({"stock.moved": 1}, ["quiet", "stock"])


def test_a_mapping_whose_filter_matches_nothing_is_found_by_the_key(plant):
    way = faults.filtered_topic(plant)
    (delivery,) = way.unknown("P-7777").deliveries
    assert (delivery["topic"], delivery["outcome"]) == ("quiet", "unwanted")
    assert "no mapping takes it" in delivery["reason"]
    (listed,) = way.items("deliveries", outcome="unwanted")
    assert (listed["id"], listed["reason"]) == (delivery["id"], delivery["reason"])


def test_an_unmapped_topic_is_told_of_a_record_that_is_known(way):
    way.receive("P-0001", qty=5)
    way.receive("P-0002", topic="stock.moved", qty=6)
    way.receive("P-0001", topic="stock.moved", qty=6)
    way.run()
    (delivery,) = way.why("P-0001")["missed"]
    assert (delivery["topic"], delivery["outcome"]) == ("stock.moved", "unwanted")


def test_an_event_whose_key_the_mapping_does_not_find_is_found_by_its_body(plant):
    way = faults.key_elsewhere(plant)
    (letter,) = way.letters()
    error = way.unknown("P-7777")
    assert letter.id in [each["id"] for each in error.deliveries]
    assert any("sku" in (each["reason"] or "") for each in error.deliveries)


def test_a_delivery_with_a_wrong_secret_is_counted_and_listed_and_names_no_record(plant):
    way = faults.wrong_secret(plant)
    assert not way.unknown("P-7777").deliveries
    (erp, shop) = way.items("sources")
    assert (erp["refused"], erp["deliveries"], shop["refused"]) == (1, 0, 0)
    (listed,) = way.items("deliveries")
    assert (listed["outcome"], listed["source"], listed["status"]) == ("refused", "erp", 401)
    assert "is no configured secret" in listed["reason"]
    assert "guessed" not in str(listed)


def test_a_source_that_sends_everything_twice_is_told_by_its_duplicates(way):
    for _ in range(2):
        way.events = 0  # the same id again
        way.receive("P-0001", qty=5)
    assert len(way.why("P-0001")["life"]) == 1
    (erp, _) = way.items("sources")
    assert (erp["deliveries"], erp["duplicates"]) == (2, 1)
    assert [each["outcome"] for each in way.items("deliveries")] == ["duplicate", "kept"]


def test_a_letter_that_stands_for_many_records_is_told_of_a_key_that_is_not_kept(way):
    told = {"kind": "missing", "collection": "products", "state": "open", "created": 1, "times": 9}
    way.store.hset("instep:letter:g1", mapping={**told, "message": "it stands for all of them"})
    way.store.zadd("instep:letters", {"g1": 1})
    (letter,) = way.unknown("P-7777").deliveries
    assert (letter["id"], letter["reason"]) == ("g1", "it stands for all of them")


def test_a_key_that_was_cut_off_is_told_of_those_that_begin_with_it_records_first(way):
    copy = way.settings.copy_of(way.settings.collections["products"])
    listed = {f"P-{n:04d}": way.id(n) for n in range(1, 21)}
    way.store.hset(keys.item_ids("products", copy), mapping=listed)
    way.receive("P-0007", qty=5)
    way.run()
    first, *others = way.unknown("P-000").nearest
    assert first == "P-0007"
    assert others == ["P-0001", "P-0002", "P-0003", "P-0004"]
