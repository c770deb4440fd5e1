"""A mass of deletes through real processes: held, approved, dropped; and a few on a quiet day."""

import csv
import json
import time

import pytest

from service.sandbox.seeds.samples import PRODUCTS
from tests.support.delivery_cms import Cms
from tests.support.depth import depth
from tests.support.real_processes import (
    CONFIGURATION,
    SECRET,
    Instep,
    Line,
    Load,
    eventually,
    signed,
)

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Product(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("changed",)

    stock = fields.Integer(data_key="data.qty")


class Deleted(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("deleted",)
        on_delete = "delete"
"""
MASS = depth(400, 1000)


def instep_of(folder, cms, *, delay):
    text = CONFIGURATION.format(
        api="v2", url=cms.server.url, more="", collection=PRODUCTS, secret=SECRET
    )
    text = text.replace("minute = 60", "minute = 6000").replace(
        'key = "sku"',
        'key = "sku"\n[collections.products.reconcile]\norphans = "delete"\n'
        f"[collections.products.guard]\ndelay = {delay}",
    )
    cms.url = cms.server.url
    instep = Instep(folder, cms, mappings=MAPPINGS, configuration=text)
    instep.token = "t"
    return instep


@pytest.fixture
def way(tmp_path):
    """Opens an installation beside a site with so many items."""
    opened = []

    def open(items, *, delay):
        cms = Cms(items, 6000, time.time)
        instep = instep_of(tmp_path, cms, delay=delay)
        opened.extend((instep, cms))
        instep.up()
        return cms, instep

    yield open
    for each in opened:
        each.close()


def event(cms, kind, n, second, **data):
    """An event of *second*, of the last 10 minutes."""
    at = round(time.time() * 1000) - 600_000 + 1000 * second
    data = {"sku": cms.key(n), **data}
    return {"id": f"{kind}-{second}-{n}", "type": kind, "at": at, "data": data}


def listed(instep):
    """The exit code of the list, and the keys of it."""
    code, said, errors = instep.command("deletes", "list", "--json")
    assert code in (0, 1), errors
    return code, [each["key"] for each in json.loads(said)]


def run(instep, *words):
    """The exit code of a decision, and the figures of its run."""
    code, said, errors = instep.command("deletes", *words, "--json")
    assert said, errors
    return code, json.loads(said)["figures"]


def test_a_mass_waits_for_approval_and_what_is_dropped_is_not_asked_again(way, tmp_path):
    cms, instep = way(MASS + 100, delay=60)
    numbers = range(1, MASS + 1)
    assert instep.command("pause", "products")[0] == 0
    Load(instep, [event(cms, "changed", n, 100, qty=5000 + n) for n in numbers]).join()
    Load(instep, [event(cms, "deleted", n, 200) for n in numbers]).join()
    # On a busy machine some wait in the spool for a while.
    eventually(
        lambda: (instep.status() or {}).get("held_deletes") == MASS,
        within=60,
        pause=0.5,
        told=lambda: f"{instep.status()}{instep.log()[-3000:]}",
    )
    code, keys = listed(instep)
    assert (code, {*keys}) == (1, {*map(cms.key, numbers)})
    status = instep.status()
    assert status["notices"][0]["name"] == f"collection products: {MASS} deletes wait for approval"

    # Other changes of the same items go on; nothing reaches the CMS of what waits.
    assert instep.command("resume", "products")[0] == 0
    eventually(
        lambda: instep.pending() == MASS, within=120, pause=0.3, told=lambda: instep.log()[-3000:]
    )
    assert cms.shown("stock", numbers) == [5000 + n for n in numbers]
    assert [*cms.deletes()] == []

    # Approve 50: the oldest go, the rest stays.
    rest = MASS - 50
    code, figures = run(instep, "approve", "--up-to", "50", "--yes")
    assert (code, figures["approved"], figures["more"]) == (1, 50, rest)
    eventually(lambda: len(cms.products.items) == MASS + 50, within=60, pause=0.3, told=instep.log)
    code, left = listed(instep)
    assert (code, left) == (1, keys[50:])
    assert [cms.made(key) for key in keys[:50]] == [[]] * 50

    # Drop the rest: the items stay, with the values that came before.
    assert run(instep, "drop", "--yes") == (
        0,
        {"deletes": rest, "done": rest, "dropped": rest, "more": 0, "left": 0, "reasons": {}},
    )
    assert listed(instep) == (0, [])
    status = instep.settled(within=120)
    assert (status["held_deletes"], status["fields"]["discarded"]) == (0, rest)
    assert (status["balanced"], status["dead_letters"]) == (True, 0)
    stayed = [n for n in numbers if cms.key(n) in set(left)]
    assert cms.shown("stock", stayed) == [5000 + n for n in stayed]
    assert len(cms.products.items) == MASS + 50

    # The next reconcile does not ask again, and says so.
    with (tmp_path / "stock.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "qty"])
        writer.writerows((cms.key(n), cms.live(n)["stock"]) for n in range(MASS + 1, MASS + 101))
    words = ("reconcile", "products", "stock.csv", "--under", "data", "--topic", "changed")
    for _ in range(2):
        code, said, errors = instep.command(*words, "--json")
        told = json.loads(said)
        assert (code, told["state"], told["dropped"]) == (0, "done", rest), f"{told}{errors}"
    assert len(cms.products.items) == MASS + 50
    assert listed(instep) == (0, [])


def test_a_few_on_a_quiet_day_go_out_after_the_delay_and_one_that_is_back_stays(way):
    cms, instep = way(300, delay=4)
    line = Line(instep.address)
    for n in range(1, 11):
        assert line.ask(signed(event(cms, "deleted", n, 100))) == 200
    code, keys = listed(instep)
    assert code == 0  # none of them waits for approval
    assert set(keys) <= {cms.key(n) for n in range(1, 11)}
    assert line.ask(signed(event(cms, "changed", 10, 200, qty=77))) == 200
    eventually(lambda: len(cms.products.items) == 291, within=60, pause=0.3, told=instep.log)
    instep.settled()
    assert [cms.made(cms.key(n)) for n in range(1, 10)] == [[]] * 9
    assert cms.live(10)["stock"] == 77
    assert listed(instep) == (0, [])
    line.close()


def test_a_record_that_comes_back_leaves_the_list_by_itself(way):
    cms, instep = way(40, delay=60)
    line = Line(instep.address)
    for n in range(1, 21):
        assert line.ask(signed(event(cms, "deleted", n, 100))) == 200
    assert listed(instep) == (1, [cms.key(n) for n in range(1, 21)])
    for n in range(1, 20):
        assert line.ask(signed(event(cms, "changed", n, 200, qty=n))) == 200
    assert listed(instep) == (1, [cms.key(20)])
    code, _ = run(instep, "approve", "--collection", "products", "--yes")
    assert code == 0
    eventually(lambda: len(cms.products.items) == 39, within=60, pause=0.3, told=instep.log)
    status = instep.settled()
    assert cms.shown("stock", range(1, 20)) == [*range(1, 20)]
    assert status["balanced"]
    line.close()
