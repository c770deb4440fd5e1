import pytest
from application import PROOF, Outbox, down, make

from workers.errors import StoreUnsafe


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def client(tmp_path, outbox):
    return make(tmp_path, outbox)


def test_health_is_that_the_process_answers(client):
    assert client.get("/healthz").status_code == 200


def test_ready_is_a_durable_store_and_a_live_worker(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (
        200,
        {"ready": True, "store": {"mode": "always"}, "workers": 2, "problems": []},
    )


def unsafe():
    raise StoreUnsafe("maxmemory-policy: found allkeys-lru, expected noeviction")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"check_store": down}, "the store does not answer"),
        ({"check_store": unsafe}, "expected noeviction"),
        ({"workers_alive": down}, "the store does not answer"),
        ({"workers_alive": lambda: 0}, "no worker is alive"),
    ],
    ids=["store down", "store unsafe", "store gone between", "no worker"],
)
def test_what_is_not_ready_is_answered_503_with_the_reason(tmp_path, outbox, parts, problem):
    response = make(tmp_path, outbox, **parts).get("/readyz")
    assert response.status_code == 503
    assert response.json["ready"] is False
    assert problem in response.json["problems"][0]
    assert "passw0rd" not in response.text


def test_metrics_are_prometheus_text(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=")
    assert 'outbox_items{collection="products"} 3.0' in response.text


def test_metrics_without_the_store_are_answered_503(tmp_path, outbox):
    response = make(tmp_path, outbox, status=down).get("/metrics")
    assert (response.status_code, response.json) == (503, {"error": "the store does not answer"})


def test_the_console_is_shut_without_a_token_and_says_which(client):
    response = client.get("/")
    assert response.status_code == 403
    assert "INSTEP_ADMIN_TOKEN" in response.text


def test_the_front_page_does_not_show_the_token(tmp_path, outbox):
    response = make(tmp_path, outbox, admin_token="adm1n").get("/")
    assert response.status_code == 200
    assert "adm1n" not in response.text


def test_an_error_of_ours_is_told_in_json_without_its_words(tmp_path, outbox):
    def clock():
        raise RuntimeError("passw0rd")

    response = make(tmp_path, outbox, clock=clock).post("/webhooks/erp", data=b"{}", headers=PROOF)
    assert (response.status_code, response.json) == (500, {"error": "Internal Server Error"})
