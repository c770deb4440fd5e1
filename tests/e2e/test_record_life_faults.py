"""Twenty faults, planted: `why` names the cause of each."""

import pytest

from tests.support import planted_faults as faults
from tests.support.life_rig import Planted


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


def test_a_refused_token_pauses_the_destination_until_it_is_resumed(plant):
    way = faults.refused_token(plant)
    found = way.why("P-0001")
    assert found["state"] == "pending"
    assert "the destination site, paused since" in found["waits_for"]
    assert "401" in found["waits_for"]
    assert "instep resume destination:site" in found["next"]["what"]
    assert found["next"]["at"] is None


def test_a_field_that_was_renamed_in_the_cms_is_named_with_its_letter(plant):
    way = faults.renamed_field(plant)
    found = way.why("P-0001")
    (letter,) = way.letters()
    assert found["state"] == "dead"
    assert found["waits_for"].startswith("refused by the CMS (400): ")
    assert "stock: Field not described in schema" in found["waits_for"]
    assert found["fields"]["stock"]["letter"] == letter.id
    assert f"instep dead replay {letter.id}" in found["next"]["what"]


def test_a_key_with_a_typo_has_no_item_and_one_like_it(plant):
    way = faults.key_with_typo(plant)
    assert "no item of products has sku = P-0OO1" in way.why("P-0OO1")["waits_for"]
    assert "P-0OO1" in way.unknown("P-0O01").nearest


def test_a_key_with_a_typo_is_told_of_the_record_that_was_meant(plant):
    way = faults.key_with_typo_beside_its_record(plant)
    (letter,) = way.letters()
    assert way.why("P-0001")["notes"] == [
        f"A record with a key like it, P-00O1, has no item: see the dead letter {letter.id}."
    ]
    (note,) = way.why("P-00O1")["notes"]
    assert note.startswith("Keys like it that items have: P-0001")


def test_a_padded_key_is_the_same_record(plant):
    way = faults.padded_key(plant)
    for key in ("P-0001", " P-0001 ", "  P-0001\u3000"):
        found = way.why(key)
        assert (found["state"], found["item"]) == ("in step", way.id(1))
        assert found["key"] == "  P-0001\u3000"


def test_a_clock_that_is_ahead_leaves_a_value_out(plant):
    way = faults.clock_ahead(plant)
    found = way.why("P-0001")
    (letter,) = way.letters()
    assert found["state"] == "left out"
    assert letter.id in found["next"]["what"]
    assert "more than an hour ahead of the store's clock" in found["waits_for"]
    assert found["fields"]["stock"]["state"] == "left out"


def test_an_edit_by_hand_is_told_once_a_listing_shows_it(plant):
    way = faults.edit_by_hand(plant)
    found = way.why("P-0001")
    assert found["state"] == "edited"
    edited = way.products.items[way.id(1)].staged.updated
    assert f"edited in the CMS at {edited:%Y-%m-%dT%H:%M:%S}Z" in found["waits_for"]
    assert found["fields"]["stock"]["known"] != "confirmed"


def test_a_paused_collection_is_named_with_its_reason(plant):
    way = faults.paused_collection(plant)
    found = way.why("P-0001")
    assert "the collection products, paused by an operator since" in found["waits_for"]
    assert "stock-taking" in found["waits_for"]
    assert "instep resume collection:products" in found["next"]["what"]


def test_a_refused_option_is_named(plant):
    way = faults.refused_option(plant)
    found = way.why("P-0001")
    assert found["state"] == "dead"
    assert "category" in found["waits_for"]
    assert "Nonsense" in found["waits_for"]
    assert found["fields"]["stock"]["state"] == "written"


def test_an_item_that_was_deleted_in_the_cms_is_looked_up_and_then_missing(plant):
    way = faults.deleted_item(plant)
    found = way.why("P-0001")
    assert found["state"] == "dead"
    assert "no item of products has sku = P-0001" in found["waits_for"]
    assert found["item"] is None


def test_an_item_that_was_never_published_is_written_staged_only(plant):
    way = faults.unpublished_item(plant)
    found = way.why("P-0001")
    assert found["state"] == "not published"
    assert "written staged only" in found["waits_for"]
    assert "publishes the item" in found["next"]["what"]


def test_a_plan_without_room_is_named_with_the_time_of_the_next_try(plant):
    way = faults.full_plan(plant)
    found = way.why("new")
    assert (found["state"], way.causes("new")) == ("pending", ["room"])
    assert "plan limit" in found["waits_for"]
    assert found["next"]["at"] is not None


def test_a_picture_that_cannot_be_imported_is_named(plant):
    way = faults.lost_picture(plant)
    found = way.why("P-0001")
    assert found["state"] == "dead"
    assert "image" in found["waits_for"]


def test_two_sources_of_one_field_are_both_told(plant):
    way = faults.two_sources(plant)
    found = way.why("P-0001")
    assert found["fields"]["stock"]["source"] == "shop"
    assert "2 sources write stock: erp and shop; the newest version wins" in found["notes"][0]


def test_a_full_budget_is_named_with_the_time_of_the_next_request(plant):
    way = faults.full_budget(plant)
    found = way.why("P-0007")
    assert found["state"] == "pending"
    assert "the budget of the token of site" in found["waits_for"]
    assert found["next"]["at"] is not None


def test_a_reference_that_waits_names_the_other_record(plant):
    way = faults.waiting_reference(plant)
    found = way.why("P-0001")
    assert way.causes("P-0001") == ["reference"]
    assert "the reference shelf: shelves has no known item with the key new-1" in found["waits_for"]
    assert "no event has named that record" in found["waits_for"]
    assert found["fields"]["stock"]["state"] == "written"
    assert found["next"]["at"] is not None


def test_a_letter_that_closed_by_itself_is_no_cause_any_more(plant):
    way = faults.closed_letter(plant)
    found = way.why("P-0001")
    (note,) = found["notes"]
    assert found["state"] == "in step"
    (letter,) = way.letters(all=True)
    assert f"The dead letter {letter.id} (refused" in note
    assert "closed by itself at" in note


def test_a_stale_event_is_told_with_the_event_that_beat_it(plant):
    way = faults.stale_event(plant)
    found = way.why("P-0001")
    (note,) = found["notes"]
    assert found["state"] == "in step"
    assert "The last event e2 of erp came too late for stock" in note
    assert "event e1 of erp" in note
    assert found["life"][-1]["fields"]["stock"]["fate"] == "stale"


def test_the_value_that_the_cms_holds_is_told_while_a_newer_one_waits(plant):
    way = faults.paused_destination(plant)
    stock = way.why("P-0001")["fields"]["stock"]
    assert (stock["wanted"], stock["held"], stock["known"]) == (6, 5, "history")


def test_the_life_tells_which_event_gave_a_value_and_which_call_carried_it(plant):
    way = faults.nothing_wrong(plant)
    life = way.why("P-0001")["life"]
    assert [each["what"] for each in life] == ["accepted", "found", "answered"]
    came, _, answer = life
    assert (came["by"], came["source"], came["event"], came["delivery"]) == (
        *("erp", "erp", "e1"),
        "erp-1",
    )
    assert came["fields"]["stock"]["value"] == 5
    assert answer["fields"]["stock"]["fate"] == "written"
    assert (answer["call"]["method"], answer["call"]["status"]) == ("PATCH", 200)
