"""Errors of /api: one form, whatever went wrong."""

import pytest

from tests.support.api_rig import ADMIN, VIEW, Rig
from workers.errors import StoreUnavailable


@pytest.fixture(scope="module")
def rig(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("api"), store_socket)
    rig.context.steps.client.flushall()
    yield rig
    rig.close()


def assert_error(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/json"
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"found", "expected", "do"}
    assert all(isinstance(each, str) and each for each in answer.json["error"].values())
    return answer.json["error"]


def send(rig, data, **options):
    headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}
    return rig.client.post("/api/pause", data=data, headers=headers | options)


@pytest.mark.parametrize(
    "data", [b"{", b'{"name": "\xff"}', b"[" * 100_000, b"1" * 10_000, b"\x00"]
)
def test_a_body_that_is_no_json_is_400(rig, data):
    assert_error(send(rig, data), 400)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}", b"[]", b"null", b'"site"', b'{"name": 7}', b'{"name": "\\ud800"}'),
        *(b'{"name": "site", "dry_run": "yes"}', b'{"name": "site", "resaon": "x"}'),
    ],
)
def test_a_body_of_another_form_is_422(rig, data):
    assert_error(send(rig, data), 422)


def test_a_body_of_another_content_type_is_422(rig):
    error = assert_error(send(rig, b'{"name": "site"}', **{"Content-Type": "text/plain"}), 422)
    assert "name" in error["found"]


@pytest.mark.parametrize(
    ("path", "query", "do"),
    [
        ("record", {}, "give collection in the query, key in the query"),
        (
            "record",
            {"collection": "products", "key": "a", "kye": "b"},
            "leave out kye in the query",
        ),
        ("deliveries", {"limit": "x"}, "correct limit in the query"),
    ],
)
def test_a_wrong_query_says_which_parameter_and_what_to_do(rig, path, query, do):
    error = assert_error(rig.get(f"/api/{path}", ADMIN, **query), 422)
    assert error["do"] == do


def test_a_wrong_body_says_which_key_and_what_to_do(rig):
    error = assert_error(send(rig, b'{"resaon": "x"}'), 422)
    assert error["do"] == "give name in the body; leave out resaon in the body"
    error = assert_error(send(rig, b"{"), 400)
    assert error["do"] == "correct the body"


def test_no_token_is_401_and_a_view_token_403(rig):
    assert_error(rig.get("/api/status", None), 401)
    assert_error(rig.post("/api/pause", VIEW, name="site"), 403)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/status/", "/api//status"])
def test_a_path_that_is_not_there_is_404(rig, path):
    assert_error(rig.get(path), 404)


def test_a_name_that_is_not_there_is_404_with_those_that_are(rig):
    error = assert_error(rig.post("/api/pause", name="nowhere"), 404)
    assert "site" in error["expected"]
    assert len(rig.post("/api/pause", name="x" * 10_000).text) < 1_500


def test_another_method_is_405_with_those_that_are_allowed(rig):
    answer = rig._ask("DELETE", "/api/status", ADMIN)
    assert_error(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_a_body_that_is_too_large_is_413(rig):
    assert_error(send(rig, b'{"name": "' + b"x" * 1_100_000 + b'"}'), 413)


def test_a_refused_token_is_409_and_nothing_is_resumed(rig, monkeypatch):
    rig.post("/api/pause", name="site")
    monkeypatch.setattr("service.operate.pauses.pause_for", lambda _: "401 Unauthorized")
    monkeypatch.setattr("service.operate.pauses.ask", lambda *_, **__: None)
    error = assert_error(rig.post("/api/resume", name="site"), 409)
    assert "401" in error["found"]
    assert rig.get("/api/status").json["destinations"]["site"]["state"] == "paused"


def test_a_store_that_does_not_answer_is_503_without_its_address(rig, monkeypatch):
    def down(*_):
        raise StoreUnavailable("redis://:passw0rd@store does not answer")

    monkeypatch.setattr(type(rig.context.report), "status", down)
    for path in ("/api/status", "/api/sources"):
        assert "store" in assert_error(rig.get(path), 503)["found"]
        assert "passw0rd" not in rig.get(path).text


def test_what_nobody_expected_is_500_in_the_same_form(rig, monkeypatch):
    monkeypatch.setattr(type(rig.context.report), "status", lambda _: 1 / 0)
    assert_error(rig.get("/api/status"), 500)


def test_no_route_fails_while_there_is_no_store(tmp_path):
    rig = Rig(tmp_path, tmp_path / "nothing.sock")
    bodies = {
        "/api/pause": {"name": "site"},
        "/api/resume": {"name": "site"},
        "/api/preview": {"source": "erp", "body": "{}"},
        "/api/deliveries/replay": {"source": "erp"},
        "/api/deletes/approve": {"collection": "products"},
        "/api/deletes/drop": {"collection": "products"},
        "/api/runs/approve": {"run": "r1"},
        "/api/runs/drop": {"run": "r1"},
        "/api/undo": {"run": "r1"},
    }
    found = {}
    for path, methods in rig.get("/api/openapi.json").json["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            query = {"collection": "products", "key": "A/B"} if path == "/api/record" else None
            body = bodies.get(path, {}) if method == "post" else None
            place = path.format(id="erp-1", run="r1", group="p1")
            answer = rig._ask(method.upper(), place, ADMIN, query_string=query, json=body)
            found[f"{method} {path}"] = answer.status_code
            if answer.status_code == 503:
                assert_error(answer, 503)
    rig.close()
    without_store = {"get /api/settings", "post /api/preview"}
    assert {name for name, status in found.items() if status == 200} == without_store
    assert {status for name, status in found.items() if name not in without_store} == {503}
