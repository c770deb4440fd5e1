"""Deletes through real processes: a few on a quiet day, a mass, and a record that comes back."""

import contextlib
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

    name = fields.String(data_key="data.name")
    stock = fields.Integer(data_key="data.qty")


class Deleted(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("deleted",)
        on_delete = "delete"


class Retired(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "data.sku"
        topics = ("retired",)
        on_delete = "archive"
"""
DELAY = 2  # s
COLLECTION = f"""key = "sku"
missing = "create"
[collections.products.reconcile]
orphans = "delete"
[collections.products.guard]
delay = {DELAY}"""

MASS = depth(80, 1000)
BACK, APPROVED = 10, 50  # of the mass
SITE = MASS + 300


@pytest.fixture(scope="module")
def cms():
    cms = Cms(SITE, 6000, time.time)
    cms.url = cms.server.url
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    """One installation; each test has items of its own, and the mass comes last."""
    text = CONFIGURATION.format(api="v2", url=cms.url, more="", collection=PRODUCTS, secret=SECRET)
    text = text.replace("minute = 60", "minute = 6000").replace('key = "sku"', COLLECTION)
    folder = tmp_path_factory.mktemp("deletes")
    instep = Instep(folder, cms, mappings=MAPPINGS, configuration=text)
    instep.token = "t"
    instep.up()
    yield instep
    instep.close()


def event(cms, kind, n, second, **data):
    """An event of *second*, of the last 10 minutes."""
    at = round(time.time() * 1000) - 600_000 + 1000 * second
    data = {"sku": cms.key(n), **data}
    return {"id": f"{kind}-{second}-{n}", "type": kind, "at": at, "data": data}


def send(instep, *events):
    """Send *events* in order."""
    with contextlib.closing(Line(instep.address)) as line:
        assert {line.ask(signed(each)) for each in events} == {200}


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


def held(instep, number):
    """Wait until as many deletes wait for approval."""
    eventually(
        # On a busy machine some wait in the spool for a while.
        lambda: (instep.status() or {}).get("held_deletes") == number,
        within=60,
        pause=0.5,
        told=lambda: f"{instep.status()}{instep.log()[-3000:]}",
    )


def test_a_deleted_record_stays_away_until_it_is_newer_than_its_deletion(cms, instep):
    gone, archived = MASS + 1, MASS + 2
    both, before = (gone, archived), instep.status()["fields"]["stale"]

    def changed(second, name):
        return [event(cms, "changed", n, second, name=name, qty=second) for n in both]

    send(instep, *changed(10, "Oak desk"))
    send(instep, event(cms, "deleted", gone, 50), event(cms, "retired", archived, 50))
    instep.settled()
    assert cms.made(cms.key(gone)) == []
    assert cms.the(cms.key(archived)).staged.archived
    send(instep, *changed(40, "Late desk"))
    assert instep.settled()["fields"]["stale"] - before == 4
    send(instep, *changed(60, "Pine desk"))
    eventually(lambda: cms.made(cms.key(gone)), within=60, pause=0.3, told=instep.log)
    status = instep.settled()
    found = [cms.the(cms.key(n)) for n in both]
    assert [item.live.fields["stock"] for item in found] == [60, 60]
    assert [item.staged.archived for item in found] == [False, False]
    assert (status["dead_letters"], status["balanced"]) == (0, True)
    assert instep.asked("dead", "list") == []


def test_a_few_on_a_quiet_day_go_out_after_the_delay_and_one_that_is_back_stays(cms, instep):
    few = range(MASS + 11, MASS + 21)
    back, before = few[-1], len(cms.products.items)
    send(instep, *[event(cms, "deleted", n, 100) for n in few])
    code, keys = listed(instep)
    assert code == 0  # none of them waits for approval
    assert set(keys) <= {*map(cms.key, few)}
    send(instep, event(cms, "changed", back, 200, qty=77))
    eventually(lambda: len(cms.products.items) == before - 9, within=60, pause=0.3, told=instep.log)
    instep.settled()
    assert [cms.made(cms.key(n)) for n in few[:-1]] == [[]] * 9
    assert cms.live(back)["stock"] == 77
    assert listed(instep) == (0, [])


def test_a_mass_waits_for_approval_and_what_is_dropped_is_not_asked_again(cms, instep):
    numbers, site = range(1, MASS + 1), len(cms.products.items)
    deletes, discarded = len([*cms.deletes()]), instep.status()["fields"]["discarded"]
    assert instep.command("pause", "products")[0] == 0
    Load(instep, [event(cms, "changed", n, 100, qty=5000 + n) for n in numbers]).join()
    Load(instep, [event(cms, "deleted", n, 200) for n in numbers]).join()
    held(instep, MASS)
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
    # Nor is an older change a way around it, or time.
    send(instep, *[event(cms, "changed", n, 150, qty=4000 + n) for n in numbers[:10]])
    time.sleep(DELAY + 2)
    assert len([*cms.deletes()]) == deletes

    # What comes back leaves the list by itself.
    back = numbers[-BACK:]
    send(instep, *[event(cms, "changed", n, 300, qty=n) for n in back])
    held(instep, MASS - BACK)
    code, keys = listed(instep)
    assert (code, {*keys}) == (1, {*map(cms.key, numbers[:-BACK])})

    # Approve 50: the oldest go, the rest stays.
    rest = MASS - BACK - APPROVED
    words = ("approve", "--collection", "products", "--up-to", str(APPROVED), "--yes")
    code, figures = run(instep, *words)
    assert (code, figures["approved"], figures["more"]) == (1, APPROVED, rest)
    site -= APPROVED
    eventually(lambda: len(cms.products.items) == site, within=60, pause=0.3, told=instep.log)
    code, left = listed(instep)
    assert (code, left) == (1, keys[APPROVED:])
    assert [cms.made(key) for key in keys[:APPROVED]] == [[]] * APPROVED

    # Drop the rest: the items stay, with the values that came before.
    assert run(instep, "drop", "--yes") == (
        0,
        {"deletes": rest, "done": rest, "dropped": rest, "more": 0, "left": 0, "reasons": {}},
    )
    assert listed(instep) == (0, [])
    status = instep.settled(within=120)
    assert (status["held_deletes"], status["fields"]["discarded"] - discarded) == (0, rest)
    assert (status["balanced"], status["dead_letters"]) == (True, 0)
    stayed = [n for n in numbers if cms.key(n) in set(left)]
    assert cms.shown("stock", stayed) == [5000 + n for n in stayed]
    assert cms.shown("stock", back) == [*back]
    assert len(cms.products.items) == site

    # The next reconcile does not ask again, and says so.
    there = [n for n in (*back, *range(MASS + 1, SITE + 1)) if cms.made(cms.key(n))]
    with (instep.folder / "stock.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "qty"])
        writer.writerows((cms.key(n), cms.the(cms.key(n)).live.fields["stock"]) for n in there)
    words = ("reconcile", "products", "stock.csv", "--under", "data", "--topic", "changed")
    for _ in range(2):
        code, said, errors = instep.command(*words, "--json")
        told = json.loads(said)
        assert (code, told["state"], told["dropped"]) == (0, "done", rest), f"{told}{errors}"
    assert len(cms.products.items) == site
    assert listed(instep) == (0, [])
