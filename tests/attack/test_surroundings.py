"""Histories with a source that is pulled, a destination that publishes, and write-backs."""

from dataclasses import replace

import pytest

from tests.attack import histories
from tests.attack.installation import INSTALLATIONS
from tests.attack.judge import Outcome
from tests.attack.spoils import spoiled
from tests.attack.truth import GONE, Event
from tests.attack.world import World
from tests.support.depth import depth


@pytest.fixture(scope="module")
def world(store_socket):
    world = World(store_socket)
    yield world
    world.close()


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *(("pulled", seed) for seed in range(depth(1, 4))),
        *(("published", seed) for seed in [50, *range(depth(0, 4))]),
        *(("published-site", seed) for seed in range(depth(1, 4))),
        *(("published-locales", seed) for seed in range(depth(1, 3))),
    ],
)
def test_so_it_is_with_a_feed_an_editor_and_write_backs(world, name, seed):
    installation = INSTALLATIONS[name]
    operations = histories.made(seed, installation)
    assert histories.played(world, operations, 3, installation).problems == []


# What judges must see what is wrong ----------------------------------------------------------


def test_what_an_editor_holds_back_is_told_where_it_is_live(world):
    def spoil(_):
        world.hold_back("products", "K2")
        assert world.theirs
        (item,) = world.cms.items("products", "K2")
        item.live = item.staged
        world.check_theirs()

    assert "held back is live" in " ".join(spoiled(world, spoil, "published").unbalanced)


def test_what_an_editor_queues_right_after_a_publish_shows_by_its_time(world):
    world.reset(1, INSTALLATIONS["published-site"])
    world.hold_back("goods", "K1")
    world.publish_theirs()
    world.hold_back("goods", "K1", draft=False)
    (item,) = world.cms.items("goods", "K1")
    assert item.staged.updated > item.published


def test_what_is_staged_and_never_published_is_told(world):
    def spoil(_):
        item = next(each for each in world.cms.all_of("notes") if each.live is not None)
        item.live = replace(item.live, fields={**item.live.fields, "name": "before"})

    assert spoiled(world, spoil, "published").lost
    assert not spoiled(world, lambda _: None, "published").problems


@pytest.mark.parametrize("spoil", ["item", "state", "nothing"])
def test_a_write_back_that_tells_something_else_than_the_cms_has_is_told(world, spoil):
    def forge(_):
        heard = world.listeners["products"].heard
        key = min(heard)
        if spoil == "nothing":
            del heard[key]
        else:
            heard[key] = {**heard[key], spoil: "another"}

    found = spoiled(world, forge, "published-site")
    assert found.lost if spoil == "nothing" else found.stale


def test_a_message_that_is_older_than_one_before_is_told(world):
    world.reset(1, INSTALLATIONS["pulled"])
    listener = world.listeners["goods"]
    for sequence in (2, 1):
        listener._note_sent({"key": "K1", "sequence": sequence}, f"wb_{sequence}")
    assert "1 was told after 2" in world.failed[0]


def test_a_record_of_a_feed_that_is_taken_for_gone_is_told(world):
    def spoil(_):
        (item,) = world.cms.items("goods", "K1")
        item.staged = replace(item.staged, archived=True)
        world.check_feed()
        world.judge_feed(outcome := Outcome())
        assert outcome.lost

    assert "always was in the feed" in " ".join(spoiled(world, spoil, "pulled").unbalanced)


def test_a_wait_longer_than_some_looks_is_not_stuck_where_an_editor_holds_an_item(
    world, monkeypatch
):
    """An item that is referred to may yet be created for ten minutes: then it is a dead letter."""
    monkeypatch.setattr(histories, "SEEN_AGAIN", 310.0)
    world.reset(1, INSTALLATIONS["published"])
    history = histories.History(world)
    world.hold_back("products", "K1")
    payload = {"type": "changed", "sku": "K1", "of": "Never"}
    told = {"of": "Never"}
    history.arrive("bare", [Event("bare", "n1", "notes", "K1", told, (1, 1, 0), payload)])
    history._rests(outcome := Outcome())
    assert world.theirs
    assert (outcome.problems, len(world.letters())) == ([], 1)


def sent(history, source, collection, key, values, **payload):
    number = history._next()
    at = None if source == "bare" else (2, number, 0)
    name = None if source == "bare" else f"e{number}"
    told = {"type": "changed", "sku": key} | ({} if at is None else {"id": name, "rev": number})
    event = Event(source, name, collection, key, values, at, told | payload)
    history.arrive(source, [event])


@pytest.mark.parametrize("act", ["", "replay", "discard"])
def test_what_a_letter_holds_back_is_published_by_a_person_at_the_end(world, act):
    """A request lands late, and its item cannot be deleted: what is archived stays on the site."""
    world.reset(2, INSTALLATIONS["published"])
    history = histories.History(world, 2)
    sent(history, "bare", "notes", "K1", {"of": "K1"}, of="K1")
    world.run(600)
    world.cms.arm("late")
    sent(history, "erp", "products", "K1", {"stock": 7}, stock=7)
    sent(history, "erp", "products", "K2", {GONE: "archive"}, type="gone")
    world.run(5)
    sent(history, "erp", "products", "K1", {GONE: "delete"}, type="deleted")
    world.run(600)
    (letter,), (item,) = world.letters(), world.cms.items("products", "K2")
    assert (letter.key, letter.kind, item.staged.archived) == ("K1", "refused", True)
    assert item.live is not None
    if act:
        getattr(world, act)(letter)
    history.exact = False
    assert history.play([]).problems == []
    assert item.live is None
