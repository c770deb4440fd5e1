"""Deliveries: each outcome is listed, shown and, where it is kept, run again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import redis
from click.testing import CliRunner

from service.cli import main
from service.config.build import Configuration
from service.ingest import spool_list
from service.ingest.entry import Entry
from service.ingest.remap import Remap
from service.ingest.spool import Spool, folder_of
from service.operate import delivery_runner
from service.operate.bulk_runner import BulkRunner
from service.operate.deliveries import (
    DeliverySelection,
    list_deliveries,
    replay_deliveries,
    show_delivery,
    start_replay,
)
from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from service.senders import build
from tests.support.deliveries_rig import Deliveries
from workers.errors import ConfigurationInvalid, Problem, StoreUnavailable
from workers.store import refusal_list
from workers.store.audit import Audit
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.runs import Runs

NAMES = ("id", "at", "source", "topic", "outcome", "status", "events", "keys", "reason")


@pytest.fixture
def rig(tmp_path, store, store_socket):
    assert store.dbsize() == 0
    made = Deliveries(tmp_path, store_socket)
    yield made
    made.close()


def outcomes(rig, **filters):
    return [each["outcome"] for each in rig.items(**filters)]


def price(sku, cents, **more):
    return {"type": "price", "sku": sku, "cents": cents} | more


# listing ----------------------------------------------------------------------------------------


def test_what_was_kept_is_listed_by_the_names_of_the_contract(rig):
    assert rig.send(**price("SKU-1", 500)) == 200
    (found,) = rig.items()
    assert tuple(found) == NAMES
    assert datetime.now(UTC) - datetime.fromisoformat(found.pop("at")) < timedelta(minutes=1)
    assert found == {
        "id": "erp-1",
        "source": "erp",
        "topic": "price",
        "outcome": "kept",
        "status": 200,
        "events": 1,
        "keys": ["SKU-1"],
        "reason": None,
    }


def test_a_repeat_is_listed_as_a_duplicate_with_its_keys(rig):
    for _ in range(2):
        rig.send(**price("SKU-1", 500, id="e1"))
    repeat, first = rig.items()
    assert (first["outcome"], repeat["outcome"]) == ("kept", "duplicate")
    assert (repeat["keys"], repeat["reason"]) == (["SKU-1"], "all of its events came before")


def test_beside_a_repeat_what_no_mapping_takes_is_kept_and_told(rig):
    first = price("SKU-1", 500, id="e1")
    rig.send(**first)
    rig.send(first, {"id": "e2", "type": "order"})
    found = rig.items()[0]
    assert (found["id"], found["outcome"]) == ("erp-2", "duplicate")
    assert "no mapping takes" in found["reason"]


def test_what_no_mapping_takes_is_unwanted_and_says_its_topic(rig):
    rig.send(type="order", sku="SKU-1")
    (found,) = rig.items()
    assert (found["outcome"], found["topic"]) == ("unwanted", "order")
    assert found["reason"] == "no mapping takes it"


def test_what_could_not_be_mapped_says_why_and_whose_it_was(rig):
    rig.send(**price("SKU-1", "x"))
    (found,) = rig.items()
    assert (found["outcome"], found["status"], found["keys"]) == ("unmapped", 200, ["SKU-1"])
    assert "cents" in found["reason"]


def test_a_body_that_cannot_be_read_is_unmapped(rig):
    rig.web.post("/webhooks/erp", data=b"{", headers={"Authorization": "Bearer s3cret"})
    (found,) = rig.items()
    assert (found["outcome"], found["events"]) == ("unmapped", 1)
    assert found["reason"].startswith("the body is not JSON: ")


def test_a_source_that_keeps_nothing_is_listed_without_a_body(rig):
    rig.send(source="brief", **price("SKU-1", 500))
    (found,) = rig.items()
    assert (found["outcome"], found["keys"]) == ("kept", ["SKU-1"])
    assert rig.show(found["id"])["body"] is None
    (left,) = rig.replay(found["id"])["left"]
    assert "keep_hours" in left["reason"]


def test_the_newest_come_first_over_all_sources_page_by_page(rig):
    sent = []
    for n in range(5):
        rig.send(**price(f"a{n}", n))
        rig.send(source="brief", **price(f"b{n}", n))
        rig.send(source="crm", **price(f"c{n}", n))
        sent += [("erp", "kept"), ("brief", "kept")]
    rig.refusals.flush()
    found, cursor = [], None
    for _ in range(20):
        page = rig.listed(limit=3, cursor=cursor)
        assert len(page.items) <= 3
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == len({each["id"] for each in found})
    at = [each["at"] for each in found if each["outcome"] == "kept"]
    assert at == sorted(at, reverse=True)
    assert sorted((e["source"], e["outcome"]) for e in found if e["outcome"] == "kept") == sorted(
        sent
    )


@pytest.mark.parametrize("key", ["gid://shopify/Product/1", "A/B", "A|ü", "ü\u0308"])
def test_a_key_of_any_form_finds_its_deliveries(rig, key):
    rig.send(**price(key, 1))
    rig.send(**price("other", 1))
    (found,) = rig.items(key=key)
    assert found["id"] == "erp-1"
    assert rig.items(key=f"  {key} ")
    assert rig.items(key="another") == []


def test_a_key_beyond_those_that_are_listed_finds_its_delivery(rig):
    rig.send(*(price(f"SKU-{n}", n) for n in range(60)))
    (found,) = rig.items(key="SKU-59")
    assert (found["events"], len(found["keys"])) == (60, 10)
    assert len(rig.show(found["id"])["keys"]) == 60
    assert rig.items(key="SKU-60") == []


def test_filters_choose_by_source_outcome_and_time(rig):
    rig.send(**price("a", 1))
    rig.send(source="brief", **price("b", 1))
    rig.send(type="order", sku="c")
    assert [each["source"] for each in rig.items(source="brief")] == ["brief"]
    assert outcomes(rig, outcome="unwanted") == ["unwanted"]
    assert len(rig.items(since=timedelta(minutes=5))) == 3
    assert rig.items(since=datetime.now(UTC) + timedelta(minutes=5)) == []


@pytest.mark.parametrize(
    "wrong", [{"source": "nobody"}, {"outcome": "lost"}, {"cursor": "x"}, {"cursor": "1.2.kept"}]
)
def test_a_wrong_filter_says_what_was_found_and_expected(rig, wrong):
    with pytest.raises(FilterInvalid) as caught:
        rig.items(**wrong)
    assert caught.value.found
    assert caught.value.expected
    assert caught.value.do


@pytest.mark.parametrize("cursor", [f"{9**18}.{9**18}.kept.erp", "0.0.x.y", "5.5.refused.é"])
def test_any_cursor_of_the_right_form_is_answered(rig, cursor):
    rig.send(**price("a", 1))
    rig.items(cursor=cursor)


def test_a_delivery_of_an_earlier_release_is_listed_from_its_body(rig):
    older = Older(rig)
    older.send(**price("SKU-3", 500))
    older.send(**price("SKU-4", "x"))
    older.send(type="order", sku="SKU-5")
    found = [(each["outcome"], each["topic"], each["keys"]) for each in rig.items()]
    assert found == [
        ("unwanted", "order", []),
        ("unmapped", "price", ["SKU-4"]),
        ("kept", "price", ["SKU-3"]),
    ]


class Older:
    """A web process of the release before: it says nothing of a delivery but its body."""

    def __init__(self, rig):
        self.send = rig.send
        outbox = rig.context.outbox
        call = outbox._call

        def without(delivery):
            made = call(delivery)
            made.arguments[0].pop("summary")
            return made

        outbox._call = without


# refused ----------------------------------------------------------------------------------------


def test_a_refused_request_says_what_was_checked_and_nothing_of_its_body(rig):
    assert rig.send(headers={"Authorization": "Bearer wr0ng"}, sku="SECRET-SKU") == 401
    (found,) = rig.items()
    assert (found["outcome"], found["status"], found["keys"]) == ("refused", 401, [])
    assert "no configured secret" in found["reason"]
    shown = rig.show(found["id"])
    assert shown["checked"]["scheme"] == "bearer"
    assert shown["checked"]["headers"] == {"authorization": "present"}
    assert shown["body"] is None
    for key in rig.client.scan_iter():
        held = repr(rig.client.dump(key))
        assert "wr0ng" not in held
        assert "SECRET-SKU" not in held


def test_a_missing_header_is_named(rig):
    assert rig.send(source="crm", headers={}) == 401
    (found,) = rig.items()
    assert "header x-hub-signature-256 is missing" in found["reason"]
    assert rig.show(found["id"])["checked"]["headers"] == {"x-hub-signature-256": "missing"}


def test_the_url_that_is_signed_is_shown_without_its_token(rig):
    headers = {"X-Square-HmacSha256-Signature": "bm8="}
    assert rig.send(source="shop/h1dden", headers=headers) == 401
    (found,) = rig.items()
    checked = rig.show(found["id"])["checked"]
    assert checked["url"] == "https://hooks.example.com/webhooks/shop/<path_token>"
    assert checked["headers"] == {"x-square-hmacsha256-signature": "present"}
    assert "h1dden" not in json.dumps(rig.show(found["id"]))


def test_what_no_source_was_asked_for_is_listed_too(rig):
    assert rig.send(source="typo") == 404
    assert rig.send(source="shop/wrong") == 404
    unnamed, token = sorted(rig.items(outcome="refused"), key=lambda each: each["source"])
    assert (unnamed["source"], token["source"]) == ("(unknown)", "shop")
    assert "no source has the name" in unnamed["reason"]
    assert "path_token" in token["reason"]
    assert rig.show(unnamed["id"])["outcome"] == "refused"
    assert rig.items(source="(unknown)") == [unnamed]


def test_a_flood_of_refusals_is_few_entries_that_say_how_many(rig):
    for _ in range(10_000):
        rig.refusals.list("erp", refusal_list.Refused("refused", 401, "no header"))
    (found,) = rig.items()
    assert "(10,000 times)" in found["reason"]


def test_a_flood_of_many_causes_is_bounded_and_counted(rig):
    asked = []
    for n in range(10_000):
        refused = refusal_list.Refused("refused", 401, f"cause {n}")
        rig.refusals.list("erp", refused, lambda n=n: asked.append(n) or {})
        if n % 1000 == 999:
            rig.refusals.flush()
    assert rig.client.xlen("instep:refused:erp") <= refusal_list.BURST
    assert len(asked) <= refusal_list.BURST + refusal_list.CAUSES
    unlisted = int(rig.client.hget("instep:source:erp", "refused-unlisted"))
    assert unlisted >= 10_000 - refusal_list.BURST - refusal_list.CAUSES


def test_a_source_keeps_the_newest_refusals_only(rig):
    clock = [0.0]
    rig.refusals._list._monotonic = lambda: clock[0]
    for n in range(refusal_list.MOST + 50):
        clock[0] += refusal_list.EVERY
        rig.refusals.list("erp", refusal_list.Refused("refused", 401, f"cause {n}"))
        rig.refusals.flush()
    assert rig.client.xlen("instep:refused:erp") == refusal_list.MOST
    assert f"cause {refusal_list.MOST + 49}" in rig.items(limit=1)[0]["reason"]


def test_repeats_are_bounded_too(rig):
    for _ in range(2):
        rig.send(**price("a", 1, id="e1"))
    ((_, entry),) = rig.client.xrange("instep:unkept:erp")
    for _ in range(600):
        rig.client.xadd("instep:unkept:erp", entry)
    rig.send(**price("a", 1, id="e1"))
    assert rig.client.xlen("instep:unkept:erp") == 500
    assert rig.client.pttl("instep:unkept:erp") > 0


# spooled ----------------------------------------------------------------------------------------


@pytest.fixture
def spool(rig):
    made = Spool(folder_of(rig.context.settings.store.data), 1)
    yield made
    made.close()


def test_a_repeat_is_listed_though_the_clock_went_back(rig):
    rig.send(**price("SKU-1", 1, id="e1"))
    for _ in range(3):
        rig.send(**price("SKU-1", 1, id="e1"))
        rig.context.steps.clock_offset_ms -= 5_000
        rig.client.delete("instep:clock")
    assert outcomes(rig).count("duplicate") == 3


def test_what_waits_in_the_spool_is_listed_and_shown(rig, spool):
    now = int(datetime.now(UTC).timestamp() * 1e6)
    body = json.dumps(price("SKU-1", 5)).encode()
    spool.append(Entry("erp", "t1", now, headers={"content-type": "application/json"}, body=body))
    (found,) = rig.items(outcome="spooled")
    assert (found["outcome"], found["topic"], found["keys"]) == ("spooled", "price", ["SKU-1"])
    assert "/" not in found["id"]
    shown = rig.show(found["id"])
    assert json.loads(shown["body"])["sku"] == "SKU-1"
    assert shown["found"][0]["became"] == "waits"
    (left,) = rig.replay(found["id"])["left"]
    assert "accepted by itself" in left["reason"]


def test_what_waits_is_listed_and_shown_while_the_store_is_away(rig, spool, monkeypatch):
    now = int(datetime.now(UTC).timestamp() * 1e6)
    spool.append(Entry("erp", "t1", now, body=json.dumps(price("SKU-1", 5)).encode()))
    (id,) = [each["id"] for each in rig.items()]
    rig.close()
    monkeypatch.setitem(rig.environ, "REDIS_URL", "unix:///nowhere")
    command = ["deliveries", "list", "--outcome", "spooled", "--json"]
    listed = CliRunner().invoke(main, command, env=rig.environ)
    assert [each["keys"] for each in json.loads(listed.stdout)] == [["SKU-1"]]
    shown = CliRunner().invoke(main, ["deliveries", "show", id], env=rig.environ)
    assert "SKU-1" in shown.stdout
    assert CliRunner().invoke(main, ["deliveries", "list"], env=rig.environ).exit_code == 1


def test_of_a_full_spool_the_newest_are_listed(rig, spool, monkeypatch):
    monkeypatch.setattr(spool_list, "MOST", 3)
    now = int(datetime.now(UTC).timestamp() * 1e6)
    for n in range(5):
        body = json.dumps(price(f"SKU-{n}", n)).encode()
        spool.append(Entry("erp", f"t{n}", now + n * 1000, body=body))
    assert [each["keys"] for each in rig.items()] == [["SKU-4"], ["SKU-3"], ["SKU-2"]]
    monkeypatch.setattr(spool_list, "ROOM", 1)
    assert len(rig.items()) == 1


def test_what_the_store_has_of_a_spool_is_not_listed_twice(rig, spool):
    now = int(datetime.now(UTC).timestamp() * 1e6)
    for n in range(2):
        spool.append(Entry("erp", f"t{n}", now, body=json.dumps(price("a", n)).encode()))
    (file,) = spool._files
    rig.client.hset(f"instep:spool:{file.name}", "last:erp", 1)
    assert len(rig.items(outcome="spooled")) == 1


# showing ----------------------------------------------------------------------------------------


def test_a_delivery_is_shown_with_its_body_and_what_became_of_each_event(rig):
    first = price("SKU-1", 500, id="e1")
    rig.send(**first)
    sent = (first, price("SKU-2", 7, id="e2"), price("SKU-3", "x", id="e3"), {"type": "order"})
    rig.send(*sent)
    shown = rig.show("erp-2")
    assert json.loads(shown["body"]) == {"events": list(sent)}
    assert (shown["encoding"], shown["cut"]) == ("text", False)
    assert shown["headers"] == {}
    assert shown["proof"] == {"scheme": "bearer", "secret": 1, "of": 2}
    became = [(each["event"], each["became"]) for each in shown["found"]]
    assert became == [
        ("e1", "repeated"),
        ("e2", "accepted"),
        ("e3", "left out"),
        (None, "unwanted"),
    ]
    assert shown["found"][1]["changes"][0] == {
        "mapping": "Price",
        "collection": "products",
        "key": "SKU-2",
        "item": None,
        "fields": {"price": 7},
        "version": None,
        "retire": None,
    }
    letter = shown["found"][2]["dead_letter"]
    assert rig.context.letters.show(letter["id"]).state == letter["state"] == "open"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"type": "order"}, "its topic is order; the mappings of erp take price"),
        ({"sku": "a"}, "its topic is none; the mappings of erp take price"),
        ({"type": "price", "sku": "a"}, "its topic is taken, but no mapping finds"),
    ],
)
def test_an_event_that_no_mapping_takes_says_why(rig, body, why):
    rig.send(**body)
    assert rig.show("erp-1")["found"][0]["why"].startswith(why)


def test_the_secret_that_proved_it_is_named_by_its_position_alone(rig):
    rig.send(headers={"Authorization": "Bearer 0lder-s3cret"}, **price("SKU-1", 1))
    shown = rig.show("erp-1")
    assert shown["proof"]["secret"] == 2
    assert "s3cret" not in json.dumps(shown)


def test_a_large_body_is_cut_and_says_so(rig):
    rig.send(**price("SKU-1", 1, text="ü" * 100_000))
    shown = rig.show("erp-1")
    assert shown["cut"]
    assert len(shown["body"].encode()) <= 65_536
    assert shown["bytes"] > 200_000 - 10_000


def test_a_kept_delivery_is_found_among_many_by_its_number(rig):
    for n in range(40):
        rig.context.steps.clock_offset_ms += (n % 3) * 1000
        rig.send(**price(f"SKU-{n}", n))
    for n in (1, 2, 17, 39, 40):
        assert rig.show(f"erp-{n}")["keys"] == [f"SKU-{n - 1}"]


@pytest.mark.parametrize(
    "id",
    ["erp-41", "erp", "", "erp-r1.1", "erp-u5.x", "no-1", "erp-s1.2", f"erp-{9**30}", "-", "é-1"],
)
def test_an_unknown_delivery_is_none(rig, id):
    rig.send(**price("a", 1))
    assert rig.show(id) is None


# replay -----------------------------------------------------------------------------------------


@pytest.fixture
def corrected(rig):
    """Of two prices the first was wrong, and the mapping is corrected."""
    rig.send(**price("a", 500, euros=5))
    rig.send(**price("b", 600, euros=6))
    rig.correct('data_key="cents"', 'data_key="euros"')
    return rig


def test_a_dry_run_says_what_would_change_and_changes_nothing(corrected):
    found = corrected.replay("erp-1", dry_run=True)
    assert (found["matched"], found["changed"], found["items"]) == (1, 1, 1)
    assert found["changes"][0] | {"old": 500, "new": 5} == found["changes"][0]
    assert corrected.price("a") == 500


def test_a_delivery_runs_again_by_todays_mapping(corrected):
    found = corrected.replay("erp-1")
    assert (found["taken"], found["left"]) == (1, [])
    assert (corrected.price("a"), corrected.price("b")) == (5, 600)


def test_a_filter_chooses_what_runs_again(corrected):
    corrected.send(headers={}, **price("a", 1))
    found = corrected.replay(key="b")
    assert (found["matched"], found["left"]) == (1, [])
    assert (corrected.price("a"), corrected.price("b")) == (500, 6)
    assert corrected.replay(source="erp")["taken"] == 1
    assert corrected.price("a") == 5


def test_a_replay_never_goes_over_a_newer_value(corrected):
    corrected.send(**price("a", 0, euros=9))
    found = corrected.replay("erp-1")
    assert (found["taken"], found["stale"]) == (0, 1)
    assert corrected.price("a") == 9


def test_a_refused_one_cannot_be_replayed_and_says_so(corrected):
    corrected.send(headers={}, **price("a", 1))
    (refused,) = corrected.items(outcome="refused")
    for found in (corrected.replay(refused["id"]), corrected.replay(outcome="refused")):
        (left,) = found["left"]
        assert left["id"] == refused["id"]
        assert "send it again" in left["reason"]
        assert found["taken"] == 0


def test_what_is_gone_is_left(corrected):
    found = corrected.replay("erp-1", "erp-99")
    assert found["taken"] == 1
    assert [each["id"] for each in found["left"]] == ["erp-99"]


def test_a_replay_closes_the_letter_of_what_it_can_map_now(rig):
    rig.send(**price("a", "x", euros=5))
    rig.correct('data_key="cents"', 'data_key="euros"')
    assert rig.replay("erp-1")["letters"] == 1
    assert rig.price("a") == 5
    assert rig.context.letters.list() == []


def test_a_replay_is_a_run_and_stands_in_the_audit_list(corrected):
    corrected.replay(key="a", dry_run=True)
    runs = Runs(corrected.context.steps)
    assert runs.list() == []
    found = corrected.replay(key="a")
    run = runs.show(found["run"])
    assert (run.kind, run.by, run.state) == ("replay", "admin", "done")
    assert (run.figures["taken"], run.figures["left"]) == (1, 0)
    ((entry,), _) = Audit(corrected.context.steps).list(None, 10)
    assert (entry["by"], entry["action"], entry["figures"]["run"]) == ("admin", "replay", run.id)
    assert "a" not in run.about.values()


def test_a_worker_carries_out_a_replay_that_was_begun_elsewhere(corrected):
    selection = DeliverySelection(source="erp")
    made = corrected.configuration
    id = start_replay(corrected.context, selection, "admin", scope=None, configuration=made)
    runs = corrected.context.runs
    assert (runs.show(id).state, corrected.price("a")) == ("running", 500)
    runner = BulkRunner(corrected.context, lambda: made)
    while runner.step():
        pass
    run = runs.show(id)
    assert (run.state, run.figures["done"], run.figures["taken"]) == ("done", 2, 2)
    assert (corrected.price("a"), corrected.price("b")) == (5, 6)


def test_a_slice_that_is_done_again_after_a_crash_changes_nothing_more(corrected, monkeypatch):
    made = corrected.configuration
    id = start_replay(
        corrected.context,
        DeliverySelection(source="erp"),
        "admin",
        scope=None,
        configuration=made,
    )
    runs = corrected.context.runs
    with monkeypatch.context() as patched:
        patched.setattr(type(runs), "did", lambda *_: False)
        BulkRunner(corrected.context, lambda: made).step()
    assert (corrected.price("a"), runs.show(id).figures["done"]) == (5, 0)
    run = BulkRunner(corrected.context, lambda: made).carry_out(id)
    assert (run.state, run.figures["done"]) == ("done", 2)
    assert (run.figures["taken"], run.figures["same"]) == (0, 2)


def test_a_delivery_that_breaks_the_replay_holds_up_no_other(corrected, monkeypatch):
    whole = Remap._events

    def broken(self, delivery):
        if delivery.number == 1:
            raise KeyError("a bug")
        return whole(self, delivery)

    monkeypatch.setattr(Remap, "_events", broken)
    found = corrected.replay(source="erp")
    assert (found["done"], found["taken"]) == (2, 1)
    assert found["left"] == [{"id": "erp-1", "reason": "KeyError: 'a bug'"}]
    assert (corrected.price("a"), corrected.price("b")) == (500, 6)


def test_a_slice_ends_in_time(corrected, monkeypatch):
    monkeypatch.setattr(delivery_runner, "SECONDS", -1.0)
    made = corrected.configuration
    id = start_replay(
        corrected.context,
        DeliverySelection(source="erp"),
        "admin",
        scope=None,
        configuration=made,
    )
    BulkRunner(corrected.context, lambda: made).step()
    assert corrected.context.runs.show(id).figures["done"] == 1


def test_a_worker_whose_configuration_is_wrong_leaves_deliveries_and_says_why(corrected):
    def wrong():
        raise ConfigurationInvalid([Problem("mappings.py", "no file", "a file", "restore it")])

    id = start_replay(
        corrected.context,
        DeliverySelection(source="erp"),
        "admin",
        scope=None,
        configuration=corrected.configuration,
    )
    run = BulkRunner(corrected.context, wrong).carry_out(id)
    assert (run.state, run.figures["left"]) == ("done", 2)
    assert "restore it" in next(iter(run.figures["reasons"]))


def test_what_goes_while_a_replay_waits_is_left(corrected):
    made = corrected.configuration
    id = start_replay(
        corrected.context,
        DeliverySelection(source="erp"),
        "admin",
        scope=None,
        configuration=made,
    )
    corrected.client.delete("instep:kept:erp")
    run = BulkRunner(corrected.context, lambda: made).carry_out(id)
    assert (run.figures["left"], run.figures["done"]) == (2, 2)
    assert run.figures["reasons"] == {"there is no such delivery, or no longer": 2}


def test_a_replay_that_cannot_go_on_waits_for_a_worker(corrected, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr("workers.store.delivery_log.Kept.run", away)
        with pytest.raises(StoreUnavailable):
            corrected.replay("erp-1")
    (run,) = corrected.context.runs.list()
    assert (run.state, run.figures["done"]) == ("running", 0)
    made = corrected.configuration
    assert BulkRunner(corrected.context, lambda: made).carry_out(run.id).figures["taken"] == 1


def test_what_may_not_be_seen_is_neither_listed_nor_shown_nor_replayed(corrected):
    corrected.send(source="typo")
    corrected.send(source="brief", **price("b", 1))
    scope = Scope(False, frozenset(), frozenset(), frozenset({"brief"}))
    assert {each["source"] for each in corrected.items(scope=scope)} == {"brief"}
    assert corrected.show("erp-1", scope=scope) is None
    found = corrected.replay("erp-1", scope=scope)
    assert (found["taken"], len(found["left"])) == (0, 1)
    with pytest.raises(FilterInvalid):
        corrected.items(source="erp", scope=scope)


def test_only_collections_that_may_be_seen_are_shown_and_changed(rig):
    both = """

class Shelf(Mapping):
    class Meta:
        source = "erp"
        collection = "stores"
        key = "sku"

    price = fields.Integer(data_key="cents")


class Brief(Mapping):"""
    rig.correct("\n\nclass Brief(Mapping):", both)
    rig.send(**price("a", 500, euros=5))
    rig.correct('data_key="cents"', 'data_key="euros"')
    scope = Scope(False, frozenset(), frozenset({"stores"}), frozenset({"erp"}))
    shown = rig.show("erp-1", scope=scope)
    assert [each["collection"] for each in shown["found"][0]["changes"]] == ["stores"]
    assert rig.replay("erp-1", scope=scope)["taken"] == 1
    assert (rig.price("a"), rig.price("a", "stores")) == (500, 5)


# slices and fetches -----------------------------------------------------------------------------


def test_a_delivery_in_slices_ends_with_the_outcome_of_its_events(rig, monkeypatch):
    monkeypatch.setattr("workers.store.slicing.MOST", 10)
    rig.send(*(price(f"SKU-{n}", n, id=f"e{n}") for n in range(40)))
    while rig.context.outbox.slice().more:
        pass
    rig.send(*(price(f"SKU-{n}", "x") for n in range(3)), *({"type": "order"} for _ in range(40)))
    while rig.context.outbox.slice().more:
        pass
    assert outcomes(rig) == ["unmapped", "kept"]


# erasure ----------------------------------------------------------------------------------------


@pytest.fixture
def erase(rig, store_socket):
    with redis.Redis(unix_socket_path=store_socket) as raw:

        def run(key):
            text = KeyText("products", key, spellings=[key], names=("sku",))
            erasure = Erasure(raw, rig.context.steps, text)
            return erasure.run(erasure.find())

        yield run


@pytest.mark.parametrize("key", ["REF-77-A", "12", "gid://shopify/Product/12345"])
def test_what_is_listed_of_a_forgotten_record_goes_and_the_rest_stays(rig, erase, key):
    # The first of a topic is the dictionary of the others, and they go with it.
    for sku in ("OTHER-1", key):
        for _ in range(2):
            rig.send(**price(sku, 5, id=f"e-{sku}"))
        rig.send(source="brief", **price(sku, 5))
        rig.send(**price(sku, "x"))
    erased = erase(key)
    assert erased.left == ()
    assert erased.gone["listed"] == 2
    assert {key for each in rig.items() for key in each["keys"]} == {"OTHER-1"}
    assert len(rig.items()) == 4


@pytest.fixture
def _uncompressed(store):
    """What DUMP returns is as it is stored."""
    store.config_set("rdbcompression", "no")
    yield
    store.config_set("rdbcompression", "yes")


@pytest.mark.usefixtures("_uncompressed")
def test_no_byte_of_a_forgotten_key_stays_in_the_lists(rig, erase):
    for sku in ("OTHER-1", "REF-77-A"):
        for _ in range(2):
            rig.send(**price(sku, 5, id=f"e-{sku}"))
        rig.send(source="brief", **price(sku, 5))
    assert b"REF-77-A" in rig.dump("instep:unkept:erp")
    erase("REF-77-A")
    for name in ("kept:erp", "unkept:erp", "unkept:brief"):
        assert b"REF-77-A" not in rig.dump(f"instep:{name}")


def test_a_key_in_the_words_of_a_problem_is_found(rig, erase):
    rig.send(**price("OTHER-1", "REF-77-A"))
    assert "REF-77-A" in rig.items()[0]["reason"]
    erase("REF-77-A")
    assert rig.items() == []


# what a fetcher read ----------------------------------------------------------------------------


def test_what_a_fetcher_read_is_listed_as_such_and_runs_again(way_with):
    way = way_with(lambda _: {"sku": "p1", "qty": 1, "pieces": 10})
    way.notice("p1")
    way.run()

    def made():
        senders = {"shop": build(way.settings.sources["shop"], public_url=None)}
        return Configuration(way.settings, senders, way.mappings)

    fetched, notice = list_deliveries(way.context, configuration=made()).items
    assert (notice["outcome"], notice["status"], notice["keys"]) == ("kept", 200, [])
    assert (fetched["outcome"], fetched["status"], fetched["keys"]) == ("kept", None, ["p1"])
    assert fetched["reason"] == "read by a fetcher"
    shown = show_delivery(way.context, fetched["id"], configuration=made())
    assert [each["became"] for each in shown["found"]] == ["accepted"]
    assert shown["headers"]["fetcher"]
    way.begin('data_key="qty"', 'data_key="pieces"')
    selection = DeliverySelection((fetched["id"],))
    replay_deliveries(way.context, selection, dry_run=False, configuration=made())
    assert json.loads(way.field("p1", "stock")["v"]) == 10
