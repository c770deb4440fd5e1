"""[access.NAME]: tokens for the JSON API, and what is refused."""

import pytest

from workers.config.loader import load
from workers.errors import ConfigurationInvalid

TOKEN = "viewer-token-0001"
SITE = '[destinations.site]\ntoken = "t0ken"\n'


@pytest.fixture
def environ(tmp_path):
    def _environ(text, **more):
        path = tmp_path / "instep.toml"
        path.write_text(SITE + text, encoding="utf-8")
        return {"INSTEP_CONFIG": str(path), "VIEWER": TOKEN, **more}

    return _environ


@pytest.fixture
def problem(environ):
    """The one problem of a text; its place without the file."""

    def _problem(text, **more):
        variables = environ(text, **more)
        with pytest.raises(ConfigurationInvalid) as caught:
            load(variables)
        (found,) = caught.value.problems
        assert TOKEN not in str(found)
        return found.where.removeprefix(f"{variables['INSTEP_CONFIG']}: "), found

    return _problem


def test_an_access_is_a_view_of_everything_unless_it_says_more(environ):
    access = load(environ('[access.a]\ntoken = "${VIEWER}"\n')).access["a"]
    assert (access.name, access.token, access.role, access.destinations) == ("a", TOKEN, "view", ())


def test_every_key_of_an_access_is_read(environ):
    text = f'[access.a]\ntoken = "{TOKEN}"\nrole = "operate"\ndestinations = ["site"]\n'
    access = load(environ(text)).access["a"]
    assert (access.role, access.destinations) == ("operate", ("site",))


def test_the_token_is_in_no_repr_and_is_hidden_in_messages_of_the_cms(environ):
    settings = load(environ('[access.a]\ntoken = "${VIEWER}"\n'))
    assert TOKEN not in repr(settings)
    assert TOKEN in settings.destinations["site"].hidden


@pytest.mark.parametrize("token", ["x" * 15, "", "a token with blanks", "schlüssel-schlüssel"])
def test_a_token_that_is_short_or_no_header_is_refused(problem, token):
    where, found = problem(f'[access.a]\ntoken = "{token}"\n')
    assert where == "access.a.token"
    assert "16 characters" in found.expected


def test_two_equal_tokens_are_refused(problem):
    text = '[access.a]\ntoken = "${VIEWER}"\n[access.b]\ntoken = "${VIEWER}"\n'
    where, found = problem(text)
    assert where == "access.b.token"
    assert "a token that nothing else has" in found.expected


def test_the_admin_token_is_no_token_of_an_access(problem):
    where, _ = problem('[access.a]\ntoken = "${VIEWER}"\n', INSTEP_ADMIN_TOKEN=TOKEN)
    assert where == "access.a.token"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('role = "admin"', "role"),
        ('destinations = ["shop"]', "destinations"),
        ('destinations = "site"', "destinations"),
        ("scope = 1", "scope"),
    ],
)
def test_another_role_destination_or_key_is_refused(problem, line, key):
    where, found = problem(f'[access.a]\ntoken = "{TOKEN}"\n{line}\n')
    assert where == f"access.a.{key}"
    assert found.do


def test_no_access_is_called_admin(problem):
    assert problem(f'[access.admin]\ntoken = "{TOKEN}"\n')[0] == "access.admin"
