"""The console in the test client, on a store that can hold some of everything."""

import re
from html import unescape

import pytest

from tests.support.api_rig import ADMIN, CLERK, OPERATE, SHOP, VIEW, Rig
from tests.support.refusals import FAST
from workers.store.compression import Packer

TOKENS = {
    "admin": ADMIN,
    "operator": OPERATE,
    "viewer": VIEW,
    "shop": SHOP,  # views one destination
    "clerk": CLERK,  # operates it
}
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def words(text):
    """Return what a person reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text.partition("<main")[2])).split())


class Person:
    """Somebody with a browser, who keeps cookies."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path, **options):
        return self.client.get(path, **options)

    def page(self, path, **options):
        """Return the text of a page that is there."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def csrf(self):
        """Return a token of the forms: every page has one, when logged in or not."""
        text = self.get("/login").text
        if not _CSRF.search(text):
            text = self.get("/settings").text
        return _CSRF.search(text)[1]

    def post(self, path, csrf=True, **form):
        """Send a form; a list sends a field several times."""
        token = {"csrf_token": self.csrf()} if csrf else {}
        return self.client.post(path, data={**token, **form})

    def login(self, token, **form):
        return self.post("/login", token=token, **form)

    def confirm(self, answer, **form):
        """Send the form of the page of an estimate, with *form* filled in."""
        text = answer.text.partition('class="stack confirm"')[2]
        fields = {}
        for name, value in _HIDDEN.findall(text):
            fields.setdefault(unescape(name), []).append(unescape(value))
        return self.client.post(answer.request.path, data=fields | form)


class Console:
    """
    The people of the console.

    Args:
        rig: The application and its store.
    """

    def __init__(self, rig):
        self.rig = rig
        self.app = rig.app
        self.context = rig.context

    def stranger(self):
        return Person(self.app)

    def person(self, name="admin"):
        """Return somebody who is logged in, by one of TOKENS."""
        made = Person(self.app)
        answer = made.login(TOKENS[name])
        assert answer.status_code == 303, answer.text
        return made


@pytest.fixture(scope="module")
def console_application(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("console"), store_socket)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def fast_application(tmp_path_factory, store_socket):
    """One whose CMS may be called without waits, as `refusals.refuse` does."""
    rig = Rig(tmp_path_factory.mktemp("fast"), store_socket, toml=FAST)
    yield rig
    rig.close()


@pytest.fixture
def fast_console(fast_application, store):
    """`console`, of it."""
    assert store.dbsize() == 0
    return Console(fast_application)


@pytest.fixture
def console(console_application, store):
    """The console on a store that `Rig.fill` can fill."""
    assert store.dbsize() == 0
    # What is kept is packed with words that the store has: those of the last test are gone.
    console_application.context.outbox._packer = Packer()
    return Console(console_application)


@pytest.fixture
def unanswered(monkeypatch):
    """The CMS is not asked whether it takes the token, as something is resumed."""
    monkeypatch.setattr("service.operate.pauses.ask", lambda *_, **__: None)
    monkeypatch.setattr("service.operate.pauses.pause_for", lambda _: None)
