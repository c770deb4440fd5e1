"""What a record waits for, cause by cause, and that what is told as next is what happens."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from service.operate.record_life import UnknownLocale
from tests.support import planted_faults as faults
from tests.support.life_rig import Planted
from tests.support.locale_rig import add_variant, localize
from tests.support.planted_faults import known
from workers.model.attempts import Batch


@pytest.fixture
def plant(store, tmp_path):
    """Opens a way out to twenty products by their keys."""
    ways = []

    def open(**options):
        ways.append(Planted(store, tmp_path, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


@pytest.fixture
def way(plant):
    return plant()


def seconds_until(way, found):
    """How far ahead what happens next is."""
    return datetime.fromisoformat(found["next"]["at"]).timestamp() - way.now()


def test_nothing_runs_that_would_send_it(way):
    known(way, 1)
    way.receive("P-0001", qty=5)
    found = way.why("P-0001")
    assert way.causes("P-0001") == ["worker"]
    assert "instep worker" in found["next"]["what"]


def test_a_request_that_is_on_its_way_is_told_with_its_end(way):
    known(way, 1)
    way.receive("P-0001", qty=5)
    assert isinstance(way.claim(), Batch)
    found = way.why("P-0001")
    assert found["state"] == "sending"
    assert way.causes("P-0001")[0] == "request"
    assert -1 < seconds_until(way, found) <= 15


def test_a_lookup_by_filter_is_told_with_what_follows(way):
    way.receive("P-9999", qty=5)
    way.down(match={"method": "GET"})
    way.run(1)
    way.context.breaker.resume("site")
    found = way.why("P-9999")
    assert "lookup" in way.causes("P-9999")
    told = next(each for each in found["waits"] if each["cause"] == "lookup")
    assert "a filter asks the CMS for the key" in told["next"]["what"]
    assert "a dead letter" in told["next"]["what"]


def test_a_lookup_by_listing_is_told_in_v1(plant):
    way = plant(api="v1")
    known(way, 1)
    way.receive("P-9999", qty=5)
    way.step()
    found = way.why("P-9999")
    assert way.causes("P-9999") == ["lookup"]
    assert "the items of products are listed" in found["next"]["what"]


def test_an_outage_is_told_with_the_time_of_the_next_probe(plant):
    way = faults.outage(plant)
    found = way.why("P-0001")
    assert way.causes("P-0001")[0] == "outage"
    assert "the end of an outage: site has not answered well since" in found["waits_for"]
    assert "500" in found["waits_for"]
    assert seconds_until(way, found) <= 30


def test_a_request_that_takes_the_place_of_a_probe_is_told_with_its_time(way):
    known(way, 1)
    way.down(500, match={"method": None})
    way.receive("P-0001", qty=5)
    told = []
    for _ in range(60):
        way.run(1)
        if way.store.hget("instep:destination:site", "trial") == "blind":
            found = way.why("P-0001")
            told.append((found["waits"][0]["next"]["what"], round(seconds_until(way, found))))
    assert {what for what, _ in told} == {"one request tries whether it is back"}
    assert max(seconds for _, seconds in told) >= 3


def test_a_backoff_is_told_with_the_last_answer(way):
    known(way, 1)
    way.down(503, times=1, retry_after=20)
    way.receive("P-0001", qty=5)
    way.step()
    found = way.why("P-0001")
    assert way.causes("P-0001") == ["backoff"]
    assert found["waits_for"].startswith("its next attempt (backoff) after a request that failed")
    assert "503" in found["waits_for"]
    assert 15 < seconds_until(way, found) <= 20


def test_a_backoff_tells_how_many_attempts_have_failed(plant):
    way = plant(attempts=12)
    known(way, 1)
    way.down(503, retry_after=20, match=way.of(1))
    way.receive("P-0001", qty=5)
    for n in range(10):
        way.receive("P-0002", qty=n, ahead=n)
        way.run(21)
        if way.meta(1, "attempts"):
            break
    found = way.why("P-0001")
    assert f"attempt {way.meta(1, 'attempts')} of 12 failed" in found["waits_for"]


def test_a_site_that_is_to_be_published_is_told_with_the_next_try(plant):
    way = faults.unpublished_site(plant)
    found = way.why("P-0001")
    assert way.causes("P-0001")[0] == "publish"
    assert "a publish of the site" in found["waits_for"]
    assert 20 < seconds_until(way, found) <= 30


def test_a_refused_rate_is_told_with_the_end_of_the_window(way):
    known(way, 1)
    way.down(429, times=1, retry_after=17)
    way.receive("P-0001", qty=5)
    way.run(1)
    found = way.why("P-0001")
    assert way.causes("P-0001") == ["budget"]
    assert "429" in found["waits_for"]
    assert 10 < seconds_until(way, found) <= 61


def test_a_batch_that_fills_is_told(way):
    known(way, 1, 2)
    way.receive("P-0001", qty=5)
    way.step()
    way.receive("P-0002", qty=5)
    way.step()
    assert way.causes("P-0002") == ["linger"]
    assert "1 s at most" in way.why("P-0002")["waits_for"]


def test_an_unknown_outcome_is_written_once_more(way):
    known(way, 1)
    way.fault("reset-after", times=1)
    way.receive("P-0001", qty=5)
    way.run(30)
    found = way.why("P-0001")
    assert (found["state"], way.causes("P-0001")) == ("pending", ["repair"])
    assert found["fields"]["stock"]["state"] == "written"
    assert found["fields"]["stock"]["repair_at"] == found["next"]["at"]
    assert -1 < seconds_until(way, found) <= 60


def test_a_retired_record_is_told(plant):
    way = faults.retired_record(plant)
    found = way.why("P-0001")
    assert found["state"] == "retired"
    assert "its item was archived" in found["waits_for"]
    assert found["fields"]["(retire)"]["state"] == "written"


def test_an_ignored_key_is_told(plant):
    way = faults.ignored_key(plant)
    found = way.why("P-9999")
    assert found["state"] == "ignored"
    assert 'missing = "ignore"' in found["waits_for"]


def test_a_discarded_letter_is_told(way):
    way.receive("P-0001", category="Nonsense")
    way.run()
    (letter,) = way.letters()
    way.context.letters.discard(letter.id)
    assert way.why("P-0001")["state"] == "discarded"


def test_a_field_that_is_dead_does_not_hide_that_the_rest_waits(way):
    way.receive("P-0001", category="Nonsense")
    way.run()
    way.context.breaker.pause("products", "counting")
    way.receive("P-0001", qty=5)
    assert way.causes("P-0001") == ["pause", "dead letter"]
    assert way.why("P-0001")["state"] == "pending"


def test_a_locale_shows_its_own_fields_and_those_of_all(way):
    way.change("P-0001", {"stock": 5, "name@de": "Tisch", "name@fr": "Table"})
    found = way.why("P-0001", locale="de")
    assert list(found["fields"]) == ["name@de", "stock"]
    assert found["locale"] == "de"


def test_locales_that_cannot_be_read_are_told_with_the_next_try(plant):
    way = plant(collection={"locales": ["en", "de"]})
    localize(way, "en", "de")
    way.down(500, match={"method": "GET", "path": "*/sites*"})
    way.receive("P-0001", qty=5)
    way.run(3)
    found = way.why("P-0001")
    assert way.causes("P-0001") == ["locales"]
    assert "the locales of its site" in found["waits_for"]
    assert -1 < seconds_until(way, found) <= 300


def test_an_item_without_a_variant_is_told(plant):
    way = plant(collection={"locales": "all"})
    localize(way, "en", "de", "fr")
    add_variant(way, 1, published=False)
    way.receive("P-0001", qty=5)
    way.run()
    assert way.why("P-0001")["notes"] == [
        "The variant of its item in the locale de was never published.",
        "Its item has no variant in the locale fr: what goes there waits until it is made.",
    ]
    assert len(way.why("P-0001", locale="fr")["notes"]) == 1


def test_a_locale_that_the_site_lacks_is_an_error_that_names_those_there_are(plant):
    way = plant(collection={"locales": "all"})
    localize(way, "en", "de")
    way.receive("P-0001", qty=5)
    way.run()
    with pytest.raises(UnknownLocale, match="expected a locale of the site: en, de"):
        way.why("P-0001", locale="es")


def test_deliveries_in_a_spool_are_told_and_may_name_it(way):
    known(way, 1)
    spool = {"machine": "another", "at": way.now(), "deliveries": 3, "bytes": 900}
    way.store.hset("instep:spools", "another a", json.dumps(spool))
    found = way.why("P-0001")
    assert (found["state"], way.causes("P-0001")) == ("in step", ["spool"])
    assert "3 deliveries" in found["waits_for"]
    assert found["answer"].startswith("It is on the site, as far as deliveries were accepted.")


def test_it_is_json_as_it_is(way):
    way.receive("P-0001", qty=5)
    assert json.loads(json.dumps(way.why("P-0001")))["collection"] == "products"


def test_a_collection_that_nothing_is_named_after_is_an_error(way):
    with pytest.raises(KeyError):
        way.why("P-0001", "nothing")


def test_two_destinations_do_not_share_their_pauses(plant):
    way = plant(more={"other": {}})
    way.context.breaker.pause("other", "moving")
    known(way, 1)
    assert way.why("P-0001")["state"] == "in step"
    assert replace(way.settings, warnings=()).destinations.keys() == {"site", "other"}
