"""``instep publish``: what waits since somebody else has edited it, and what lets it out."""

import json
import time

import pytest

from tests.support.letters_rig import Shop
from workers.config.settings import Destination
from workers.model.publishing import Noted, Outcome, Round
from workers.store import keys, publish_status
from workers.store.audit import Audit
from workers.store.publishing import Progress

AT = "2026-01-02T03:04:05.678Z"


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


def note(shop, *records, edited=True):
    products = shop.context.settings.collections["products"]
    noted = [Noted(record, f"i-{record}", AT, edited=edited) for record in records]
    shop.context.publishing.note(products, noted)


def states(store):
    held = store.hgetall(keys.unpublished_of("products"))
    return {record: json.loads(text)["state"] for record, text in held.items()}


def numbers(store):
    with store.pipeline(transaction=False) as pipeline:
        publish_status.ask(pipeline, "products")
        site = Destination("site", "v2", "token", publish="items")
        told = publish_status.items(site, pipeline.execute(), time.time() * 1000)
    return told["unpublished"], told["unpublished_seconds"] > 0, told["edited_by_others"]


def test_they_are_listed(shop):
    note(shop, "A-1")
    note(shop, "B-2", edited=False)
    found = shop.run("publish", "products")
    assert found.exit_code == 1
    assert "A-1" in found.stdout
    assert "B-2" not in found.stdout
    (entry,) = json.loads(shop.run("publish", "products", "--json").stdout)
    assert entry.pop("since")
    assert entry == {"key": "A-1", "item": "i-A-1", "edited": AT}


def test_none_is_no_error(shop):
    found = shop.run("publish", "products")
    assert (found.exit_code, found.stdout) == (0, "items: none\n")
    assert shop.run("publish", "products", "--all", "--yes").exit_code == 0


def test_one_is_let_out_and_the_audit_list_says_by_whom(shop, store):
    note(shop, "A-1", "B-2")
    found = shop.run("publish", "products", "A-1", "--yes")
    assert (found.exit_code, found.stdout) == (0, "1 item is published next\n")
    assert states(store) == {"A-1": "", "B-2": "e"}
    (entry,), _ = Audit(shop.context.steps).list(None, 5)
    assert (entry["action"], entry["target"], entry["figures"]) == (
        *("publish", "products A-1"),
        {"items": 1},
    )


def test_all_are_let_out(shop, store):
    note(shop, "A-1", "B-2")
    found = shop.run("publish", "products", "--all", "--yes", "--json")
    assert (found.exit_code, json.loads(found.stdout)) == (0, {"published": 2, "left": []})
    assert set(states(store).values()) == {""}
    assert store.scard(keys.unpublished_held("products")) == 0


@pytest.mark.parametrize("words", [("A-1",), ("--all",), ("--all", "--json")])
def test_what_goes_live_is_asked_for(shop, store, monkeypatch, words):
    note(shop, "A-1")
    found = shop.run("publish", "products", *words)
    assert found.exit_code == 2
    assert "nothing was changed; add --yes to publish" in found.stderr
    monkeypatch.setattr("service.commands.publish.is_interactive", lambda: True)
    for answer, state in (("n", "e"), ("y", "")):
        found = shop.run("publish", "products", *words, input=answer)
        assert "Publish 1 item with what others have edited of them?" in found.output
        assert (found.exit_code, states(store)) == (answer == "n", {"A-1": state})


def test_all_are_more_than_are_listed(shop, store, monkeypatch):
    monkeypatch.setattr("service.operate.held_publishes.MOST", 2)
    note(shop, "A-1", "B-2", "C-3")
    assert len(json.loads(shop.run("publish", "products", "--json").stdout)) == 2
    assert shop.run("publish", "products", "--all", "--yes").exit_code == 0
    assert set(states(store).values()) == {""}


def test_a_key_is_the_one_in_its_normal_form(shop, store):
    note(shop, "Caf\u00e9")
    found = shop.run("publish", "products", "Cafe\u0301 ", "Caf\u00e9", "--yes")
    assert (found.exit_code, found.stdout) == (0, "1 item is published next\n")
    assert states(store) == {"Caf\u00e9": ""}


def test_what_does_not_wait_for_that_is_named(shop):
    note(shop, "B-2", edited=False)
    found = shop.run("publish", "products", "B-2", "C-3", "--yes")
    assert (found.exit_code, found.stdout) == (1, "0 items are published next\n")
    assert "B-2 does not wait for this" in found.stderr
    assert "C-3 does not wait for this" in found.stderr


@pytest.mark.parametrize("words", [("desks",), ("products", "A-1", "--all")])
def test_what_cannot_be_done_exits_2(shop, words):
    assert shop.run("publish", *words).exit_code == 2


def test_forget_erases_them(shop, store):
    note(shop, "A-1")
    store.hset(keys.item("products", "A-1"), "by", "key")
    shop.run("forget", "products", "A-1", "--yes")
    assert states(store) == {}
    assert store.scard(keys.unpublished_held("products")) == 0


def test_what_was_noted_since_the_listing_stays_as_it_is(shop, store):
    note(shop, "A-1", edited=False)
    before = store.hgetall(keys.unpublished_of("products"))
    note(shop, "A-1", edited=False)
    assert store.hgetall(keys.unpublished_of("products")) == before


def test_a_write_that_came_since_the_listing_does_not_make_an_edit_its_own(shop, store):
    note(shop, "A-1", edited=False)
    note(shop, "A-1", edited=True)
    member = json.loads(store.hget(keys.unpublished_of("products"), "A-1"))
    assert (member["state"], member["edited"]) == ("", AT)


def test_what_a_worker_of_the_release_before_has_let_go_waits_for_nobody(shop, store):
    """It knows two of the keys."""
    note(shop, "A-1")
    assert numbers(store) == (1, True, 1)
    store.hdel(keys.unpublished_of("products"), "A-1")
    store.zrem(keys.unpublished("products"), "A-1")
    assert numbers(store) == (0, False, 0)
    note(shop, "B-2", edited=False)
    assert numbers(store) == (1, True, 0)


def test_what_a_look_that_had_begun_says_does_not_hold_it_again(shop, store):
    """It was edited before it was written last, so the time of that write stays as it is."""

    def look():
        store.hset(keys.publishing("site"), "token", "t")
        held = Outcome("A-1", AT, "state", "e", edited=AT, wait=300.0)
        site = shop.context.settings.destinations["site"]
        shop.context.publishing.settle(site, "t", Progress(Round(), "products", [held]))

    note(shop, "A-1", edited=False)
    note(shop, "A-1", edited=True)
    look()
    assert states(store) == {"A-1": "e"}
    assert shop.run("publish", "products", "A-1", "--yes").exit_code == 0
    look()
    assert states(store) == {"A-1": ""}


def test_which_variants_are_edited_is_kept_as_first_seen(shop):
    products = shop.context.settings.collections["products"]
    note(shop, "A-1", edited=False)
    later = AT.replace("2026", "2027")
    for at, edits in ((AT, {"en": AT}), (later, {"en": later, "de": later})):
        shop.context.publishing.note(products, [Noted("A-1", "i", at, edited=True, edits=edits)])
    held = shop.context.publishing.members(products, ["A-1"])["A-1"]
    assert (held.edited, held.edits) == (AT, {"en": AT, "de": later})
    note(shop, "A-1", edited=True)  # of an unknown one
    held = shop.context.publishing.members(products, ["A-1"])["A-1"]
    assert (held.edited, held.edits) == (AT, {})
