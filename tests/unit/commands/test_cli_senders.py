import json

import pytest
from click.testing import CliRunner

from service.cli import main
from service.senders import SENDERS


def run(*arguments):
    return CliRunner().invoke(main, ["senders", *arguments])


def test_every_sender_is_listed_with_what_there_is_to_know_of_it():
    found = json.loads(run("--json").output)
    assert [row["name"] for row in found] == sorted(SENDERS)
    for row in found:
        assert all(
            row[key] for key in ("proof", "secrets", "deduplicates_by", "orders_by", "retries")
        )
        assert row["dedupe_hours"] > 0
        assert row["max_body"] >= 2**20
        keys = SENDERS[row["name"]].options().fields
        assert [setting["key"] for setting in row["settings"]] == list(keys)
        assert all(setting["expected"] for setting in row["settings"])


@pytest.mark.parametrize(
    ("sender", "key", "required", "default"),
    [
        ("header", "header", True, None),
        ("hmac", "signed", False, "{body}"),
        ("hubspot", "accept", False, ["v3"]),
        ("standard-webhooks", "id", False, "header:webhook-id"),
        ("stripe", "tolerance", False, 300.0),
    ],
)
def test_a_setting_tells_what_it_is_without_it(sender, key, required, default):
    (row,) = json.loads(run(sender, "--json").output)
    setting = next(each for each in row["settings"] if each["key"] == key)
    assert (setting["required"], setting["default"]) == (required, default)


def test_a_batch_of_debezium_may_be_larger_than_a_body_of_ones_own():
    sizes = {row["name"]: row["max_body"] for row in json.loads(run("--json").output)}
    assert sizes["debezium"] > sizes["github"] == 25 * 2**20 > sizes["hmac"] == 2**20
    assert "32 MiB" in run("debezium").output


def test_people_see_a_table():
    output = run("header").output
    assert "a fixed value in a header" in output
    assert "required" in output
    assert "stripe" not in output


def test_an_unknown_sender_is_told():
    result = run("shopware")
    assert result.exit_code == 1
    assert "no sender shopware" in result.output
    assert "no sender shopfy, shopify is near;" in run("shopfy").output
