"""The documentation over HTTP: closed without the operator's token, and plain HTML."""

import base64
import re

import pytest
from flask import Flask

from service.operate import documentation
from service.web import docs_pages
from service.web.docs_pages import html, target
from tests.support.application import Outbox, make

TOKEN = "t0ken-ü"


def basic(password, user="anyone"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


BEARER = {"Authorization": f"Bearer {TOKEN}".encode().decode("latin-1")}


def client(token=TOKEN):
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(docs_pages.blueprint(token))
    return app.test_client()


@pytest.fixture
def docs():
    return client()


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/mappings", "/docs/docs.css", "/docs/x"])
def test_without_a_token_in_the_environment_every_path_is_closed_and_names_it(path):
    response = client(token=None).get(path, headers=basic(""))
    assert response.status_code == 403
    assert "INSTEP_ADMIN_TOKEN" in response.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param(basic("other"), id="another password"),
        pytest.param(basic(""), id="no password"),
        pytest.param(basic("", user=TOKEN), id="the token as the user"),
        pytest.param({"Authorization": "Bearer other"}, id="another token"),
        pytest.param({"Authorization": f"Digest username={'x'}"}, id="another scheme"),
        pytest.param({"Authorization": "Basic !"}, id="malformed"),
        pytest.param({"Authorization": "Basic schlüssel"}, id="not ASCII"),
        pytest.param({"Authorization": "Basic schlÃ¼ssel"}, id="not ASCII, as UTF-8"),
        pytest.param({"Authorization": "Basic dDBrZW4"}, id="base64 that is cut off"),
        pytest.param({"Authorization": "Basic dDBrZW4="}, id="no colon"),
        pytest.param({"Authorization": "Basic Ov8="}, id="a password that is not UTF-8"),
        pytest.param({"Authorization": "Basic"}, id="nothing after the scheme"),
        pytest.param({"Authorization": "Bearer schlüssel"}, id="a token that is not ASCII"),
    ],
)
@pytest.mark.parametrize("path", ["/docs", "/docs/mappings", "/docs/docs.css", "/docs/x"])
def test_without_the_right_token_every_path_asks_for_it_and_shows_nothing(docs, path, headers):
    response = docs.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert "mappings" not in response.text
    assert TOKEN not in response.text


def test_the_token_opens_it_as_a_password_and_as_a_bearer():
    plain = client("t0ken")
    assert plain.get("/docs", headers=basic("t0ken")).status_code == 200
    assert plain.get("/docs", headers={"Authorization": "Bearer t0ken"}).status_code == 200


@pytest.mark.parametrize("headers", [basic(TOKEN), BEARER], ids=["Basic", "Bearer"])
def test_a_token_of_any_letters_opens_it(docs, headers):
    assert docs.get("/docs", headers=headers).status_code == 200


def test_every_page_is_shown_and_leads_to_every_page(docs):
    for name, page in documentation.pages().items():
        response = docs.get(f"/docs/{name}", headers=basic(TOKEN))
        assert response.status_code == 200
        assert f"<title>{page.title} - Instep</title>" in response.text
        links = set(re.findall(r'href="/docs/([\w/.-]+)["#]', response.text))
        assert links - {"docs.css"} == set(documentation.pages())


def test_nothing_but_the_style_sheet_is_loaded_and_nothing_runs(docs):
    response = docs.get("/docs", headers=basic(TOKEN))
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert [each for each in policy if "-src" in each] == ["default-src 'none'", "style-src 'self'"]
    assert "style=" not in response.text
    assert docs.get("/docs/docs.css", headers=basic(TOKEN)).content_type.startswith("text/css")


@pytest.mark.parametrize("path", ["/docs/shopify", "/docs/mapping", "/docs/../app", "/docs/<b>x"])
def test_an_unknown_page_is_404_and_shows_what_was_asked_for_as_text(docs, path):
    response = docs.get(path, headers=basic(TOKEN))
    assert response.status_code == 404
    assert "<b>" not in response.text


def test_an_unknown_page_names_those_near_it(docs):
    response = docs.get("/docs/shopify", headers=basic(TOKEN))
    assert 'href="/docs/senders/shopify"' in response.text


def test_html_in_a_page_is_shown_and_never_obeyed():
    made = html("x", "<script>alert(1)</script> [a](javascript:alert(1)) **b**", "/docs")
    assert "<script" not in made
    assert "href" not in made
    assert "<strong>b</strong>" in made


@pytest.mark.parametrize(
    ("page", "href", "expected"),
    [
        ("mappings", "fields.md", "/docs/fields"),
        ("mappings", "fields.md#the-fields", "/docs/fields#the-fields"),
        ("mappings", "senders/shopify.md", "/docs/senders/shopify"),
        ("senders/shopify", "../reconcile.md", "/docs/reconcile"),
        ("senders/shopify", "square.md", "/docs/senders/square"),
        ("mappings", "index.md", "/docs"),
        ("mappings", "#meta", "#meta"),
        ("mappings", "https://jmespath.org/a.md", "https://jmespath.org/a.md"),
    ],
)
def test_a_link_to_a_file_leads_to_its_page(page, href, expected):
    assert target(page, href, "/docs") == expected


def test_headings_of_one_text_have_ids_of_their_own():
    made = html("x", "## A `b` c?\n\n## A b c", "/docs")
    assert re.findall(r'id="([^"]+)"', made) == ["a-b-c", "a-b-c-1"]


def test_the_web_process_serves_them(tmp_path):
    application = make(tmp_path, Outbox(), admin_token="t0ken")
    assert application.get("/docs/senders/shopify", headers=basic("t0ken")).status_code == 200
    assert application.get("/docs").status_code == 401
    assert application.post("/docs", headers=basic("t0ken")).status_code == 405
