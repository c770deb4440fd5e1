"""What the command line gives the sandbox to start with, and what it refuses."""

import pytest
from click.testing import CliRunner

from service.cli import main
from service.sandbox.options import OptionRefused, SandboxOptions, open_site
from service.sandbox.seeds.samples import product_id
from service.sandbox.server import run


def test_a_bad_fault_is_told_with_the_option_and_the_words():
    with pytest.raises(OptionRefused, match=r"--fault 'status=99': status: Must be greater"):
        open_site(SandboxOptions(products=0, faults=("status=99",)))


def test_rules_given_at_the_start_hold():
    words = ("lowers_emails=true", "item_limit=5", "filters=refused", "filter_lag=2.5")
    rules = open_site(SandboxOptions(products=0, rules=words)).rules
    assert (rules.lowers_emails, rules.item_limit, rules.filters) == (True, 5, "refused")
    assert (rules.filter_lag, rules.trims_links) == (2.5, False)


@pytest.mark.parametrize("words", ["nonsense=true", "lowers_emails", "item_limit=many", "=", ""])
def test_a_bad_rule_is_told_with_the_option_and_the_words(words):
    with pytest.raises(OptionRefused, match=f"--rule '{words}': "):
        open_site(SandboxOptions(products=0, rules=(words,)))


def test_faults_given_at_the_start_are_armed():
    site = open_site(SandboxOptions(products=0, faults=("status=503,times=2", "slow,delay=5")))
    armed = [(one["fault"], one["times"], one["words"]) for one in site.faults.as_list()]
    assert armed == [("status", 2, "status=503"), ("slow", 1, "delay=5.0")]


def test_the_second_consumer_of_the_command_line_is_there_from_the_start():
    site = open_site(SandboxOptions(products=0, second_consumer=50))
    assert site.tokens.window().hidden_per_minute == 30


def test_retries_are_ten_minutes_apart_unless_told_otherwise():
    assert open_site(SandboxOptions(products=0)).hooks.retry_seconds == 600
    assert open_site(SandboxOptions(products=0, webhook_retry=0.5)).hooks.retry_seconds == 0.5


def test_a_clock_that_is_off_is_so_from_the_start():
    site = open_site(SandboxOptions(products=1, clock_offset=86_400 * 365))
    assert site.clock.offset == 86_400 * 365


def test_a_webhook_of_the_command_line_is_registered():
    options = SandboxOptions(
        products=0,
        webhook="http://127.0.0.1:9/x",
        webhook_secret="hush",
        webhook_triggers=("site_publish", "collection_item_created"),
    )
    hooks = list(open_site(options).hooks)
    assert [one.trigger for one in hooks] == ["site_publish", "collection_item_created"]
    assert {one.secret for one in hooks} == {"hush"}


def test_products_are_there_unless_there_are_seeds():
    assert product_id(1000) in next(iter(open_site(SandboxOptions()).collections.values())).items


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--webhook", "http://127.0.0.1:9"], "--webhook needs --webhook-secret"),
        (["--webhook-trigger", "site_publish"], "--webhook-trigger needs --webhook"),
        (["--webhook", "x", "--webhook-secret", "s"], "found 'x', expected a URL"),
        (["--webhook-trigger", "nonsense"], "is not one of"),
        (["--seed", "nowhere.json"], "does not exist"),
        (["--second-consumer", "101"], "not in the range"),
        (["--second-consumer", "nan"], "found 'nan', expected a number"),
        (["--clock-offset", "nan"], "found 'nan', expected a number"),
        (["--clock-offset", "1e300"], "not in the range"),
        (["--webhook-retry", "inf"], "not in the range"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(arguments, told):
    result = CliRunner().invoke(main, ["sandbox", *arguments])
    assert result.exit_code == 2
    assert told in result.output


def test_what_cannot_be_started_is_told_on_one_line(tmp_path, capsys):
    seed = tmp_path / "x.json"
    seed.write_text("[]", encoding="utf-8")
    assert run("127.0.0.1:0", seeds=(seed,)) == 2
    assert run("127.0.0.1:0", products=0, faults=("nonsense",)) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"sandbox: {seed}: found [], expected an object"
    assert second.startswith(
        "sandbox: --fault 'nonsense': found 'nonsense', expected one of status,"
    )


@pytest.mark.parametrize("url", ["http://", "http://exa mple/", "127.0.0.1:9"])
def test_a_webhook_without_an_address_is_refused(url):
    with pytest.raises(OptionRefused, match=r"--webhook '.*': Not a valid URL"):
        open_site(SandboxOptions(products=0, webhook=url, webhook_secret="hush"))


@pytest.mark.parametrize("token", ["", "two words", "line\n"])
def test_a_token_that_no_header_carries_is_refused_unquoted(token):
    with pytest.raises(OptionRefused, match=r"^--token: Must be printable ASCII without spaces\.$"):
        open_site(SandboxOptions(products=0, token=token))
