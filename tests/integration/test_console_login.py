"""The login of the console: by token, for a while, and not by guessing."""

import pytest

from service.console import login, sessions
from service.operate.access import Callers
from tests.support import api_rig
from tests.support.api_rig import ADMIN, VIEW, Rig
from tests.support.console import TOKENS, Console, Person
from workers.errors import StoreUnavailable
from workers.store import keys, login_attempts
from workers.store.ended_logins import EndedLogins


@pytest.fixture(scope="module")
def processes(tmp_path_factory, store_socket):
    """Makes consoles with another environment, as other processes have them."""
    made = {}

    def make(**environ):
        name = str(sorted(environ.items()))
        if name not in made:
            made[name] = Rig(tmp_path_factory.mktemp("process"), store_socket, **environ)
        return Console(made[name])

    yield make
    for rig in made.values():
        rig.close()


@pytest.fixture
def rig_with(processes, store):
    """`processes` on an empty store."""
    assert store.dbsize() == 0
    return processes


@pytest.mark.parametrize("name", TOKENS)
def test_every_token_of_the_configuration_logs_in_under_its_name(console, name):
    page = console.person(name).page("/settings")
    assert f"<bdi>{name}</bdi>" in page
    assert TOKENS[name] not in page


@pytest.mark.parametrize("token", ["", " ", "wrong-token-000001", ADMIN[:-1], f"{ADMIN}x", "ü\0"])
def test_another_token_is_refused_and_says_what_to_send(console, token):
    someone = console.stranger()
    answer = someone.login(token)
    assert answer.status_code == 401
    assert "INSTEP_ADMIN_TOKEN" in answer.text
    assert someone.get("/settings").status_code == 302


def test_without_the_variable_every_page_is_closed_and_names_it(rig_with):
    someone = rig_with(INSTEP_ADMIN_TOKEN=None).stranger()
    for path in ("/", "/login", "/settings", "/runs/r1", "/problems"):
        answer = someone.get(path)
        assert (answer.status_code, "INSTEP_ADMIN_TOKEN" in answer.text) == (403, True), path
        assert "Set-Cookie" not in answer.headers
    assert someone.client.post("/login", data={"token": VIEW}).status_code == 403
    assert someone.get("/api/settings").status_code == 401  # its accesses are open


def test_who_is_not_logged_in_is_sent_to_the_login_and_then_where_they_wanted(console):
    someone = console.stranger()
    answer = someone.get("/settings/audit?by=admin")
    assert answer.location == "/login?next=/settings/audit?by%3Dadmin"
    assert 'value="/settings/audit?by=admin"' in someone.get(answer.location).text
    gone = someone.login(ADMIN, next="/settings/audit?by=admin")
    assert (gone.status_code, gone.location) == (303, "/settings/audit?by=admin")
    assert someone.get("/login").location == "/"


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example"),
        *("evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example"),
        *("/login", "/logout", "//[", "", "/" + 600 * "x"),
    ],
)
def test_nobody_is_sent_to_another_site_or_round_in_circles(console, wanted):
    assert console.stranger().login(ADMIN, next=wanted).location == "/"


def test_the_cookie_is_for_this_server_alone(console):
    (cookie,) = console.stranger().login(ADMIN).headers.getlist("Set-Cookie")
    assert cookie.startswith(f"{sessions.COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert ADMIN not in cookie


@pytest.mark.parametrize(
    ("proto", "secure"), [("https", True), ("HTTPS, http", True), ("http", False), ("x", False)]
)
def test_the_cookie_is_secure_where_the_proxy_speaks_https(console, proto, secure):
    someone = console.stranger()
    data = {"csrf_token": someone.csrf(), "token": ADMIN}
    answer = someone.client.post("/login", data=data, headers={"X-Forwarded-Proto": proto})
    assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is secure


def test_logging_out_ends_it(console):
    someone = console.person()
    assert someone.post("/logout").location == "/login"
    assert "logged out" in someone.page("/login")
    assert someone.get("/settings").status_code == 302


def test_a_copy_of_the_cookie_is_none_after_logging_out(console, rig_with):
    someone, stays = console.person(), console.person()
    csrf = someone.csrf()
    copies = [moved(someone, app) for app in (console.app, rig_with().app)]
    someone.post("/logout")
    for copy in copies:
        assert copy.get("/settings").status_code == 302
        sent = copy.client.post("/overview/pause", data={"csrf_token": csrf, "ids": "lane:live"})
        assert sent.status_code == 401
    assert stays.page("/settings")


def test_while_the_store_is_away_who_is_logged_in_can_read(console, monkeypatch):
    someone = console.person()

    def away(*_):
        raise StoreUnavailable("away")

    monkeypatch.setattr(EndedLogins, "has", away)
    assert someone.page("/docs/damaged-store")
    monkeypatch.setattr(EndedLogins, "end", away)
    assert someone.post("/logout").status_code == 503  # it is not said to be done
    monkeypatch.undo()
    assert someone.page("/settings")


def moved(person, app):
    """Return the same browser at another process."""
    other = Person(app)
    cookie = person.client.get_cookie(sessions.COOKIE)
    other.client.set_cookie(sessions.COOKIE, cookie.value)
    return other


def test_all_web_processes_know_a_login(console, rig_with):
    first, second = console, rig_with()
    assert moved(first.person("viewer"), second.app).page("/settings")


def test_a_new_admin_token_logs_everybody_out(console, rig_with):
    first, second = console, rig_with(INSTEP_ADMIN_TOKEN="another-admin-token")
    for name in TOKENS:
        assert moved(first.person(name), second.app).get("/settings").status_code == 302


def test_a_new_token_of_an_access_logs_that_one_out(console, rig_with):
    first, second = console, rig_with(VIEW="another-viewer-token")
    assert moved(first.person("viewer"), second.app).get("/settings").status_code == 302
    assert moved(first.person("operator"), second.app).get("/settings").status_code == 200


def test_an_access_that_is_gone_is_logged_out(console, rig_with):
    first, second = (
        console,
        rig_with(toml=api_rig.TOML.replace("[access.viewer]", "[access.other]")),
    )
    assert moved(first.person("viewer"), second.app).get("/settings").status_code == 302


def test_a_login_ends_after_twelve_hours_whatever_was_done_meanwhile(console, monkeypatch):
    someone = console.person()
    now = sessions.time.time()
    for hours, status in ((11.9, 200), (12.1, 302), (-0.5, 302)):
        monkeypatch.setattr(sessions.time, "time", lambda hours=hours: now + hours * 3600)
        assert someone.get("/settings").status_code == status


@pytest.mark.parametrize("part", [0, 20, -1])
def test_a_cookie_that_was_altered_is_none(console, part):
    someone = console.person()
    value = someone.client.get_cookie(sessions.COOKIE).value
    altered = list(value)
    # Far off: neighbours may differ in bits that the last character does not use.
    altered[part] = "A" if altered[part] > "Z" else "m"
    someone.client.set_cookie(sessions.COOKIE, "".join(altered))
    assert someone.get("/settings").status_code == 302


def test_a_cookie_opens_neither_the_api_nor_the_webhooks(console):
    someone = console.person()
    assert someone.get("/api/settings").status_code == 401
    assert someone.client.post("/webhooks/erp", json={"id": "1"}).status_code == 401


def test_no_cookie_is_looked_for_where_none_opens_anything(console, monkeypatch):
    someone = console.person()
    opened = []
    kind = sessions.SecureCookieSessionInterface
    open_session = kind.open_session
    monkeypatch.setattr(
        kind,
        "open_session",
        lambda self, app, request: opened.append(request.path) or open_session(self, app, request),
    )
    assert someone.client.post("/webhooks/erp", json={"id": "1"}).status_code == 401
    assert someone.get("/api/settings").status_code == 401
    assert someone.get("/settings").status_code == 200
    assert opened == ["/settings"]


def test_the_documentation_takes_the_cookie_and_shows_the_pages_of_the_console(console):
    someone = console.person("viewer")
    assert 'aria-label="Pages"' in someone.page("/docs")
    assert 'href="/settings"' in someone.page("/docs/mappings")
    assert "form-action 'self'" in someone.get("/docs").headers["Content-Security-Policy"]
    assert "No such page" in someone.get("/docs/nothing").text
    assert console.stranger().get("/docs").status_code == 401


def attempt(someone, token, address="10.0.0.1"):
    data = {"csrf_token": someone.csrf(), "token": token}
    return someone.client.post("/login", data=data, environ_base={"REMOTE_ADDR": address})


def test_after_five_wrong_tokens_within_a_minute_a_right_one_is_refused_as_well(console, store):
    someone = console.stranger()
    found = [attempt(someone, "wrong").status_code for _ in range(5)]
    assert found == [401] * 5
    answer = attempt(someone, ADMIN)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= login_attempts.WINDOW
    assert "right one is refused" in answer.text
    assert attempt(someone, ADMIN, "10.0.0.2").status_code == 303
    # The minute goes by; what was refused meanwhile has not prolonged it.
    for id, at in store.zrange(keys.logins("10.0.0.1"), 0, -1, withscores=True):
        store.zadd(keys.logins("10.0.0.1"), {id: at - login_attempts.WINDOW})
    assert attempt(console.stranger(), ADMIN).status_code == 303


def test_the_log_tells_who_logged_in_and_from_where_one_tried(console, caplog):
    caplog.set_level("INFO", "service.console.login")
    someone = console.stranger()
    for token in (*5 * ("wrong-token-000001",), "x"):
        attempt(someone, token)
    attempt(someone, ADMIN, "10.0.0.2")
    told = [(line.levelname, line.outcome, line.address) for line in caplog.records]
    assert told == [
        *5 * [("WARNING", "unknown token", "10.0.0.1")],
        ("WARNING", "too many attempts", "10.0.0.1"),
        ("INFO", "ok", "10.0.0.2"),
    ]
    assert caplog.records[-1].by == "admin"
    assert "wrong-token" not in str([vars(line) for line in caplog.records])


def test_right_tokens_are_not_counted(console, store):
    for _ in range(7):
        assert attempt(console.stranger(), ADMIN).status_code == 303
    assert not store.exists(keys.logins(), keys.logins("10.0.0.1"))


def test_fifty_wrong_tokens_of_all_addresses_hold_up_everybody(console):
    someone = console.stranger()
    token = someone.csrf()
    for number in range(login_attempts.OF_ALL + 1):
        data = {"csrf_token": token, "token": "wrong" if number < 50 else ADMIN}
        host = {"REMOTE_ADDR": f"10.0.1.{number}"}
        found = someone.client.post("/login", data=data, environ_base=host)
    assert found.status_code == 429


def test_all_web_processes_count_together_and_forget_after_a_minute(console, rig_with, store):
    first, second = console.stranger(), rig_with().stranger()
    for someone in (first, first, first, second, second):
        assert attempt(someone, "wrong").status_code == 401
    assert {attempt(each, ADMIN).status_code for each in (first, second)} == {429}
    assert 0 < store.ttl(keys.logins()) <= login_attempts.WINDOW


@pytest.mark.parametrize(
    ("forwarded", "remote", "counted"),
    [
        (None, "10.0.0.9", "10.0.0.9"),
        ("1.2.3.4, 5.6.7.8", "127.0.0.1", "5.6.7.8"),
        ("no address", "127.0.0.1", "127.0.0.1"),
        ("1.2.3.4, 5.6.7.8:4711", "127.0.0.1", "5.6.7.8"),
        ("5.6.7.8:", "127.0.0.1", "5.6.7.8"),
        ("[2001:db8:1:2:3::4]:4711", "127.0.0.1", "2001:0db8:0001:0002"),
        ("[2001:db8:1:2:3::4]", "127.0.0.1", "2001:0db8:0001:0002"),
        ("[::ffff:5.6.7.8]:443", "127.0.0.1", "5.6.7.8"),
        ("[fe80::1%eth0]:443", "127.0.0.1", "fe80:0000:0000:0000"),
        ("[", "127.0.0.1", "127.0.0.1"),
        ("shop:80", "127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3::4", "127.0.0.1", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "127.0.0.1", "fe80:0000:0000:0000"),
        (None, "::ffff:10.0.0.9", "10.0.0.9"),
        (None, "", "unknown"),
    ],
)
def test_attempts_are_counted_by_the_address_that_the_proxy_saw(
    console, forwarded, remote, counted
):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with console.app.test_request_context(headers=headers, environ_base={"REMOTE_ADDR": remote}):
        assert login._address() == counted


def test_callers_show_no_token(console):
    callers = Callers(console.rig.configuration)
    assert not {token for token in TOKENS.values() if token in repr(vars(callers))}


def test_no_token_stands_on_a_page(console):
    page = console.person("operator").page("/settings")
    assert not {token for token in TOKENS.values() if token in page}
