"""The tables [writeback.NAME]: their defaults, their problems, and that targets are secrets."""

import base64

import pytest

from service.operate.scope import Scope
from service.operate.settings_in_force import settings_in_force
from workers.config.loader import load
from workers.config.writeback import WriteBack
from workers.errors import ConfigurationInvalid
from workers.model.mask import Mask
from workers.model.writeback import EVENTS

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
EVERYTHING = Scope(True, frozenset(), frozenset(), frozenset())
BEFORE = """
[destinations.site]
token = "t0ken-of-the-site"
[collections.products]
destination = "site"
id = "65f0"
[writeback.shop]
collection = "products"
"""
UPDATE = 'statement = "UPDATE p SET id = :item WHERE sku = :key"'
SQL = f'sql = "mysql://u:p4ssword@db/shop"\n{UPDATE}'
URL = 'url = "https://erp.example/items/{key}"'


@pytest.fixture
def loaded(tmp_path):
    def _loaded(text, **environ):
        path = tmp_path / "instep.toml"
        path.write_text(BEFORE + text)
        return load({"INSTEP_CONFIG": str(path), **environ})

    return _loaded


def test_it_has_the_documented_defaults(loaded):
    own = loaded(URL).writebacks["shop"]
    assert (own.on, own.method, own.attempts, own.body) == (EVENTS, "POST", 12, None)


def test_every_key_is_read(loaded):
    text = f"""{URL}
    on = ["refused", "created"]
    method = "PATCH"
    headers = {{ Authorization = "Bearer ${{TOKEN}}" }}
    secret = "{SECRET}"
    body = '{{"id": {{item}}, "says": "of {{key}}"}}'
    attempts = 3
    """
    own = loaded(text, TOKEN="a-long-token").writebacks["shop"]
    assert own == WriteBack(
        "shop",
        "products",
        ("created", "refused"),
        "https://erp.example/items/{key}",
        "PATCH",
        {"Authorization": "Bearer a-long-token"},
        SECRET,
        '{"id": {item}, "says": "of {key}"}',
        attempts=3,
    )


@pytest.mark.parametrize(
    "url",
    ["postgresql://u@h/db", "postgres://u@h/db", "mysql+pymysql://u@h/db", "sqlite:///file.db"],
)
def test_the_databases_that_are_known(loaded, url):
    assert loaded(f'sql = "{url}"\n{UPDATE}').writebacks["shop"].sql == url


@pytest.mark.parametrize(
    ("text", "where", "found", "do"),
    [
        ("", "", "neither url nor sql", "set the one"),
        (f"{URL}\n{SQL}", "", "url and sql", "set the one"),
        ('sql = "mysql://u@h/db"', ".statement", "nothing", "add the key"),
        (f"{URL}\n{UPDATE}", ".statement", "statement", "remove it"),
        (f'{SQL}\nmethod = "PUT"', ".method", "method", "remove it"),
        (f'{SQL}\nbody = "1"', ".body", "body", "remove it"),
        ('url = "https://{key}.example/"', ".url", "a text", "a host that came"),
        ('url = "https://h.example/{kee}"', ".url", "{kee}", "write {key}"),
        ('url = "ftp://h.example/"', ".url", "a text", "correct it"),
        ('sql = "oracle://u@h/db"', ".sql", "a text", "set it from the environment"),
        (f'{URL}\nmethod = "GET"', ".method", '"GET"', "choose"),
        (f"{URL}\nbody = '{{\"id\": {{itm}}}}'", ".body", "{itm}", "write {item}"),
        (f"{URL}\nbody = '{{\"q\": {{zzz}}}}'", ".body", "{zzz}", "write { zzz } with spaces"),
        (f"{URL}\nbody = '{{\"id\": {{item}}'", ".body", "a text that is no JSON", "correct it"),
        (f"{URL}\nheaders = {{ Host = 'x' }}", ".headers", "a table", "correct the value"),
        (f'{URL}\nheaders = {{ A = "x\\ny" }}', ".headers", "a table", "correct the value"),
        (f'{URL}\nsecret = "short"', ".secret", "a text", "openssl"),
        (f"{URL}\non = []", ".on", "an empty list", "name at least one"),
        (f'{URL}\non = ["gone"]', ".on", "a list of a text", "name at least one"),
        (f"{URL}\nattempts = 0", ".attempts", "0", "correct the value"),
        (f"{URL}\nretries = 3", ".retries", "an unknown key", "remove it"),
        (SQL.replace(":key", ":kex"), ".statement", ":kex", "write :key"),
        (SQL.replace(":item", ":zzz"), ".statement", ":zzz", "write \\:zzz"),
        (
            'sql = "mysql://u@h/db"\nstatement = "UPDATE p SET a = :at"',
            ".statement",
            "neither :key nor :item",
            "add WHERE",
        ),
    ],
)
def test_each_problem_says_what_was_found_and_what_to_do(loaded, text, where, found, do):
    with pytest.raises(ConfigurationInvalid) as raised:
        loaded(text)
    problem = raised.value.problems[0]
    assert problem.where.endswith(f"writeback.shop{where}")
    assert problem.found == found
    assert do in problem.do


def test_its_collection_must_be_there(loaded):
    with pytest.raises(ConfigurationInvalid) as raised:
        loaded(f'[writeback.erp]\ncollection = "prodcts"\n{URL}\n[writeback.x]\n{URL}')
    wheres = {problem.where.rpartition(": ")[2]: problem for problem in raised.value.problems}
    assert "products" in wheres["writeback.erp.collection"].expected
    assert wheres["writeback.x.collection"].found == "nothing"


def test_targets_are_shown_nowhere(loaded):
    url = 'url = "https://hooks.example/a-secret-path-of-a-hook"'
    text = f'{url}\nheaders = {{ X-Key = "Token s3cr3t-key" }}\nsecret = "{SECRET}"\n'
    settings = loaded(f'{text}[writeback.db]\ncollection = "products"\n{SQL}')
    shown = settings_in_force(settings, EVERYTHING)["writebacks"]
    assert (shown["shop"]["url"], shown["db"]["sql"]) == ("***", "***")
    assert (shown["shop"]["secret"], shown["shop"]["headers"]) == ("***", "***")
    mask = Mask(settings.hidden)
    for each in ("a-secret-path-of-a-hook", "s3cr3t-key", SECRET, "p4ssword"):
        assert each not in repr(settings)
        assert each not in mask.text(f"said /{each} again")


def test_a_plain_header_and_a_short_path_are_masked_in_no_text(loaded):
    text = 'url = "https://h.example/items"\nheaders = { Content-Type = "application/json" }'
    mask = Mask(loaded(text).hidden)
    assert mask.text("GET /items application/json") == "GET /items application/json"


def test_another_target_has_another_mark(loaded):
    first = loaded(URL).writebacks["shop"]
    assert first.mark == loaded(f"{URL}\nattempts = 3").writebacks["shop"].mark
    assert first.mark != loaded(f'{URL}\nheaders = {{ A = "b" }}').writebacks["shop"].mark
