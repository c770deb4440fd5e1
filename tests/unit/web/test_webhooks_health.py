from datetime import timedelta, timezone

import pytest

from service.ingest.entry import Entry
from service.ingest.spool_parts import SpoolParts
from tests.support.application import NOW, PROOF, Outbox, down, make
from workers.config.settings import StoreSettings
from workers.errors import StoreUnsafe


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def client(tmp_path, outbox):
    return make(tmp_path, outbox)


def test_health_is_that_the_process_answers(client):
    assert client.get("/healthz").status_code == 200


FLOWING = {
    "destinations": {"site": {"state": "flowing", "reason": ""}},
    "collections": {"products": {"state": "waiting", "reason": "for the budget"}},
}


def ready(tmp_path, outbox, **parts):
    return make(tmp_path, outbox, **({"status": lambda: FLOWING} | parts))


def test_ready_is_a_durable_store_and_a_live_worker(tmp_path, outbox):
    response = ready(tmp_path, outbox).get("/readyz?strict")
    assert (response.status_code, response.json) == (
        200,
        {
            "ready": True,
            "status": "ready",
            "reasons": [],
            "store": {"mode": "always"},
            "workers": 2,
            "spool": None,
        },
    )


def unsafe():
    raise StoreUnsafe("maxmemory-policy: found allkeys-lru, expected noeviction")


@pytest.mark.parametrize(
    ("parts", "name", "do"),
    [
        ({"check_store": down}, "store away", "check that the store runs"),
        ({"check_store": unsafe}, "store weak", "expected noeviction"),
        ({"workers_alive": down}, "store away", "check that the store runs"),
        ({"status": down}, "store away", "check that the store runs"),
    ],
    ids=["store down", "store unsafe", "store gone between", "store gone after"],
)
def test_what_could_not_be_kept_is_answered_503_with_the_reason(tmp_path, outbox, parts, name, do):
    response = ready(tmp_path, outbox, **parts).get("/readyz")
    assert response.status_code == 503
    assert (response.json["ready"], response.json["status"]) == (False, "down")
    (reason,) = response.json["reasons"]
    assert (reason["name"], reason["state"], do in reason["do"]) == (name, "down", True)
    assert "passw0rd" not in response.text


def states(**entries):
    return {
        kind: {name: {"state": state, "reason": "why"}} for kind, (name, state) in entries.items()
    }


@pytest.mark.parametrize(
    ("parts", "name", "do"),
    [
        ({"workers_alive": lambda: 0}, "no worker", "instep worker"),
        (
            {"status": lambda: states(destinations=("site", "paused"))},
            "destination site: paused",
            "instep resume destination:site",
        ),
        (
            {"status": lambda: states(destinations=("site", "outage"))},
            "destination site: outage",
            "once it answers",
        ),
        (
            {"status": lambda: states(collections=("products", "paused"))},
            "collection products: paused",
            "instep resume collection:products",
        ),
    ],
)
def test_what_waits_for_somebody_is_degraded_and_answered_200(tmp_path, outbox, parts, name, do):
    client = ready(tmp_path, outbox, **parts)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert (response.json["ready"], response.json["status"]) == (True, "degraded")
    (reason,) = response.json["reasons"]
    assert (reason["name"], reason["state"], do in reason["do"]) == (name, "degraded", True)


def test_a_collection_is_not_named_for_its_destination(tmp_path, outbox):
    both = states(destinations=("site", "paused"), collections=("products", "paused"))
    response = ready(tmp_path, outbox, status=lambda: both).get("/readyz")
    assert [each["name"] for each in response.json["reasons"]] == ["destination site: paused"]


def test_strict_takes_degraded_for_not_ready(tmp_path, outbox):
    client = ready(tmp_path, outbox, workers_alive=lambda: 0)
    assert client.get("/readyz?strict").status_code == 503
    assert client.get("/readyz?strict=1").status_code == 503


def test_a_reason_says_since_when_it_stands(tmp_path, outbox):
    hours = iter(range(24))
    workers = iter([0, 0, 1, 0])
    client = ready(
        tmp_path,
        outbox,
        workers_alive=lambda: next(workers),
        clock=lambda: NOW.replace(hour=next(hours)),
    )
    since = [client.get("/readyz").json["reasons"] for _ in range(4)]
    assert [each and each[0]["since"][11:13] for each in since] == ["00", "00", [], "03"]


def test_who_asks_often_is_told_what_was_seen_half_a_second_before(tmp_path, outbox):
    looks = []
    moments = iter([0, 0.4, 0.6, 0.2])
    client = ready(
        tmp_path,
        outbox,
        status=lambda: looks.append(1) or FLOWING,
        clock=lambda: NOW + timedelta(seconds=next(moments)),
    )
    found = [client.get("/readyz").json["status"] and len(looks) for _ in range(4)]
    assert found == [1, 1, 2, 2]


@pytest.mark.parametrize("state", ["paused", "outage"])
def test_what_the_cms_said_is_not_on_the_open_page(tmp_path, outbox, state):
    entry = {"state": state, "reason": "401: words of the CMS", "since": None, "by": "instep"}
    response = ready(tmp_path, outbox, status=lambda: {"destinations": {"site": entry}})
    page = response.get("/readyz")
    assert set(page.json["reasons"][0]) == {"name", "state", "since", "do"}
    assert "words of the CMS" not in page.text


def test_a_time_is_told_in_utc(tmp_path, outbox):
    local = NOW.astimezone(timezone(timedelta(hours=5)))
    client = ready(tmp_path, outbox, workers_alive=lambda: 0, clock=lambda: local)
    (reason,) = client.get("/readyz").json["reasons"]
    assert reason["since"] == NOW.isoformat(timespec="seconds")


def short(*, full):
    since = "2026-05-12T09:30:00+00:00"
    memory = {"used": 95 if full else 75, "limit": 100, "level": "high", "since": since}
    return lambda: FLOWING | {"memory": memory | {"full": full}}


def test_memory_that_is_short_is_degraded_since_it_is(tmp_path, outbox):
    response = ready(tmp_path, outbox, status=short(full=False)).get("/readyz")
    (reason,) = response.json["reasons"]
    assert (response.status_code, reason["name"], reason["since"]) == (
        200,
        "memory short",
        "2026-05-12T09:30:00+00:00",
    )
    assert "instep status" in reason["do"]


def test_memory_that_takes_no_delivery_is_down(tmp_path, outbox):
    response = ready(tmp_path, outbox, status=short(full=True)).get("/readyz")
    assert response.status_code == 503
    assert response.json["reasons"][0]["name"] == "memory full"


def test_metrics_are_prometheus_text(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=")
    assert 'outbox_items{collection="products"} 3.0' in response.text


def test_metrics_without_the_store_tell_what_the_machine_knows(tmp_path, outbox):
    spool = SpoolParts(StoreSettings(data=tmp_path), client=None)
    for token in ("1", "2"):
        spool.spool.append(Entry("erp", token, 1))
    response = make(tmp_path, outbox, status=down, spool=spool).get("/metrics")
    assert response.status_code == 200
    assert "\ninstep_spool_deliveries 2.0\n" in response.text
    assert "outbox_items" not in response.text
    assert "passw0rd" not in response.text


def test_metrics_without_the_store_and_a_spool_are_answered_all_the_same(tmp_path, outbox):
    response = make(tmp_path, outbox, status=down).get("/metrics")
    assert (response.status_code, "instep_spool_deliveries 0.0" in response.text) == (200, True)


def test_an_error_of_ours_is_told_in_json_without_its_words(tmp_path, outbox):
    def clock():
        raise RuntimeError("passw0rd")

    response = make(tmp_path, outbox, clock=clock).post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.json) == (500, {"error": "Internal Server Error"})
