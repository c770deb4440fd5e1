"""[fetchers.NAME] in instep.toml, and what preview and check say of mappings that fetch."""

import json

import pytest
from click.testing import CliRunner

from service import fetchers
from service.cli import main
from service.config.build import build
from workers.config.loader import load
from workers.errors import ConfigurationInvalid, Problem

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[sources.shop]
sender = "bearer"
secrets = ["s3cret"]
topic = "type"
"""
FETCHER = '[fetchers.shop-api]\nkind = "fake"\ntoken = "${SHOP_TOKEN}"\n'
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Product(Mapping):
    class Meta:
        source = "shop"
        topics = ("product.updated",)
        collection = "products"
        key = "sku"
        fetch = "shop-api"

    stock = fields.Integer(data_key="qty")
"""


class Fake:
    object = "data.id"

    def __init__(self, given):
        self.given = given

    def __call__(self, notice):
        raise AssertionError("a command fetches nothing")


def build_fake(given):
    if given.kind != "fake":
        where = f"fetchers.{given.name}.kind"
        raise ConfigurationInvalid([Problem(where, repr(given.kind), "one of fake", "name it")])
    if given.options.get("version") == "old":
        where = f"fetchers.{given.name}.version"
        raise ConfigurationInvalid([Problem(where, "'old'", "a newer one", "name it")])
    return Fake(given)


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """Writes instep.toml with *more*, and returns the environment that names it."""
    monkeypatch.setattr(fetchers, "build", build_fake)

    def make(more=FETCHER, mappings=MAPPINGS):
        (tmp_path / "mappings.py").write_text(mappings)
        (tmp_path / "instep.toml").write_text(TOML + more)
        named = {"INSTEP_CONFIG": str(tmp_path / "instep.toml"), "SHOP_TOKEN": "sh0p-t0ken"}
        return named | {"INSTEP_DATA": str(tmp_path / "data"), "REDIS_URL": ""}

    return make


@pytest.fixture
def problems(environ):
    def make(more):
        given = environ(more)
        with pytest.raises(ConfigurationInvalid) as caught:
            build(given)
        prefix = f"{given['INSTEP_CONFIG']}: "
        return {each.where.removeprefix(prefix): str(each) for each in caught.value.problems}

    return make


def test_a_fetcher_is_read_with_the_keys_of_its_kind(environ):
    more = 'base_url = "http://127.0.0.1:9/"\nstore = "abc"\n'
    fetcher = load(environ(FETCHER + more)).fetchers["shop-api"]
    assert (fetcher.kind, fetcher.token) == ("fake", "sh0p-t0ken")
    assert (fetcher.base_url, fetcher.options) == ("http://127.0.0.1:9", {"store": "abc"})
    assert load(environ()).fetchers["shop-api"].base_url is None


def test_a_token_is_never_shown(environ):
    assert "sh0p" not in repr(build(environ()).settings)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ('[fetchers.a]\ntoken = "t"\n', "fetchers.a.kind"),
        ('[fetchers.a]\nkind = "fake"\n', "fetchers.a.token"),
        ('[fetchers.a]\nkind = "fake"\ntoken = "two words"\n', "fetchers.a.token"),
        ('[fetchers.a]\nkind = "fake"\ntoken = "t"\nbase_url = "ftp://x"\n', "fetchers.a.base_url"),
        ('[fetchers.a]\nkind = "other"\ntoken = "t"\n', "fetchers.a.kind"),
        ('[fetchers.a]\nkind = "fake"\ntoken = "t"\nversion = "old"\n', "fetchers.a.version"),
        ('[fetchers."A b"]\nkind = "fake"\ntoken = "t"\n', "fetchers.A b"),
        ("[fetchers]\na = 1\n", "fetchers.a"),
    ],
)
def test_what_is_wrong_with_a_fetcher_is_told_by_its_key(problems, more, where):
    found = problems(more)  # without the fetcher that the mapping names
    assert [each for each in found if "mappings.py" not in each] == [where]


def test_all_that_is_wrong_is_told_at_once(problems):
    found = problems(
        '[fetchers.shop-api]\nkind = "other"\ntoken = "t"\n'
        '[fetchers.b]\nkind = "fake"\ntoken = "t"\nversion = "old"\n[fetchers.c]\n'
    )
    expected = {"fetchers.shop-api.kind", "fetchers.b.version"}
    assert set(found) == expected | {"fetchers.c.kind", "fetchers.c.token"}


def test_a_wrong_token_is_not_part_of_its_problem(problems):
    found = problems('[fetchers.a]\nkind = "fake"\ntoken = "sh0p token"\n')
    assert "sh0p" not in str(found)


def test_the_mappings_get_the_fetcher_that_was_built(environ):
    used = build(environ()).mappings.fetchers["shop-api"]
    assert isinstance(used, Fake)
    assert used.given.token == "sh0p-t0ken"


def test_check_names_what_is_wrong(environ):
    given = environ(FETCHER.replace("fake", "other"))
    result = CliRunner().invoke(main, ["check", "--json"], env=given)
    assert result.exit_code == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["where"].endswith("fetchers.shop-api.kind")


def preview(environ, payload, *more):
    text = json.dumps(payload)
    arguments = ["preview", "shop", "-", *more]
    result = CliRunner().invoke(main, arguments, env=environ(), input=text)
    return result.exit_code, result.stdout


def test_preview_shows_what_would_be_fetched_and_fetches_nothing(environ):
    notice = {"type": "product.updated", "data": {"id": 7}}
    code, said = preview(environ, notice, "--json")
    assert code == 0
    assert json.loads(said) == {
        "changes": [],
        "fetches": [{"fetcher": "shop-api", "object": "7"}],
        "problems": [],
        "unmatched": [],
    }
    assert preview(environ, notice) == (0, "Would be fetched by shop-api: 7\n")


def test_preview_maps_a_file_as_what_was_fetched(environ):
    code, said = preview(environ, {"sku": "a", "qty": 3}, "--fetched", "--json")
    assert code == 0
    (change,) = json.loads(said)["changes"]
    assert (change["key"], change["fields"], change["version"]) == ("a", {"stock": 3}, None)


def test_preview_of_what_was_fetched_takes_a_topic(environ):
    payload = {"sku": "a", "qty": 3}
    _, said = preview(environ, payload, "--fetched", "--topic", "other", "--json")
    assert json.loads(said)["changes"] == []


def test_preview_says_what_keeps_a_fetched_payload_from_being_mapped(environ):
    code, said = preview(environ, {"sku": "a", "qty": "x"}, "--fetched", "--json")
    assert code == 1
    assert [each["path"] for each in json.loads(said)["problems"]] == ["qty"]


def test_preview_of_a_fetched_file_that_is_no_json_is_a_no(environ):
    arguments = ["preview", "shop", "-", "--fetched", "--json"]
    result = CliRunner().invoke(main, arguments, env=environ(), input="{")
    assert result.exit_code == 1
    assert [each["path"] for each in json.loads(result.stdout)["problems"]] == ["body"]


def test_a_function_of_the_mappings_finds_in_the_environment_what_env_sets(environ, tmp_path):
    (tmp_path / ".env").write_text("ERP_KEY=k3y\nSHOP_TOKEN=another\n")
    asks = (
        'import os\nassert (os.environ["ERP_KEY"], os.environ["SHOP_TOKEN"]) == '
        '("k3y", "sh0p-t0ken")\n'
    )
    arguments = ["preview", "shop", "-", "--fetched"]
    given = environ(mappings=asks + MAPPINGS)
    result = CliRunner().invoke(main, arguments, env=given, input='{"sku": "a", "qty": 3}')
    assert result.exit_code == 0, result.output
