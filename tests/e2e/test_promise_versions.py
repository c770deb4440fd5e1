"""The legacy API, staged copies, pictures, keys, and how fast an idle system is."""

import time

import pytest

from tests.support.real_processes import BY_KEY, Instep, Line, Load, eventually, say, signed, wrong
from tests.support.standin import COLLECTION, StandIn, item_id


@pytest.fixture
def cms():
    cms = StandIn(120)
    yield cms
    cms.close()


@pytest.fixture
def begin(tmp_path, cms):
    """Start Instep with the options given; ends it afterwards."""
    begun = []

    def start(**options):
        instep = Instep(tmp_path, cms, **options)
        begun.append(instep)
        instep.up()
        return instep

    yield start
    for instep in begun:
        instep.close()


def change(number, place=None, **data):
    if place is not None:
        data["item_id"] = item_id(place)
    at = int(time.time() * 1000)
    return {"id": f"e{number}", "type": "stock.changed", "at": at, "data": data}


def test_v1_writes_each_item_by_a_call_of_its_own(cms, begin):
    instep = begin(api="v1")
    truth = {item_id(n): {"stock": n, "in-stock": n > 0} for n in range(8)}
    Load(instep, [change(n, n, qty=n) for n in range(8)], rate=4).join()
    instep.settled()
    calls = cms.calls("PATCH")
    assert wrong(cms, truth) == {}
    assert sorted(c.path for c in calls) == [f"/collections/{COLLECTION}/items/{i}" for i in truth]
    assert all(c.query == {"live": "true"} for c in calls)
    assert all(c.headers["accept-version"] == "1.0.0" for c in calls)
    assert all(list(c.body) == ["fields"] for c in calls)
    assert cms.calls(status=429) == []


def test_staged_only_leaves_the_live_copy_alone(cms, begin):
    instep = begin(more="live = false")
    Load(instep, [change(n, n, qty=5) for n in range(3)]).join()
    instep.settled()
    truth = {item_id(n): {"stock": 5, "in-stock": True} for n in range(3)}
    assert wrong(cms, truth, copy="staged") == {}
    assert all("stock" not in cms.live[item] for item in truth)


@pytest.mark.parametrize(
    ("api", "url", "by_id"),
    [
        ("v1", "https://shop.example/a.jpg", {"fileId": "known"}),
        (
            "v2",
            {"url": "https://shop.example/a.jpg"},
            {"fileId": "known", "url": "https://cdn.example/known.jpg"},
        ),
    ],
)
def test_a_picture_goes_by_its_address_or_its_file_id(cms, begin, api, url, by_id):
    cms.live[item_id(1)]["photo"] = cms.staged[item_id(1)]["photo"] = {
        "fileId": "known",
        "url": "https://cdn.example/known.jpg",
        "alt": None,
    }
    instep = begin(api=api)
    Load(
        instep,
        [change(1, 0, photo="https://shop.example/a.jpg"), change(2, 1, photo={"fileId": "known"})],
    ).join()
    status = instep.settled()
    sent = {key: fields for call in cms.calls("PATCH") for key, fields in call.items.items()}
    say(sent)
    assert status["dead_letters"] == 0
    assert sent == {item_id(0): {"photo": url}, item_id(1): {"photo": by_id}}
    assert cms.live[item_id(1)]["photo"]["fileId"] == "known"
    assert cms.files == 1


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_key_is_looked_up_and_an_unknown_one_told(cms, begin, api):
    instep = begin(api=api, mappings=BY_KEY)
    Load(instep, [change(1, sku="sku-117", qty=3), change(2, sku="nowhere", qty=3)]).join()
    instep.settled()
    assert wrong(cms, {item_id(117): {"stock": 3, "in-stock": True}}) == {}
    (letter,) = instep.asked("dead", "list")
    assert (letter["kind"], letter["key"]) == ("missing", "nowhere")
    assert len(cms.calls("GET")) <= 4


def test_an_idle_system_answers_at_once(cms, begin):
    cms.limit = 1_000
    instep = begin()
    line, waits = Line(instep.address), []
    for number in range(12):
        sent = time.monotonic()
        assert line.ask(signed(change(number, number, qty=1))) == 200
        calls = eventually(lambda n=number: cms.calls("PATCH")[n:], pause=0.002, told=instep.log)
        waits.append(calls[0].at - sent)
        # It is to be idle, however late this one was: else each waits for the one before.
        time.sleep(max(0.0, calls[0].at + 1.25 - time.monotonic()))
    line.close()
    waits.sort()
    say(f"p50 {waits[6] * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms")
    assert waits[6] < 0.5
