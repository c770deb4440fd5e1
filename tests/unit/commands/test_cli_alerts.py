"""``instep alerts test``: says what was sent and answered."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.support.http_server import Server, respond

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBzaW5rLCBsb25nIGVub3VnaA=="


@pytest.fixture
def run(tmp_path):
    def _run(alerts):
        path = tmp_path / "instep.toml"
        path.write_text(f'public_url = "https://hooks.shop.example"\n{alerts}')
        return CliRunner().invoke(main, ["alerts", "test"], env={"INSTEP_CONFIG": str(path)})

    return _run


def test_a_message_that_is_taken_exits_0(run):
    with Server(respond(200, b"ok")) as server:
        done = run(f'[alerts]\nurl = "{server.url}/s3cr3tpath"\nsecret = "{SECRET}"')
    assert done.exit_code == 0
    (got,) = server.requests
    assert f"POST {server.url}/***, {len(got.body)} bytes, signed\n" in done.output
    assert "answer: 200: ok" in done.output
    assert "s3cr3t" not in done.output
    body = json.loads(got.body)
    assert body["text"].startswith("*Instep at hooks.shop.example*: this is a test, sent at ")
    assert body["instep"]["id"] == got.headers["webhook-id"]


def test_one_that_is_refused_exits_1(run):
    with Server(respond(404, b"no_service")) as server:
        done = run(f'[alerts]\nurl = "{server.url}/s3cr3tpath"')
    assert done.exit_code == 1
    assert "not signed" in done.output
    assert "answer: 404: no_service" in done.output
    assert "expected a status from 200 to 299" in done.output


def test_no_answer_exits_1(run):
    done = run('[alerts]\nurl = "http://127.0.0.1:1/s3cr3tpath"')
    assert done.exit_code == 1
    assert "POST http://127.0.0.1:1/***: " in done.output
    assert "s3cr3t" not in done.output


@pytest.mark.parametrize("text", ["", "[alerts]", '[alerts]\nheartbeat = "https://x.example"'])
def test_without_an_address_it_exits_2(run, text):
    done = run(text)
    assert done.exit_code == 2
    assert "alerts.url: found nothing, expected an http(s) address" in done.output
