"""What protects the console, walked over every route that there is."""

import re

import pytest

from service.console.pages import is_console
from service.console.static_files import known

OPEN = {"login.enter", "login.leave", "sources.preview"}  # for every role: they change nothing
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def rules(console, *, changing):
    """Return endpoint, method and path of each route of the console."""
    adapter = console.app.url_map.bind("localhost")
    found = []
    for rule in console.app.url_map.iter_rules():
        if not is_console(rule.rule) or rule.endpoint == "static_files.show":
            continue
        values = dict.fromkeys(rule.arguments, "x1")
        path = adapter.build(rule.endpoint, values, method=next(iter(rule.methods)))
        methods = rule.methods - {"HEAD", "OPTIONS"}
        found += [(rule.endpoint, each, path) for each in methods if (each != "GET") is changing]
    assert found
    return found


def test_nothing_is_changed_without_a_login(console):
    someone = console.stranger()
    for endpoint, method, path in rules(console, changing=True):
        if endpoint != "login.enter":
            data = {"csrf_token": someone.csrf()}
            answer = someone.client.open(path, method=method, data=data)
            assert answer.status_code == 401, path


@pytest.mark.parametrize("sent", [{}, {"csrf_token": ""}, {"csrf_token": "x"}])
def test_nothing_is_changed_without_the_token_of_a_form(console, sent):
    someone = console.person()
    for _, method, path in rules(console, changing=True):
        answer = someone.client.open(path, method=method, data=sent)
        assert answer.status_code == 400, path


def test_the_token_of_somebody_else_is_none(console):
    token = console.person().csrf()
    answer = console.person().client.post("/logout", data={"csrf_token": token})
    assert answer.status_code == 400


def test_nothing_is_changed_by_who_may_only_look(console):
    someone = console.person("viewer")
    token = {"csrf_token": someone.csrf()}
    for endpoint, method, path in rules(console, changing=True):
        if endpoint not in OPEN:
            answer = someone.client.open(path, method=method, data=token)
            assert (answer.status_code, "view" in answer.text) == (403, True), path


def test_the_script_of_a_page_is_told_that_the_login_has_ended(console):
    answer = console.stranger().get("/settings", headers={"X-Instep-Live": "1"})
    assert (answer.status_code, "log in again" in answer.text) == (401, True)


def test_no_page_is_shown_without_a_login(console):
    someone = console.stranger()
    for endpoint, _, path in rules(console, changing=False):
        answer = someone.get(path)
        assert answer.status_code == (200 if endpoint == "login.show" else 302), path


@pytest.mark.parametrize("name", ["admin", "viewer"])
def test_every_page_is_protected_and_has_nothing_inline(console, name):
    console.rig.fill()
    someone = console.person(name)
    pages = [path for _, _, path in rules(console, changing=False)]
    for path in (*pages, "/settings/nothing", "/static/nothing.js"):
        answer = someone.get(path)
        assert answer.headers["Content-Security-Policy"] == POLICY, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        if not path.startswith("/static"):
            assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<style|style=|\son\w+=|javascript:|<script(?! src=)", answer.text)
        sources = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
        assert [each for each in sources if each.startswith(("//", "http"))] == []


@pytest.mark.parametrize("name", ["admin", "viewer"])
def test_every_page_has_one_heading_landmarks_and_scopes(console, name):
    console.rig.fill()
    someone = console.person(name)
    for _, _, path in rules(console, changing=False):
        text = someone.get(path, follow_redirects=True).text
        assert text.count("<h1") == 1, path
        assert text.count('<main id="main"') == 1
        assert text.count("<title>") == 1
        assert 'class="skip" href="#main"' in text
        assert re.findall(r"<th(?!ead)(?![^>]*scope=)", text) == []
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path


def test_a_page_for_who_may_only_look_has_no_form_but_the_logout(console):
    console.rig.fill()
    someone = console.person("viewer")
    for _, _, path in rules(console, changing=False):
        text = someone.get(path, follow_redirects=True).text
        assert re.findall(r'<form method="post"[^>]*>', text) == [
            '<form method="post" action="/logout">'
        ], path


def test_webhooks_and_the_api_need_no_token_of_a_form(console):
    proof = {"Authorization": "Bearer s3cret-of-the-erp"}
    body = {"id": "1", "topic": "stock", "sku": "plain", "qty": 1}
    assert (
        console.app.test_client().post("/webhooks/erp", json=body, headers=proof).status_code == 200
    )
    assert console.rig.post("/api/deletes/drop", dry_run=True).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/webhooks/nothing", "/api/nothing", "/metric"])
def test_errors_of_all_other_paths_are_json(console, path):
    answer = console.person().get(path)
    assert answer.content_type == "application/json"


def test_errors_of_the_console_are_pages(console):
    someone = console.person()
    for method, path, status in (
        ("GET", "/settings/nothing", 404),
        ("DELETE", "/settings", 405),
        ("GET", "/settings?colour=red", 404),
    ):
        data = {"csrf_token": someone.csrf()}
        answer = someone.client.open(path, method=method, data=data)
        assert (answer.status_code, answer.mimetype) == (status, "text/html"), path
        for word in ("Found", "Expected", "Do"):
            assert f"<dt>{word}</dt>" in answer.text


def test_a_store_that_does_not_answer_is_a_page_without_secrets(console, monkeypatch):
    from workers.errors import StoreUnavailable

    def gone(*_, **__):
        raise StoreUnavailable("redis://:passw0rd@store does not answer")

    someone = console.person()
    monkeypatch.setattr("service.console.settings.list_audit", gone)
    answer = someone.get("/settings/audit")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "passw0rd" not in answer.text
    assert "/readyz" in answer.text


def test_static_files_stay_in_the_cache_under_a_name_that_changes_with_them(console):
    someone = console.stranger()
    page = someone.page("/login")
    names = re.findall(r'"(/static/[^"]+)"', page)
    assert {name.rpartition(".")[2] for name in names} == {"css", "js", "svg"}
    for name in names:
        answer = someone.get(name)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    # A page of another release names another hash: the file comes, and is not kept.
    other = someone.get("/static/console.000000000000.css")
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    for name in ("console.css", "nothing.abc.css", "x"):
        assert someone.get(f"/static/{name}").status_code == 404
    assert set(known()) == {"console.css", "console.js", "icon.svg", "records.js"}


PREFIX = {"X-Forwarded-Prefix": "/ops/instep"}


def test_below_the_prefix_of_a_proxy_every_link_begins_with_it(console):
    someone = console.person()
    for path in ("/settings", "/settings/audit", "/docs", "/settings/nothing"):
        text = someone.get(path, headers=PREFIX).text
        links = re.findall(r'(?:href|src|action)="([^"#?]+)', text)
        assert links
        assert [each for each in links if not each.startswith("/ops/instep/")] == [], path
    stranger = console.stranger()
    assert stranger.get("/settings", headers=PREFIX).location == (
        "/ops/instep/login?next=/settings"
    )
    assert stranger.get("/", headers=PREFIX).location.startswith("/ops/instep/login")
    client = console.app.test_client()
    # The test client keeps cookies by path without the prefix, which the proxy takes off.
    answer = client.get("/login", headers=PREFIX)
    assert "Path=/ops/instep" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "prefix",
    ["//evil.example", "/a//b", "/a?b", "/a b", "a", "/..", "/a/../b", "https://x", "/a\\b"],
)
def test_a_prefix_that_is_no_path_is_ignored(console, prefix):
    answer = console.stranger().get("/settings", headers={"X-Forwarded-Prefix": prefix})
    assert answer.location == "/login?next=/settings"


def test_a_prefix_changes_no_delivery(console):
    proof = {"Authorization": "Bearer s3cret-of-the-erp", **PREFIX}
    body = {"id": "1", "topic": "stock", "sku": "plain", "qty": 1}
    answer = console.app.test_client().post("/webhooks/erp", json=body, headers=proof)
    assert answer.status_code == 200
