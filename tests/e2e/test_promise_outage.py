"""A CMS that is down, refuses the token, refuses an item, or acts after its time."""

import itertools
import time

import pytest

from tests.support.depth import depth
from tests.support.real_processes import (
    BY_ITEM,
    CONFIGURATION,
    SECRET,
    Instep,
    Load,
    eventually,
    say,
    wrong,
)
from tests.support.standin import COLLECTION, TOKEN, Fault, StandIn, item_id

OUTAGE, COUNT = depth((9.0, 150), (30.0, 300))  # s, events in it
DOWN = Fault(
    500,
    {
        "message": "An Internal Error occurred",
        "code": "internal_error",
        "externalReference": None,
        "details": [],
    },
)

LATE = """
[destinations.late]
token = "{token}"
base_url = "{url}"

[collections.late]
destination = "late"
id = "{collection}"
key = "sku"
"""
OF_LATE = """
class Late(Stock):
    class Meta:
        source = "erp"
        topics = ("late",)
        collection = "late"
        item = "data.item_id"
"""


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(300, limit=600)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def late_cms():
    cms = StandIn(10)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms, late_cms):
    """One installation; each test has items of its own, and leaves it as it was."""
    text = CONFIGURATION.replace("minute = 60", "minute = 600").format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET
    )
    text += LATE.format(url=late_cms.url, token=TOKEN, collection=COLLECTION)
    instep = Instep(
        tmp_path_factory.mktemp("outage"), cms, configuration=text, mappings=BY_ITEM + OF_LATE
    )
    instep.up()
    yield instep
    instep.close()


class Events:
    """
    Numbers events, and remembers what each item should show.

    Args:
        first: Its first item.
        kind: Their topic.
    """

    numbers = itertools.count()

    def __init__(self, first=0, kind="stock.changed"):
        self.first, self.kind, self.truth = first, kind, {}
        self.counts = {}  # what became of them, where somebody counts that

    def item(self, place):
        return item_id(self.first + place)

    def one(self, place, quantity, **more):
        item = self.item(place)
        self.truth.setdefault(item, {})
        self.truth[item] |= {"stock": quantity, "in-stock": quantity > 0, **more}
        data = {"item_id": item, "qty": quantity, **more}
        at = int(time.time() * 1000)
        return {"id": f"e{next(self.numbers)}", "type": self.kind, "at": at, "data": data}


@pytest.fixture(scope="module", autouse=True)
def late(instep, late_cms):
    """A request that lands 10 s after its client gave up; begun first, since it takes a minute."""
    events, slow = Events(kind="late"), []

    def hang(request):
        if request.method == "PATCH" and not slow:
            slow.append(request)
            return Fault(late=24.0)  # the client gives up after 14 s
        return None

    late_cms.fault, before = hang, instep.status()["fields"]
    Load(instep, [events.one(3, 1)]).join()
    eventually(lambda: slow)
    Load(instep, [events.one(3, 2)]).join()
    now = instep.settled()["fields"]  # by the worker that has given up
    events.counts = {name: now[name] - before[name] for name in ("superseded", "written")}
    return events


def state(instep):
    found = instep.status()
    return found and found["destinations"]["site"]["state"]


def test_an_outage_kills_nothing_and_ends_by_itself(cms, instep):
    events, begun = Events(), time.monotonic()
    cms.fault = lambda _: DOWN if time.monotonic() < begun + OUTAGE else None
    Load(instep, [events.one(n % 120, n) for n in range(COUNT)], rate=COUNT / (OUTAGE * 0.7)).join()
    eventually(lambda: state(instep) == "outage", within=OUTAGE, told=instep.log)
    status = instep.settled(60)
    say(f"right {time.monotonic() - begun - OUTAGE:.1f} s after, {len(cms.calls())} calls")
    assert wrong(cms, events.truth) == {}
    assert status["dead_letters"] == 0
    assert status["destinations"]["site"]["state"] == "flowing"


def test_a_refused_token_pauses_until_resume_finds_it_good(cms, instep):
    events = Events(first=120)
    cms.token = "another"
    Load(instep, [events.one(n, n) for n in range(20)]).join()
    eventually(lambda: state(instep) == "paused", told=instep.log)
    code, said, complaint = instep.command("resume", "site")
    assert (code, state(instep)) == (1, "paused"), said + complaint
    Load(instep, [events.one(n, n + 1) for n in range(20)]).join()
    status = instep.status()
    assert status["fields"]["pending"] == 40
    assert status["dead_letters"] == 0
    assert "401" in status["destinations"]["site"]["reason"]
    cms.token = instep.token
    code, said, complaint = instep.command("resume", "site")
    assert code == 0, said + complaint
    instep.settled()
    assert wrong(cms, events.truth) == {}


def test_a_start_with_another_token_goes_on_by_itself(cms, instep):
    events = Events(first=140)
    cms.token = "a-third"
    Load(instep, [events.one(n, n) for n in range(20)]).join()
    eventually(lambda: state(instep) == "paused", told=instep.log)
    instep.close()
    instep.token = cms.token
    instep.up()
    eventually(lambda: wrong(cms, events.truth) == {}, within=4, told=instep.log)
    instep.settled()


def test_a_refused_field_sinks_neither_its_item_nor_the_other_99(cms, instep):
    events, before = Events(first=160), len(cms.calls("PATCH"))
    bad = events.item(42)
    cms.refused[bad, "title"] = "Expected value to be a single line: 'two lines'"
    assert instep.command("pause", "site")[0] == 0
    Load(instep, [events.one(n, n + 1, title=f"Title {n}") for n in range(100)]).join()
    assert len(cms.calls("PATCH")) == before
    assert instep.command("resume", "site")[0] == 0
    status = instep.settled()
    sizes = [len(call.items) for call in cms.calls("PATCH")[before:]]
    say(f"{len(sizes)} calls of {sizes}")
    assert sizes[0] == 100
    del events.truth[bad]["title"]
    assert wrong(cms, events.truth) == {}
    assert cms.live[bad].get("title") is None
    (letter,) = instep.asked("dead", "list")
    assert (letter["kind"], letter["item"], letter["status"]) == ("refused", bad, 400)
    assert {slug: held["value"] for slug, held in letter["fields"].items()} == {"title": "Title 42"}
    problem = {"field": "title", "message": "Expected value to be a single line: 'two lines'"}
    assert letter["problems"] == [problem]
    assert status["dead_letters"] == 1
    cms.refused.clear()
    Load(instep, [events.one(42, 7, title="One line")]).join()
    assert instep.settled()["dead_letters"] == 0
    assert instep.asked("dead", "list") == []
    assert wrong(cms, events.truth) == {}


def test_what_lands_late_does_not_stay(instep, late, late_cms):
    eventually(lambda: len(late_cms.writes) == 3, within=120, told=instep.log)
    first, *_, last = late_cms.calls("PATCH")
    say(f"written once more {last.at - first.at:.0f} s after the request that was late")
    assert [fields["stock"] for _, fields in late_cms.writes] == [2, 1, 2]
    instep.settled()
    assert wrong(late_cms, late.truth) == {}
    assert late.counts == {"superseded": 2, "written": 2}
