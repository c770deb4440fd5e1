"""Who may see and do what under /api."""

import pytest

from tests.support.api_rig import ADMIN, CLERK, MAPPINGS, OPERATE, SHOP, TOML, VIEW, Rig
from workers.store import keys

BOTH = """
[sources.both]
sender = "bearer"
secrets = ["s3cret-of-the-both"]
id = "id"
"""
OF_BOTH = """

class BothStock(Mapping):
    class Meta:
        source = "both"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty")


class BothOrder(Mapping):
    class Meta:
        source = "both"
        collection = "orders"
        key = "number"

    total = fields.Integer()
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("api"), store_socket)
    yield rig
    rig.close()


@pytest.fixture
def rig(application, store):
    assert store.dbsize() == 0
    application.fill()
    return application


def routes(rig):
    """Every path and method of the API, as OpenAPI has it."""
    paths = rig.get("/api/openapi.json").json["paths"]
    found = [(path, method.upper()) for path, of in paths.items() for method in of]
    return [(path, method) for path, method in found if method in ("GET", "POST")]


def test_no_route_answers_without_a_token(rig):
    found = routes(rig)
    assert len(found) >= 4
    for path, method in [*found, ("/api/openapi.json", "GET"), ("/api", "GET"), ("/api/x", "PUT")]:
        for token in (None, "", "wrong-token-000001", ADMIN[:-1], f"{ADMIN}x"):
            answer = rig._ask(method, path, token)
            assert answer.status_code == 401, (path, method, token)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert set(answer.json["error"]) == {"found", "expected", "do"}


@pytest.mark.parametrize("kind", ["Basic", "Token"])
def test_a_token_in_another_scheme_is_none(rig, kind):
    answer = rig.client.get("/api/openapi.json", headers={"Authorization": f"{kind} {ADMIN}"})
    assert answer.status_code == 401


def test_a_token_beyond_ascii_is_refused_like_any_other(rig):
    for said in ("Bearer schlüssel", "Basic schlüssel"):
        for sent in (said, said.encode().decode("latin-1")):
            answer = rig.client.get("/api/openapi.json", headers={"Authorization": sent})
            assert answer.status_code == 401


def test_a_cookie_opens_nothing(rig):
    rig.client.set_cookie("session", ADMIN)
    rig.client.set_cookie("token", ADMIN)
    assert rig.client.get("/api/openapi.json").status_code == 401


@pytest.mark.parametrize("token", [ADMIN, VIEW, OPERATE, SHOP, CLERK])
def test_every_token_reads_the_description(rig, token):
    assert rig.get("/api/openapi.json", token).status_code == 200


def test_without_any_configured_token_every_path_names_the_variable(tmp_path, store_socket):
    toml = '[destinations.site]\ntoken = "t0ken"\n'
    rig = Rig(tmp_path, store_socket, toml=toml, INSTEP_ADMIN_TOKEN=None)
    answer = rig.get("/api/openapi.json")
    assert answer.status_code == 403
    assert "INSTEP_ADMIN_TOKEN" in answer.json["error"]["expected"]
    rig.close()


def test_a_view_token_changes_nothing(rig):
    before = rig.dump()
    for path, method in routes(rig):
        if method == "POST" and path != "/api/preview":
            answer = rig._ask(method, path.replace("{", "").replace("}", ""), VIEW, json={})
            assert answer.status_code == 403, path
            assert "view" in answer.json["error"]["found"]
    assert rig.post("/api/pause", VIEW, name="site").status_code == 403
    assert rig.post("/api/preview", VIEW, source="erp", body="{}").status_code == 200
    assert rig.dump() == before


def test_what_a_view_token_reads_changes_nothing(rig):
    query = {"collection": "products", "key": "plain"}
    places = [path.format(id="erp-1", run="r1") for path, method in routes(rig) if method == "GET"]
    for path in places:  # letters that are new get their group, whoever asks first
        rig.get(path, **(query if path == "/api/record" else {}))
    before = rig.dump()
    for path in places:
        answer = rig.get(path, VIEW, **(query if path == "/api/record" else {}))
        assert answer.status_code in (200, 404), path
    assert rig.dump() == before


def test_a_dry_run_changes_nothing(rig):
    before = rig.dump()
    assert rig.post("/api/pause", OPERATE, name="site", dry_run=True).json["state"] == "paused"
    assert rig.dump() == before


def test_what_an_access_changes_stands_in_the_audit_list_under_its_name(rig):
    rig.post("/api/pause", OPERATE, name="products", reason="a sale")
    rig.post("/api/pause", ADMIN, name="site")
    newest, first = rig.get("/api/audit").json["items"]
    assert (first["by"], first["action"], first["target"]) == (
        "operator",
        "pause",
        "collection:products",
    )
    assert newest["by"] == "admin"


def test_an_access_of_one_destination_cannot_touch_another(rig):
    before = rig.dump()
    for name in ("site", "products", "nowhere"):
        answer = rig.post("/api/pause", CLERK, name=name)
        assert answer.status_code == 404
        assert "products" not in answer.json["error"]["expected"]
    assert rig.dump() == before
    assert rig.post("/api/pause", CLERK, name="orders").json["state"] == "paused"


def test_an_access_of_one_destination_previews_its_sources_only(rig):
    assert rig.post("/api/preview", SHOP, source="erp", body="{}").status_code == 404
    answer = rig.post("/api/preview", SHOP, source="till", body='{"number": "1", "total": 5}')
    assert answer.json["changes"][0]["fields"] == {"total": 5}
    assert rig.get("/api/audit", SHOP).status_code == 403


def shared_letters(rig):
    """A letter of each collection that stands for many of its records: it has no source."""
    client = rig.context.steps.client
    for id, collection in (("g1", "products"), ("g2", "orders")):
        told = {"kind": "missing", "collection": collection, "state": "open", "created": 1}
        client.hset(keys.letter(id), mapping={**told, "times": 9, "message": "for all of them"})
        client.zadd(keys.LETTERS, {id: 1})


def named(rig, token, collection, key):
    """Ids and sources of what named a key of which nothing is known."""
    answer = rig.get("/api/record", token, collection=collection, key=key)
    assert answer.status_code == 404
    return [(each["id"], each["source"]) for each in answer.json["deliveries"]]


def test_what_names_an_unknown_key_is_shown_also_without_a_source(rig):
    shared_letters(rig)
    for token in (ADMIN, VIEW):
        assert named(rig, token, "products", "new") == [("g1", None)]
        assert named(rig, token, "orders", "new") == [("g2", None)]
    assert named(rig, SHOP, "orders", "new") == [("g2", None)]


def test_an_access_of_one_destination_sees_no_deliveries_of_other_sources(rig):
    rig.deliver(id="o2", topic="price", sku="17")
    rig.deliver(id="o3", topic="price", sku="18")
    asked = {"collection": "orders", "key": "17"}
    (missed,) = rig.get("/api/record", VIEW, **asked).json["missed"]
    assert missed["source"] == "erp"
    assert rig.get("/api/record", SHOP, **asked).json["missed"] == []
    assert [source for _, source in named(rig, VIEW, "orders", "18")] == ["erp"]
    assert named(rig, SHOP, "orders", "18") == []


def test_an_access_does_not_see_deliveries_of_other_sources_that_named_its_record(rig):
    rig.deliver(id="named", topic="price", number="17")
    missed = rig.get("/api/record", collection="orders", key="17").json["missed"]
    assert [each["source"] for each in missed] == ["erp"]
    assert rig.get("/api/record", SHOP, collection="orders", key="17").json["missed"] == []


@pytest.fixture
def shared(tmp_path, store, store_socket):
    """An application with a source that feeds both destinations, and a letter of it."""
    assert store.dbsize() == 0
    rig = Rig(tmp_path, store_socket, toml=TOML + BOTH, mappings=MAPPINGS + OF_BOTH)
    rig.deliver("both", id="b1", sku="A", number="17", qty="none", total="none")
    yield rig
    rig.close()


def test_a_letter_of_a_shared_source_names_no_collection_out_of_sight(shared):
    (letter,) = shared.get("/api/dead").json["items"]
    assert {each["collection"] for each in letter["left_out"]} == {"orders", "products"}
    (seen,) = shared.get("/api/dead", SHOP).json["items"]
    whole = shared.get(f"/api/dead/{letter['id']}", SHOP).json
    for each in (seen, whole):
        assert [left["collection"] for left in each["left_out"]] == ["orders"]


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_letter_of_a_shared_source_is_acted_on_by_who_sees_all_of_it(shared, action):
    (problem,) = shared.get("/api/problems", CLERK).json["items"]
    path = f"/api/problems/{problem['id']}/{action}"
    for token, taken in ((CLERK, 0), (OPERATE, 1)):
        told = shared.post(path, token, dry_run=True).json
        (why,) = told["cannot"] or [{"letters": 0}]
        run = shared.get(f"/api/runs/{shared.post(path, token).json['run']}", token).json
        assert (run["figures"]["letters"], run["figures"]["left"]) == (taken, 1 - taken)
        assert told["letters"] == taken
        assert why["letters"] == 1 - taken


def test_the_status_of_a_shared_source_names_no_collection_out_of_sight(shared):
    counts = {"products": 3, "orders": 1}
    shared.context.steps.client.hset(keys.stale("both"), mapping=counts)
    assert shared.get("/api/status").json["sources"]["both"]["stale"] == counts
    assert shared.get("/api/status", SHOP).json["sources"]["both"]["stale"] == {"orders": 1}


def test_an_access_of_one_destination_pauses_no_source_of_others_nor_a_lane(rig):
    before = rig.dump()
    for name in ("lane:live", "source:erp", "destination:site", "collection:products"):
        assert rig.post("/api/pause", CLERK, name=name).status_code == 404, name
    assert rig.dump() == before
    answer = rig.post("/api/pause", CLERK, name="collection:orders")
    assert (answer.status_code, answer.json["kind"]) == (200, "collection")
