"""check: which locales of the site nothing writes, and which it has not."""

import json
import time

import pytest
from click.testing import CliRunner

from service.cli import main
from service.sandbox.model.locales import make_locales
from service.sandbox.seeds.samples import PRODUCTS, seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.site import SITE_ID, Site

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t"
base_url = "{url}"
{site}
[collections.products]
destination = "site"
id = "{id}"
key = "sku"
{locales}
[sources.erp]
sender = "bearer"
secrets = ["s"]
"""
MAPPING = """
from marshmallow import fields
from service.mapping import Mapping
class {name}(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        {meta}
    {slug} = fields.Raw()
"""
STOCK = MAPPING.format(name="Stock", meta="", slug="stock")


@pytest.fixture
def site():
    made = Site(token="t", requests_per_minute=600, now=time.time)
    seed_products(made, 2)
    server = start(made)
    made.url = server.url
    yield made
    stop(made, server)


@pytest.fixture
def check(tmp_path, site):
    """Run ``instep check``; returns exit code and JSON."""

    def _check(mappings=STOCK, locales="", named=""):
        path = tmp_path / "instep.toml"
        text = TOML.format(url=site.url, id=PRODUCTS, locales=locales, site=named)
        path.write_text(text)
        (tmp_path / "mappings.py").write_text(mappings)
        env = {"INSTEP_CONFIG": str(path), "INSTEP_DATA": str(tmp_path / "data"), "REDIS_URL": ""}
        result = CliRunner().invoke(main, ["check", "--json"], env=env)
        return result.exit_code, json.loads(result.stdout)

    return _check


def said(found, word):
    return [note for note in found["notes"] if word in note]


def errors(found):
    return [each for each in found["problems"] if each["level"] == "error"]


def test_a_publish_of_the_site_is_warned_of(check):
    code, found = check(named='publish = "site"', locales='locales = "primary"')
    assert code == 0
    (problem,) = found["problems"]
    assert (problem["level"], problem["where"].rpartition(": ")[2]) == (
        "warning",
        "destinations.site.publish",
    )
    assert "every unpublished change of the Designer" in problem["found"]


def test_locales_that_nothing_writes_are_warned_of(check):
    code, found = check()
    [warning] = found["problems"]
    assert (code, warning["level"]) == (0, "warning")
    assert warning["where"].endswith("collections.products.locales")
    assert "the locale de, which no mapping writes" in warning["found"]


@pytest.mark.parametrize("locales", ['locales = "primary"', 'locales = ["en"]'])
def test_locales_that_were_left_out_by_choice_are_noted(check, locales):
    code, found = check(locales=locales)
    assert (code, found["problems"]) == (0, [])
    assert said(found, "locale") == ["Collection products: no mapping writes the locale de"]


@pytest.mark.parametrize("locales", ['locales = "all"', 'locales = ["en", "DE"]'])
def test_where_all_are_written_nothing_is_told(check, locales):
    code, found = check(locales=locales)
    assert (code, found["problems"], said(found, "locale")) == (0, [], [])


def test_a_mapping_of_the_locale_writes_it(check):
    german = MAPPING.format(name="German", meta='locale = "de"', slug="name")
    code, found = check(STOCK + german)
    assert (code, found["problems"], said(found, "locale")) == (0, [], [])


def test_a_site_with_one_locale_has_nothing_to_tell(check, site):
    site.locales = make_locales(("en",))
    assert said(check()[1], "locale") == []


def test_an_unknown_tag_is_a_problem_that_names_those_there_are(check):
    code, found = check(locales='locales = ["en", "fr"]')
    [problem] = found["problems"]
    assert code == 1
    assert problem["where"].endswith("collections.products.locales")
    assert problem["found"] == '"fr"'
    assert problem["expected"] == "a locale of the site (en, de)"


def test_an_unknown_tag_in_a_mapping_is_one_too(check):
    code, found = check(MAPPING.format(name="French", meta='locale = "fr"', slug="name"))
    [problem] = errors(found)
    assert code == 1
    assert problem["where"].endswith("French.Meta.locale")


def test_a_site_that_is_not_localized_says_so(check, site):
    site.locales = None
    [problem] = check(locales='locales = ["de"]')[1]["problems"]
    assert problem["expected"] == "a locale of the site (none: the site is not localized)"


def test_two_mappings_of_one_field_meet_in_the_primary_locale(check):
    english = MAPPING.format(name="English", meta='locale = "en"', slug="stock")
    code, found = check(STOCK + english)
    [problem] = errors(found)
    assert code == 1
    assert problem["found"].startswith("stock in the primary locale en, which Stock (")


def test_a_token_that_may_not_read_sites_is_a_problem_where_locales_are_wanted(check, site):
    site.tokens.grant("t", ["cms:read", "cms:write"])
    code, found = check(locales='locales = "all"')
    [problem] = found["problems"]
    assert code == 1
    assert problem["where"].endswith("destinations.site.token")
    assert "sites:read" in problem["do"]
    assert check()[0] == 0


def test_a_site_that_is_named_is_asked_for(check):
    assert check(locales='locales = "all"', named=f'site = "{SITE_ID}"')[0] == 0
    code, found = check(locales='locales = "all"', named='site = "65e0000000000000000000ff"')
    [problem] = found["problems"]
    assert code == 1
    assert problem["where"].endswith("destinations.site.site")
    assert problem["found"].startswith("status 404")
