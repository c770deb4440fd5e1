"""What a round waits for, and what it says that it leaves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.run.round_rest import held_words, left, moves
from workers.config.settings import Collection, Destination, Settings, StoreSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def settings():
    site = Destination("site", "v2", "t", publish="items")
    products = Collection("products", "site", "c1")
    return Settings(
        path=Path("instep.toml"),
        store=StoreSettings(data=Path("data")),
        destinations={"site": site},
        collections={"products": products},
        sources={},
    )


def status(*, collection=(), publish=(), destination=(), lanes=(), writebacks=None):
    products = {"state": "flowing", "reason": "", "waits": [], "pending_items": 0}
    products |= {"unpublished": 0, "edited_by_others": 0, "lanes": {"live": 0, "replay": 0}}
    told = {"next": None, "held": None, "failed": None}
    flowing = {"state": "flowing", "reason": ""}
    return {
        "destinations": {"site": flowing | {"publish": told | dict(publish)} | dict(destination)},
        "collections": {"products": products | dict(collection)},
        "fetchers": {},
        "lanes": {"live": flowing, "replay": flowing} | dict(lanes),
        "writebacks": writebacks or {},
        "spool": {"deliveries": 0},
        "losses": [],
        "notices": [],
    }


def goes_on(telling=False, **given):
    return moves(settings(), status(**given), NOW, telling=telling)


def rest(drafts=(), **given):
    return left(settings(), status(**given), {"products": drafts})


def soon(seconds):
    return {"next": (NOW + timedelta(seconds=seconds)).isoformat()}


STAGED = {"unpublished": 2, "edited_by_others": 0}
PAUSED = {"state": "paused", "reason": "moving house"}


def test_nothing_goes_on():
    assert not goes_on()
    assert [*rest()] == []


@pytest.mark.parametrize("seconds", [-1, 10, 95])
def test_a_publish_soon_is_waited_for(seconds):
    assert goes_on(collection=STAGED, publish=soon(seconds))


@pytest.mark.parametrize(
    "given",
    [
        {"publish": soon(290)},  # an editor's draft, or a window that is closed
        {"publish": soon(5) | {"held": "2 items in Blog"}},
        {"publish": soon(5) | {"failed": "403"}},
        {"publish": soon(5), "destination": PAUSED},
        {"publish": soon(5), "lanes": {"live": PAUSED}},
        {"publish": {}},
    ],
)
def test_a_publish_that_waits_for_somebody_is_told_and_not_waited_for(given):
    assert not goes_on(collection=STAGED, **given)
    (line,) = rest(collection=STAGED, **given)
    assert line.startswith("collection products: 2 items wait to be published (")


def test_why_nothing_is_published_is_told():
    held = soon(5) | {"held": "2 items in Blog"}
    assert "(2 items in Blog)" in next(rest(collection=STAGED, publish=held))
    (line,) = rest(collection=STAGED, publish=soon(290))
    assert line.endswith("(next at 2026-03-01T12:04:50+00:00)")


def test_a_draft_is_named_with_what_to_do():
    (line,) = rest(["A-1", "A-2"], collection=STAGED, publish=soon(290))
    assert line.startswith("collection products: A-1, A-2: held as a draft by an editor")
    assert "publish it in Webflow" in line
    named, others = rest(["A-1"], collection=STAGED, publish=soon(290))
    assert named.startswith("collection products: A-1: ")
    assert others.startswith("collection products: 1 items wait to be published (next at ")
    many = [f"A-{n:02d}" for n in range(12)]
    (line,) = rest(many, collection=STAGED | {"unpublished": 12})
    assert "A-09 and 2 more: held" in line


def test_drafts_where_nothing_is_published_any_more_are_not_named():
    assert [*rest(["A-1"])] == []


def test_what_a_write_back_has_to_tell_is_waited_for_and_told():
    waits = {"waiting": 3, "state": "outage", "reason": "503"}
    assert goes_on(telling=True)
    told = {"shop": waits, "erp": waits | {"state": "flowing", "reason": ""}}
    assert [*rest(writebacks=told)] == [
        "writeback shop: 3 records wait (outage: 503)",
        "writeback erp: 3 records wait (not told yet)",
    ]


def test_items_are_waited_for_unless_their_lane_or_collection_is_paused():
    items = {"pending_items": 2, "lanes": {"live": 2, "replay": 0}}
    assert goes_on(collection=items)
    assert goes_on(collection=items, lanes={"replay": PAUSED})
    assert not goes_on(collection=items, lanes={"live": PAUSED})
    assert not goes_on(collection=items | PAUSED)
    assert not goes_on(collection=items | {"waits": ["not published"]})


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (
            {"created": 5, "retired": 0},
            "products: 5 items would be created beside 12; to send it: ",
        ),
        ({"created": 5, "overwritten": 1200}, "beside 12 and 1,200 of 12 items would be overwr"),
        ({"retired": 9}, "held: 9 deletes wait"),
    ],
)
def test_what_is_held_is_said_with_what_sends_it(guard, said):
    ruled = {kind: {"wanted": n, "allowed": n == 0} for kind, n in guard.items()}
    figures = {"collection": "products", "items": 12, "run": "r7", "held": ["9 deletes wait"]}
    assert said in held_words(figures | {"state": "held", "guard": ruled})
    assert held_words(figures | {"state": "done", "guard": ruled}) == ""
