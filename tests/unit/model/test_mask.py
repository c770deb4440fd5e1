"""Tokens and secrets that the CMS repeats: no message shows one."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote_plus

import pytest

from tests.support.http_server import Server, respond
from workers.config.loader import load
from workers.config.settings import Destination
from workers.model.mask import Mask
from workers.webflow.client import Client

TOKEN = "wf_t0ken/that+nobody=may&see"
SECRET = "shop:s3cret/für+mich"
SPELLED = [
    pytest.param(f"Bearer {TOKEN} is refused", id="as it is"),
    pytest.param(f"…{SECRET}…", id="of a source"),
    pytest.param("the password s3cret/für+mich", id="the password of it"),
    pytest.param(f"?token={quote_plus(TOKEN)}&a=1", id="in an address"),
    pytest.param(f"Basic {b64encode(SECRET.encode()).decode()}", id="in base64"),
    pytest.param(b64encode(f"a:{TOKEN}".encode()).decode(), id="in base64, after two bytes"),
    pytest.param(urlsafe_b64encode(f"x{TOKEN}y".encode()).decode(), id="within base64"),
    pytest.param(TOKEN.upper(), id="in capitals"),
    pytest.param("a" * 490 + TOKEN, id="where a message is cut"),
]


def said(status, body, *headers):
    answer = respond(status, body, *headers)
    with Server(answer) as server:
        destination = Destination("site", "v2", TOKEN, server.url, hidden=(TOKEN, SECRET))
        with Client(destination) as cms:
            found = cms.patch("c1", {"i1": {"name": "a"}}, live=True)
    return json.dumps([found.message, found.code, list(found.texts), list(found.errors)]) + str(
        found.problems
    )


def has_part_of_a_secret(text):
    encoded = [b64encode(each.encode())[4:16].decode() for each in (TOKEN, SECRET)]
    parts = ("t0ken", "s3cret", "may%26see", *encoded)
    return any(part.lower() in text.lower() for part in parts)


@pytest.mark.parametrize("text", SPELLED)
def test_what_the_cms_repeats_of_a_secret_is_masked(text):
    body = {
        "code": "validation_error",
        "message": text,
        "details": [{"param": "name", "description": text}],
    }
    for sent in (json.dumps(body), json.dumps(body).replace("/", r"\/"), text):
        shown = said(400, sent.encode())
        assert "***" in shown or "aaa" in shown
        assert not has_part_of_a_secret(shown)


def test_so_is_what_a_redirect_or_a_refusal_in_a_success_repeats():
    assert not has_part_of_a_secret(said(302, b"", f"Location: /login?was={quote_plus(TOKEN)}"))
    body = json.dumps({"publishedItemIds": [], "errors": [f"not with {TOKEN}"]}).encode()
    assert not has_part_of_a_secret(said(202, body))


def test_what_an_item_holds_is_left_as_it_is():
    item = {"id": "i1", "fieldData": {"name": SECRET}}
    with Server(respond(200, json.dumps({"items": [item]}).encode())) as server:
        destination = Destination("site", "v2", TOKEN, server.url, hidden=(TOKEN, SECRET))
        with Client(destination) as cms:
            assert cms.get_item("c1", "i1").items["i1"].fields == {"name": SECRET}


def test_what_is_short_stands_in_other_words_and_is_let_be():
    assert Mask(("token", "")).text("the token") == "the token"


def test_a_destination_hides_all_that_is_configured(tmp_path):
    (tmp_path / "instep.toml").write_text(
        'mappings = []\n[destinations.site]\napi = "v2"\ntoken = "wf-token"\n'
        '[sources.erp]\nsender = "bearer"\nsecrets = ["new", "old"]\npath_token = "a-token"\n'
    )
    environ = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "INSTEP_ADMIN_TOKEN": "admin"}
    site = load(environ).destinations["site"]
    assert set(site.hidden) == {"wf-token", "new", "old", "a-token", "admin"}
    assert "old" not in repr(site)


@pytest.mark.parametrize("before", ["", "é "])
@pytest.mark.parametrize("found", ["s3cret-token", "S3CRET-Token", "\u017f3cret-to\u212aen"])
def test_a_secret_is_found_in_any_case_beside_any_letters(before, found):
    assert Mask(["s3cret-token"]).text(f"{before}{found}!") == f"{before}***!"


def test_a_secret_beyond_ascii_is_found_in_any_case():
    assert Mask(["schlüssel"]).text("SCHLÜSSEL") == "***"
