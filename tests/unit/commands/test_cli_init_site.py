"""``instep init --site`` against the sandbox: what it asks, writes and refuses."""

import stat

import pytest
import requests
from click.testing import CliRunner

from service.cli import main
from service.commands import init_site
from service.config.build import without_mappings
from service.onboarding.sample_events import Occasion, samples
from service.onboarding.site_files import ChosenCollection, ChosenSite, env, instep_toml
from service.onboarding.site_reader import SiteReader
from service.onboarding.trigger import delivery
from service.sandbox.seeds.samples import PRODUCTS
from service.sandbox.site.site import SITE_ID
from service.senders import SENDERS
from service.senders.base import QUERY
from tests.support.sandbox_site import TOKEN, clock, site, url  # noqa: F401
from tests.support.suggestion_cases import NOW


@pytest.fixture
def init(tmp_path, url):  # noqa: F811
    def _init(*arguments, token=TOKEN, answers=None):
        command = ("init", str(tmp_path / "shop"), "--base-url", url, "--site", *arguments)
        return CliRunner().invoke(main, command, env={"WEBFLOW_TOKEN": token}, input=answers)

    return _init


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(init_site, "is_terminal", lambda: True)


def written(tmp_path):
    return without_mappings({"INSTEP_CONFIG": str(tmp_path / "shop" / "instep.toml")})


def test_it_writes_what_the_site_tells(init, tmp_path):
    result = init("--collection", "products", "--sender", "shopify")
    assert result.exit_code == 0, result.output
    settings = written(tmp_path).settings
    destination, collection = settings.destinations["site"], settings.collections["products"]
    assert (destination.site, destination.requests_per_minute) == (SITE_ID, 60)
    assert (collection.id, collection.key) == (PRODUCTS, "sku")
    assert settings.sources["shopify"].sender == "shopify"
    assert "suggest shopify --collection products > mappings.py" in result.output
    assert "trigger shopify products/update" in result.output
    assert TOKEN not in result.output
    assert TOKEN not in (tmp_path / "shop" / "instep.toml").read_text()
    mode = (tmp_path / "shop" / ".env").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_token_of_the_legacy_api_does_as_well(init, tmp_path):
    result = init("--collection", "products", "--sender", "shopify", "--api", "v1")
    assert result.exit_code == 0, result.output
    settings = written(tmp_path).settings
    destination, collection = settings.destinations["site"], settings.collections["products"]
    assert (destination.api, destination.site, destination.requests_per_minute) == (
        "v1",
        SITE_ID,
        60,
    )
    assert (collection.id, collection.key) == (PRODUCTS, "sku")
    assert "locales" not in (tmp_path / "shop" / "instep.toml").read_text()
    environ = {
        "INSTEP_CONFIG": str(tmp_path / "shop" / "instep.toml"),
        "INSTEP_DATA": str(tmp_path),
    }
    arguments = ("suggest", "shopify", "--collection", "products")
    module = CliRunner().invoke(main, arguments, env=environ).stdout
    assert "stock = fields.Integer(" in module
    # Neither what the CMS writes itself nor a flag.
    assert not any(word in module for word in ("created_on", "created-by", "_draft"))


def test_the_rate_is_the_one_that_the_answers_tell(init, tmp_path, url):  # noqa: F811
    requests.post(f"{url}/_sandbox/budget", json={"limit": 120}, timeout=5).raise_for_status()
    assert init("--sender", "hmac").exit_code == 0
    assert written(tmp_path).settings.destinations["site"].requests_per_minute == 120


def test_of_an_own_system_a_payload_is_asked_for(init):
    result = init("--sender", "hmac")
    assert "suggest hmac payload.json --collection products > mappings.py" in result.output
    assert "trigger hmac stock.changed" in result.output


def test_the_only_site_and_the_only_collection_are_taken(init, tmp_path):
    assert init("--sender", "stripe").exit_code == 0
    assert list(written(tmp_path).settings.collections) == ["products"]


def test_in_a_pipe_it_names_all_that_is_missing(init, tmp_path):
    result = init(token="")
    assert result.exit_code == 2
    assert "missing the token of the site, in WEBFLOW_TOKEN and --sender NAME" in result.output
    assert not (tmp_path / "shop").exists()


def test_in_a_pipe_several_collections_are_a_question(init, site):  # noqa: F811
    site.add_collection("Team", "team", [])
    result = init("--sender", "shopify")
    assert result.exit_code == 2
    assert "missing --collection SLUG (products, team)" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--collection", "product", "--sender", "hmac"), "expected products"),
        (("--sender", "shopfy"), "found 'shopfy', expected airtable"),
        (("--sender", "shopfy"), "zoho, none; write shopify"),
        (("--sender", "hmac", "--base-url", "127.0.0.1:1"), "without /v2 and without a query"),
        (
            ("--sender", "hmac", "--base-url", "http://127.0.0.1:1/v2"),
            "expected an http(s) address",
        ),
        (("--sender", "hmac", "--site", "x"), f"expected {SITE_ID} (Sandbox)"),
    ],
)
def test_what_is_not_there_is_told(init, arguments, told):
    result = init(*arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_a_refused_token_is_told(init):
    result = init("--sender", "hmac", token="wrong")
    assert result.exit_code == 1
    assert "status 401" in result.output
    assert "a token that the CMS knows" in result.output
    assert "one of the legacy API needs --api v1" in result.output
    result = init("--sender", "hmac", "--api", "v1", token="wrong")
    assert "create a token of the legacy API, or leave out --api v1" in result.output


def test_the_token_is_in_no_repr():
    with SiteReader("t0ken", "http://127.0.0.1:1") as reader:
        assert "t0ken" not in repr(reader)


def test_a_site_that_does_not_answer_is_told(init):
    result = init("--sender", "hmac", "--base-url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "expected the CMS at http://127.0.0.1:1; check the address" in result.output


def test_nothing_is_overwritten(init, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / ".env").write_text("MINE=1")
    result = init("--sender", "hmac")
    assert result.exit_code == 1
    assert "already has .env; nothing was written: name another folder" in result.output
    assert not (tmp_path / "shop" / "instep.toml").exists()


def test_a_gitignore_that_is_there_stays(init, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / ".gitignore").write_text("mine")
    assert init("--sender", "hmac").exit_code == 0
    assert (tmp_path / "shop" / ".gitignore").read_text() == "mine"


@pytest.mark.usefixtures("asked")
def test_on_a_terminal_it_asks_for_what_is_not_given(init, tmp_path, site):  # noqa: F811
    site.add_collection("Team", "team", [])
    place = sorted(SENDERS).index("github") + 1
    # Collections after a wrong number, the key of each, the sender.
    result = init(token="", answers=f"{TOKEN}\n9\n1,2\n\n2\n{place}\n")
    assert result.exit_code == 0, result.output
    assert "expected a number from 1 to 2" in result.output
    assert TOKEN not in result.output
    settings = written(tmp_path).settings
    assert list(settings.collections) == ["products", "team"]
    assert [each.key for each in settings.collections.values()] == ["sku", None]
    assert settings.sources["github"].secrets


def test_a_collection_without_a_key_is_written_and_told(init, tmp_path, site):  # noqa: F811
    site.add_collection("Team", "team", [])
    result = init("--collection", "team", "--sender", "hmac")
    assert result.exit_code == 0
    assert "No field of team looks like a key" in result.output
    assert written(tmp_path).settings.collections["team"].key is None


def test_a_site_without_collections_is_told(init, site):  # noqa: F811
    site.collections.clear()
    result = init("--sender", "hmac")
    assert result.exit_code == 2
    assert "found no collection in Sandbox" in result.output


def test_options_of_a_site_want_one(tmp_path):
    result = CliRunner().invoke(main, ["init", str(tmp_path / "x"), "--sender", "hmac"])
    assert result.exit_code == 2
    assert "go with --site" in result.output


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_what_is_written_for_each_sender_is_valid_and_can_be_triggered(sender, tmp_path):
    collections = [ChosenCollection("products", "c", "Products", "sku")]
    chosen = ChosenSite("s", "Site", "https://api.webflow.com", None, collections, sender)
    (tmp_path / "instep.toml").write_text(instep_toml(chosen))
    (tmp_path / ".env").write_text(env(chosen, "t", init_site.secret_of(sender), "admin-token-1"))
    configuration = without_mappings({"INSTEP_CONFIG": str(tmp_path / "instep.toml")})
    assert "base_url" not in (tmp_path / "instep.toml").read_text()
    source, proof = configuration.settings.sources[sender], configuration.senders[sender]
    occasion = Occasion("1", NOW)
    request = delivery(source, proof, next(iter(samples(sender, occasion))), [], occasion)
    found = proof.receive({**request.headers, QUERY: request.query}, request.body, now=NOW)
    assert found.events


def test_a_source_that_is_pulled_needs_no_sender(init, tmp_path):
    result = init("--sender", "none")
    assert result.exit_code == 0, result.output
    assert "Write [pulls.NAME] into instep.toml" in result.stdout
    assert "sync --once" in result.stdout
    text = (tmp_path / "shop" / "instep.toml").read_text()
    assert "# [pulls.NAME] here says what is read" in text
    assert "SECRET" not in text + (tmp_path / "shop" / ".env").read_text()
    assert written(tmp_path).settings.sources == {}
