"""The tables [pulls.NAME]: defaults, problems, secrets, and the template of a body."""

import pytest

from service.config.build import build
from service.config.pull_paths import wrong_paths
from workers.config import json_template
from workers.config.loader import load
from workers.config.pull import Pull
from workers.errors import ConfigurationInvalid
from workers.model.mask import Mask

DESTINATION = '[destinations.site]\ntoken = "t0ken-of-the-site"\n'
URL = 'url = "https://shop.example/products"\n'


@pytest.fixture
def loaded(tmp_path):
    def _loaded(text, **environ):
        path = tmp_path / "instep.toml"
        path.write_text(f"{DESTINATION}[pulls.feed]\n{text}")
        return load({"INSTEP_CONFIG": str(path), **environ})

    return _loaded


def test_it_has_the_documented_defaults(loaded):
    pull = loaded(URL).pulls["feed"]
    assert pull == Pull("feed", "https://shop.example/products")
    assert (pull.method, pull.format, pull.page, pull.timezone) == ("GET", "json", "", "UTC")
    assert pull.requests_per_minute == 60
    assert pull.is_whole


def test_it_is_a_source_that_needs_no_sender(loaded):
    settings = loaded(URL)
    assert settings.sources == {}
    assert settings.all_sources["feed"].sender == "pull"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('format = "rss"', False),
        ('format = "atom"', False),
        ('format = "rss"\nwhole = true', True),
        ('format = "csv"', True),
        ("whole = false", False),
        ('since = "updated_after"', False),
        ('method = "POST"\nbody = \'{"since": {since}}\'', False),
    ],
)
def test_what_it_lacks_is_gone_only_where_it_is_whole(loaded, text, whole):
    assert loaded(URL + text).pulls["feed"].is_whole is whole


WRONG = [
    ('url = "ftp://x"', "url", "http"),
    ('url = "https://me:secret@shop.example"', "url", "without user and password"),
    (URL + 'format = "yaml"', "format", "json"),
    (URL + 'method = "POST"', "method", "body as well"),
    (URL + "body = '{}'", "body", 'method = "POST"'),
    (URL + 'method = "POST"\nbody = \'{"a": }\'', "body", "JSON text"),
    (URL + 'format = "xml"', "items", "the name of the element"),
    (URL + 'format = "csv"\nitems = "a"', "items", "no such key"),
    (URL + 'auth = "bearer"', "token", "because of auth"),
    (URL + 'auth = "basic"\ntoken = "no-colon"', "token", "user:password"),
    (URL + 'auth = "client-credentials"\ntoken_url = "https://x"', "client_id", "because of auth"),
    (URL + 'token = "t0ken"', "token", "auth as well"),
    (URL + 'auth = "bearer"\ntoken = "x"\nheaders = {Authorization = "y"}', "auth", "one of them"),
    (URL + 'page = "cursor"\nparameter = "after"', "cursor", "JMESPath"),
    (URL + 'page = "number"', "parameter", "where the next page"),
    (URL + 'cursor = "next"', "cursor", 'page = "cursor"'),
    (URL + 'format = "csv"\npage = "link"\ncursor = "next"', "cursor", 'format = "json"'),
    (URL + "size = 100", "page", "one of"),
    (URL + 'every = "1h"\nat = "03:30"', "at", "either every or at"),
    (URL + 'since = "after"\nwhole = true', "whole", "false"),
    (URL + 'timezone = "Mars"', "timezone", "time zone"),
    (URL + "requests_per_minute = 0", "requests_per_minute", "1 or more"),
]


@pytest.mark.parametrize(("text", "key", "expected"), WRONG)
def test_each_mistake_is_told_with_its_key(loaded, text, key, expected):
    with pytest.raises(ConfigurationInvalid) as refused:
        loaded(text)
    problems = {each.where.rpartition(".")[2]: each for each in refused.value.problems}
    assert expected in problems[key].expected
    assert problems[key].do
    assert "secret@" not in str(refused.value)


def test_a_name_belongs_to_one_source(loaded):
    with pytest.raises(ConfigurationInvalid, match="one source of a name"):
        loaded(URL + '[sources.feed]\nsender = "hmac"\nsecrets = ["abc"]')


def test_its_secrets_are_neither_shown_nor_left_in_messages(loaded):
    text = """url = "https://shop.example/products?api_key=query-secret"
    auth = "bearer"
    token = "${TOKEN}"
    headers = { Accept = "application/json", X-Shop = "header-secret" }
    """
    settings = loaded(text, TOKEN="token-secret")
    shown = repr(settings)
    for secret in ("query-secret", "token-secret", "header-secret"):
        assert secret not in shown
        assert secret not in Mask(settings.hidden).text(f"found {secret}")
    assert Mask(settings.hidden).text("application/json") == "application/json"


def test_its_paths_are_jmespath():
    pull = Pull("feed", items="data[", page="cursor", cursor="meta..next")
    found = {each.where: each.expected for each in wrong_paths([pull, Pull("xml", format="xml")])}
    assert found == {"pulls.feed.items": "JMESPath", "pulls.feed.cursor": "JMESPath"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ('{"after": {cursor}}', {"after": 'a"b'}),
        ('{"after": "{cursor}"}', {"after": 'a"b'}),
        ('{"q": "p(after: \\"{cursor}\\") {id}"}', {"q": 'p(after: "a"b") {id}'}),
        ('[{page}, "{since}", 1]', [3, None, 1]),
        ('{"q": "since {since}."}', {"q": "since ."}),
    ],
)
def test_values_are_put_into_a_body_as_json(text, filled):
    assert json_template.fill(json_template.parse(text), {"cursor": 'a"b', "page": 3}) == filled


@pytest.mark.parametrize(
    "option", ['on_delete = "archive"', 'fetch = "shop"\n        object = "id"']
)
def test_a_mapping_of_rows_has_no_options_of_events(tmp_path, option):
    (tmp_path / "mappings.py").write_text(f"""
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source = "feed"
        collection = "products"
        key = "sku"
        {option}
""")
    collection = '[collections.products]\ndestination = "site"\nid = "1"\nkey = "sku"\n'
    text = f'mappings = ["mappings.py"]\n{DESTINATION}{collection}[pulls.feed]\n{URL}'
    (tmp_path / "instep.toml").write_text(text)
    with pytest.raises(ConfigurationInvalid) as refused:
        build({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})
    assert "of rows that are pulled" in str(refused.value)
