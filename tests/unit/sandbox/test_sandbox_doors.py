"""Whose calls the control API and the page answer: no page of another site gets through."""

import pytest

from service.sandbox.app import create_sandbox

ORDER = '{"fault": "status"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(site):
    return create_sandbox(site).test_client()


@pytest.mark.parametrize("path", ["/", "/_sandbox/calls"])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8900", 200),
        ("127.0.0.1:8900", 200),
        ("127.8.9.1", 200),
        ("[::1]:8900", 200),
        ("sandbox.localhost", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.168.1.5:8900", 403),
        ("[evil", 403),
    ],
)
def test_a_name_that_was_pointed_at_this_machine_gets_nothing(client, path, host, status):
    assert client.get(path, headers={"Host": host}).status_code == status


def test_the_name_that_is_listened_on_is_answered(client):
    here = {"SERVER_NAME": "sandbox.test"}
    assert client.get("/", headers={"Host": "sandbox.test"}, environ_overrides=here).status == (
        "200 OK"
    )


@pytest.mark.parametrize("path", ["/", "/_sandbox/calls", "/_sandbox/view", "/_sandbox/page.js"])
def test_a_program_of_another_machine_gets_nothing(client, path):
    answer = client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8901"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_a_page_of_another_site_arms_no_fault(client, site, headers):
    answer = client.post("/_sandbox/faults", data=ORDER, headers=JSON | headers)
    assert answer.status_code == 403
    assert answer.json["error"]
    assert site.faults.as_list() == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_page_of_another_site_disarms_no_fault(client, site, headers):
    client.post("/_sandbox/faults", data=ORDER, headers=JSON)
    assert client.delete("/_sandbox/faults", headers=headers).status_code == 403
    assert len(site.faults.as_list()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        {},  # a program that names no kind: a browser would have said where it comes from
        JSON | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Content-Type": "application/json; charset=utf-8"},
    ],
)
def test_the_page_itself_and_programs_of_this_machine_may(client, headers):
    assert client.post("/_sandbox/faults", data=ORDER, headers=headers).status_code == 201
