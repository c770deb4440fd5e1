"""The legacy API, staged copies, pictures, keys, and how fast an idle system is."""

import time

import pytest

from tests.support.real_processes import Instep, Line, Load, eventually, say, signed, wrong
from tests.support.standin import COLLECTION, StandIn, item_id

# Name → more lines of its destination, and by what its items are found.
SITES = {
    "v1": ('api = "v1"', "item"),
    "v2": ('api = "v2"', "item"),
    "v1_keys": ('api = "v1"', "key"),
    "v2_keys": ('api = "v2"', "key"),
    "staged": ('api = "v2"\nlive = false', "item"),
}
SITE = """
[destinations.{name}_site]
token = "${{WEBFLOW_TOKEN}}"
base_url = "{url}"
requests_per_minute = 600
{how}

[collections.{name}]
destination = "{name}_site"
id = "{collection}"
key = "sku"
"""
SOURCE = """
[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Image, Mapping

class Stock(Mapping):
    stock = fields.Integer(data_key="data.qty")
    in_stock = fields.Boolean(data_key="data.qty > `0`")
    title = fields.String(data_key="data.title")
    photo = Image(data_key="data.photo")
"""
MAPPING = """
class Of_{name}(Stock):
    class Meta:
        source = "erp"
        topics = ("{name}",)
        collection = "{name}"
        {by} = "data.{by}"
"""


@pytest.fixture(scope="module")
def sites():
    """A CMS by the name of each site; each test has items of its own."""
    sites = {name: StandIn(120, limit=600) for name in SITES}
    yield sites
    for cms in sites.values():
        cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, sites):
    """One installation for all sites."""
    text, mappings = 'mappings = ["mappings.py"]\n' + SOURCE, MAPPINGS
    for name, (how, by) in SITES.items():
        text += SITE.format(name=name, how=how, url=sites[name].url, collection=COLLECTION)
        mappings += MAPPING.format(name=name, by=by)
    folder = tmp_path_factory.mktemp("versions")
    instep = Instep(folder, sites["v2"], configuration=text, mappings=mappings)
    instep.up()
    yield instep
    instep.close()


def change(site, place=None, **data):
    """An event for a site, whose name is the topic."""
    if place is not None:
        data["item"] = item_id(place)
    now = time.time_ns()
    return {"id": f"e{now}", "type": site, "at": now // 1_000_000, "data": data}


def test_v1_writes_each_item_by_a_call_of_its_own(sites, instep):
    cms = sites["v1"]
    before = len(cms.calls("PATCH"))
    truth = {item_id(n): {"stock": n, "in-stock": n > 0} for n in range(8)}
    Load(instep, [change("v1", n, qty=n) for n in range(8)], rate=4).join()
    instep.settled()
    calls = cms.calls("PATCH")[before:]
    assert wrong(cms, truth) == {}
    assert sorted(c.path for c in calls) == [f"/collections/{COLLECTION}/items/{i}" for i in truth]
    assert all(c.query == {"live": "true"} for c in calls)
    assert all(c.headers["accept-version"] == "1.0.0" for c in calls)
    assert all(list(c.body) == ["fields"] for c in calls)
    assert cms.calls(status=429) == []


def test_staged_only_leaves_the_live_copy_alone(sites, instep):
    cms = sites["staged"]
    Load(instep, [change("staged", n, qty=5) for n in range(3)]).join()
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
def test_a_picture_goes_by_its_address_or_its_file_id(sites, instep, api, url, by_id):
    cms, new, known = sites[api], item_id(20), item_id(21)
    cms.live[known]["photo"] = cms.staged[known]["photo"] = {
        "fileId": "known",
        "url": "https://cdn.example/known.jpg",
        "alt": None,
    }
    before, letters = len(cms.calls("PATCH")), instep.status()["dead_letters"]
    pictures = {20: "https://shop.example/a.jpg", 21: {"fileId": "known"}}
    Load(instep, [change(api, place, photo=photo) for place, photo in pictures.items()]).join()
    status = instep.settled()
    calls = cms.calls("PATCH")[before:]
    sent = {key: fields for call in calls for key, fields in call.items.items()}
    say(sent)
    assert status["dead_letters"] == letters
    assert sent == {new: {"photo": url}, known: {"photo": by_id}}
    assert cms.live[known]["photo"]["fileId"] == "known"
    assert cms.files == 1


@pytest.mark.parametrize("site", ["v1_keys", "v2_keys"])
def test_a_key_is_looked_up_and_an_unknown_one_told(sites, instep, site):
    cms = sites[site]
    # One behind the other: by v1, a key that comes once the listing has begun, and that it does not
    # show, waits ten minutes for the next one.
    for key in ("nowhere", "sku-117"):
        Load(instep, [change(site, key=key, qty=3)]).join()
        instep.settled()
    assert wrong(cms, {item_id(117): {"stock": 3, "in-stock": True}}) == {}
    (letter,) = [each for each in instep.asked("dead", "list") if each["collection"] == site]
    assert (letter["kind"], letter["key"]) == ("missing", "nowhere")
    assert len(cms.calls("GET")) <= 4


def test_an_idle_system_answers_at_once(sites, instep):
    cms = sites["v2"]
    line, waits = Line(instep.address), []
    before = len(cms.calls("PATCH"))
    for number in range(12):
        sent = time.monotonic()
        assert line.ask(signed(change("v2", 40 + number, qty=1))) == 200
        place = before + number
        calls = eventually(lambda n=place: cms.calls("PATCH")[n:], pause=0.002, told=instep.log)
        waits.append(calls[0].at - sent)
        # It is to be idle, however late this one was: else each waits for the one before.
        time.sleep(max(0.0, calls[0].at + 1.25 - time.monotonic()))
    line.close()
    waits.sort()
    say(f"p50 {waits[6] * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms")
    assert waits[6] < 0.5
