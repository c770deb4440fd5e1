"""What to enter in the settings of a sender."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands.init_site import secret_of
from service.onboarding.site_files import ChosenCollection, ChosenSite, env, instep_toml
from service.senders import SENDERS

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source, collection, key, topics = "shopify", "products", "id", ("products/update",)

    name = fields.String(data_key="title")
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _run(sender, *arguments, host="", mappings=""):
        collections = [ChosenCollection("products", "c", "Products", "sku")]
        chosen = ChosenSite("s", "Site", "https://api.webflow.com", 60, collections, sender)
        text = instep_toml(chosen).replace("# public_url", "public_url") if host else None
        text = text.replace("https://hooks.example.com", host) if text else instep_toml(chosen)
        (tmp_path / "instep.toml").write_text(text)
        (tmp_path / ".env").write_text(env(chosen, "t", secret_of(sender), "admin-token-1"))
        (tmp_path / "mappings.py").write_text(mappings)
        return CliRunner().invoke(main, ["senders", sender, "--source", sender, *arguments])

    return _run


def test_the_address_the_variable_and_the_topics_are_told(run, tmp_path):
    result = run("shopify", host="https://hooks.test", mappings=MAPPINGS)
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "address https://hooks.test/webhooks/shopify" in text
    assert "secret SHOPIFY_SECRET: the app's client secret" in text
    assert "topics products/update" in text
    assert "Settings → Notifications → Webhooks" in text
    assert "instep docs senders/shopify" in text
    assert "cloudflared" not in text
    secret = (tmp_path / ".env").read_text().partition("SHOPIFY_SECRET=")[2].split()[0]
    assert secret not in result.output


def test_without_a_host_it_says_how_one_is_had(run):
    text = run("shopify").output
    assert "https://YOUR-HOST/webhooks/shopify" in text
    assert "cloudflared tunnel --url http://127.0.0.1:8000" in text
    assert "ngrok http 8000" in text
    assert "none yet: instep suggest" in text


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_every_sender_has_steps(run, sender):
    result = run(sender, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["steps"]
    assert f"/webhooks/{sender}" in found["url"]
    if SENDERS[sender].needs_secret:
        assert found["secrets"] == [f"{sender.upper().replace('-', '_')}_SECRET"]


def test_a_secret_in_the_query_is_named_and_not_shown(run):
    found = json.loads(run("query", "--json").output)
    assert found["url"].endswith("/webhooks/query?token=<QUERY_SECRET>")


def test_a_path_token_is_a_part_of_the_address(run, tmp_path):
    url = json.loads(run("salesforce", "--json").output)["url"]
    token = (tmp_path / ".env").read_text().partition("SALESFORCE_SECRET=")[2].split()[0]
    assert url.endswith(f"/webhooks/salesforce/{token}")


def test_another_sender_than_that_of_the_source_is_refused(run):
    run("shopify")
    result = CliRunner().invoke(main, ["senders", "stripe", "--source", "shopify"])
    assert result.exit_code == 2
    assert "found stripe, expected shopify: the sender of shopify" in result.output


def test_an_unknown_source_is_refused(run):
    run("shopify")
    result = CliRunner().invoke(main, ["senders", "--source", "shop"])
    assert result.exit_code == 2
    assert "a source of instep.toml (shopify)" in result.output
