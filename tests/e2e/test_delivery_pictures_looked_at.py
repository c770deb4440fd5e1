"""Pictures that the CMS would surely refuse become dead letters, without a call."""

import threading

import pytest

from service.sandbox.model.schema import Field
from workers.delivery import picture_checks
from workers.delivery.deliver import Deliverer
from workers.delivery.picture_checks import BAD_FOR, GOOD_FOR, THREADS, PictureChecks

GOOD, BAD = "https://shop.example/good.png", "https://shop.example/bad.png"


class Looks:
    def __init__(self):
        self.asked = []
        self.now = 0.0
        self.bad = {BAD}

    def __call__(self, url):
        self.asked.append(url)
        return "found a PDF" if url in self.bad else None

    def clock(self):
        return self.now


@pytest.fixture
def looks():
    return Looks()


@pytest.fixture
def way(open_way, looks, api):
    way = open_way(items=3, api=api, collection={"preflight": True})
    way.products.put_field(Field("image", "Image"))
    way.products.put_field(Field("gallery", "MultiImage"))
    checks = PictureChecks(looks, clock=looks.clock)
    way.deliverer = Deliverer(way.context, spread=lambda: 0.5, clock=way.moved, pictures=checks)
    return way


def test_a_bad_picture_is_told_and_the_rest_is_sent(way):
    way.change(1, stock=7, image={"url": BAD}, version=1)
    way.run()
    assert way.live(1)["stock"] == 7
    assert not way.live(1).get("image")
    (letter,) = way.context.letters.list()
    assert (letter.kind, list(letter.fields)) == ("refused", ["image"])
    assert "image: found a PDF, at the address of the picture" in letter.message
    assert not any("image" in sent for sent in way.sent_to(1))


def test_a_bad_picture_alone_costs_no_call(way):
    way.change(1, image={"url": BAD}, version=1)
    way.run()
    assert way.patches() == []
    assert way.counts("dead") == (1,)


def test_a_good_picture_and_one_of_the_cms_are_sent(way, looks):
    way.change(1, image={"url": GOOD}, version=1)
    way.run()
    held = way.live(1)["image"]
    assert held["fileId"]
    way.change(2, image={"fileId": held["fileId"], "url": held["url"]}, version=1)
    way.run()
    assert looks.asked == [GOOD]
    assert way.counts("written") == (2,)


def test_one_of_a_list_is_enough(way):
    way.change(1, gallery=[{"url": GOOD}, {"url": BAD}], stock=3, version=1)
    way.run()
    assert (way.counts("dead"), way.counts("written")) == ((1,), (1,))


def test_two_reasons_are_one_letter(way):
    way.change(1, image={"url": BAD}, stock="no number", version=1)
    way.run()
    letters = way.context.letters.list()
    assert sorted(slug for letter in letters for slug in letter.fields) == ["image", "stock"]
    assert way.patches() == []


def test_a_replay_looks_again(way, looks):
    way.change(1, image={"url": BAD}, version=1)
    way.run()
    looks.bad.clear()
    looks.now += BAD_FOR + 1
    (letter,) = way.context.letters.list()
    way.context.letters.replay(letter.id)
    way.run()
    assert way.live(1)["image"]["fileId"]


def test_what_was_seen_is_remembered_for_a_while(looks):
    checks = PictureChecks(looks, clock=looks.clock)
    for _ in range(2):
        assert checks.refusals([GOOD, BAD]) == {BAD: "found a PDF"}
    assert sorted(looks.asked) == sorted([GOOD, BAD])
    looks.now += BAD_FOR + 1
    checks.refusals([GOOD, BAD])
    assert looks.asked.count(BAD) == 2
    looks.now += GOOD_FOR
    checks.refusals([GOOD])
    assert looks.asked.count(GOOD) == 2


def test_what_does_not_answer_passes_and_holds_up_nothing():
    release = threading.Event()

    def look(url):
        if "slow" in url:
            release.wait(10)
        return "found a PDF"

    checks = PictureChecks(look, seconds=0.3)
    slow = [f"https://slow.example/{n}" for n in range(THREADS - 1)]
    assert checks.refusals([*slow, BAD, GOOD]) == {BAD: "found a PDF", GOOD: "found a PDF"}
    more = [f"https://slow.example/more-{n}" for n in range(3)]
    assert checks.refusals(more) == {}  # and no thread is begun beyond the most
    release.set()


def test_the_oldest_are_forgotten_first(looks, monkeypatch):
    monkeypatch.setattr(picture_checks, "MOST", 2)
    checks = PictureChecks(looks, clock=looks.clock)
    for url in (BAD, GOOD, f"{GOOD}?2"):
        checks.refusals([url])
    checks.refusals([GOOD])
    checks.refusals([BAD])
    assert (looks.asked.count(GOOD), looks.asked.count(BAD)) == (1, 2)


def test_a_host_of_the_own_network_passes():
    assert PictureChecks().refusals(["http://127.0.0.1:1/a.png"]) == {}
