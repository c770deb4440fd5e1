"""The requests of ``accept``: what is prepared for many of them is what each would say alone."""

import json
from dataclasses import replace

import pytest

from tests.support.outbox_driver import bad, event, settings
from workers.config.pull import Pull
from workers.config.settings import Source
from workers.model.changes import (
    Again,
    Change,
    Delivery,
    Fetch,
    FieldProblem,
    FieldValue,
    Gone,
    Incoming,
    LeftOut,
    LogPosition,
    Snapshot,
)
from workers.store.acceptance import Requests
from workers.store.outbox import Outbox
from workers.store.scripts import Steps

FULL = Incoming(
    "e1",
    "stock",
    0,
    (
        Change(
            "Stock",
            "products",
            "é",
            "item",
            (
                FieldValue("price", "1", "number", seen="2", before="3", undoes=4),
                FieldValue("photo", '"https://a.example/b.png?c=d"', "image", on_create=True),
            ),
            "t01",
            echo="t00",
            retire="delete",
            snapshot=Snapshot(1, 2),
            locale="l1",
            stands="s1",
        ),
    ),
    problems=(FieldProblem("a", "b"),),
    gone=(Gone("products", "i1", True),),
    fetches=(Fetch("shop", "o1"),),
    payload={"a": 1},
    body="{}",
    again=Again(1, 2, "t1", letters=("u1",)),
    log=LogPosition("n", "s1", 5, 2),
    left=(LeftOut("products", "r", "key", "slug", None),),
    part=True,
)
PLAIN = Incoming(None, "stock", -1)
# Of FULL, of another with its id, and of PLAIN, as all releases write them.
TEXTS = """
{"id":"PquF1WfLeHjy5fiG","name":"e1","topic":"stock","index":0,"place":2,"letter":"u1d27c6266af87dd2",
"problems":[{"path":"a","message":"b"}],"nameless":false,
"left":[{"collection":"products","record":"r","slug":"slug","version":null}],"part":true,
"changes":[{"mapping":"Stock","collection":"products","destination":"site","record":"é","shown":null,
"by":"item","copy":"fe72c50aa460:live","version":"t01","placed":"arrival","batch":100,
"fields":[["price","1","number"],["photo","\\"https://a.example/b.png?c=d\\"","image"],
[":gone","\\"delete\\"","gone"]],"snapshot":{"as_of_ms":1,"before_ms":2},"stands":"s1",
"on_create":{"photo":"never"},"echo":"t00","seen":{"price":"2"},"locale":"l1",
"before":{"price":["3","number"]},"undoes":{"price":4}}],"fetches":[["shop","o1"]],
"payload":"{\\"a\\": 1}","body":"{}","raw":"uf3f9594fedcb9eea",
"gone":[{"collection":"products","index":"fe72c50aa460","id":"i1","deleted":true,"locale":null}],
"again":{"number":1,"place":2,"came":"t1","taken":true,"letters":["u1"],"arrival":null,"whole":null},
"log":{"name":"n","version":"s1","at":5,"far":2,"overlaps":false}}
{"id":"PquF1WfLeHjy5fiG","name":"e1","topic":null,"index":1,"place":1,"letter":"u441b9656f88c6664",
"problems":[],"nameless":false,"left":[],"changes":[],"fetches":[]}
{"id":null,"name":null,"topic":"stock","index":-1,"place":-1,"letter":"ue4b98881b48663dc",
"problems":[],"nameless":false,"left":[],"changes":[],"fetches":[]}
"""


def request_of(configured, delivery):
    return Requests(configured).first(delivery, "text", None)


def test_events_keep_their_text_by_whose_hash_a_repeated_delivery_of_many_is_known():
    delivery = Delivery("erp", "t", (FULL, Incoming("e1", None, 1), PLAIN), b"{}")
    told = [
        json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        for event in request_of(settings(), delivery)["events"]
    ]
    assert "".join(told) == TEXTS.replace("\n", "")


def test_each_source_has_its_own():
    own = {"erp": Source("erp", "hmac", dedupe_hours=2.0), "shop": Source("shop", "hmac")}
    requests = Requests(replace(settings(), sources=own, pulls={"feed": Pull("feed")}))
    told = {}
    for name in (*own, "feed", "erp"):
        request = requests.first(Delivery(name, "t", (event("i1", {"stock": 1}),)), "text", None)
        assert request["source"] == name
        told[name] = request["dedupe_ms"]
    assert told == {"erp": 7_200_000, "shop": 86_400_000, "feed": 86_400_000}


def test_only_an_undo_may_be_of_a_source_that_is_configured_no_longer():
    gone = Delivery("old", "t", (), mode="undo")
    assert request_of(settings(), gone)["source"] == "old"
    with pytest.raises(KeyError):
        request_of(settings(), replace(gone, mode="live"))


def test_the_next_request_holds_nothing_of_the_one_before():
    requests = Requests(settings())
    plain = Delivery("erp", "t", (event("i1", {"stock": 1}),), b"1")
    first = requests.first(plain, "text", None)
    requests.first(replace(plain, events=(FULL, bad()), closes="u1", run="r1"), "base64", None)
    assert requests.first(plain, "text", None) == first


def test_an_outbox_keeps_its_configuration():
    outbox = Outbox(Steps(None), settings())
    with pytest.raises(AttributeError):
        outbox.settings = settings()
