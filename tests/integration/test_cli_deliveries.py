"""``instep deliveries`` as an operator runs it."""

import json
import re

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.support.deliveries_rig import Deliveries

LONG = "gid://shopify/Product/" + "1234567890" * 9
ID = re.compile(r"^\S+ \S+ +\S+ +\d{3}  (\S+)$", re.MULTILINE)


@pytest.fixture
def rig(tmp_path, store, store_socket):
    assert store.dbsize() == 0
    made = Deliveries(tmp_path, store_socket)
    yield made
    made.close()


@pytest.fixture
def run(rig):
    def _run(*arguments, **options):
        rig.refusals.flush()
        command = ("deliveries", *map(str, arguments))
        environ = rig.environ | options.pop("env", {})
        return CliRunner().invoke(main, command, env=environ, **options)

    return _run


@pytest.fixture
def some(rig):
    rig.send(type="price", sku="SKU-1", cents=5, id="e1")
    rig.send(type="price", sku="SKU-1", cents=5, id="e1")
    rig.send(type="price", sku="SKU-2", cents="x")
    rig.send(headers={}, sku="SKU-3")
    return rig


@pytest.mark.usefixtures("some")
def test_a_list_fits_80_columns_and_says_what_became_of_each(run):
    result = run("list")
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    words = ("refused    401", "unmapped   200", "duplicate  200", "kept       200")
    assert all(word in result.stdout for word in words)
    assert "header authorization is missing" in " ".join(result.stdout.split())
    assert "price · SKU-1" in result.stdout


def test_neither_ids_nor_keys_are_cut(run, rig):
    rig.send(type="price", sku=LONG, cents=5)
    result = run("list")
    assert LONG in result.stdout
    assert ID.findall(result.stdout) == ["erp-1"]


def test_a_long_id_has_a_line_of_its_own(run, rig):
    rig.send(type="price", sku="a", cents=5)
    result = run("list", env={"COLUMNS": "41"})
    first, second = result.stdout.splitlines()[:2]
    assert (first[-3:], second) == ("200", "    erp-1")


@pytest.mark.usefixtures("some")
def test_each_id_of_the_list_can_be_shown(run):
    ids = ID.findall(run("list").stdout)
    assert len(ids) == 4
    for id in ids:
        result = run("show", id)
        assert result.exit_code == 0, result.output
        assert id in result.stdout


@pytest.mark.usefixtures("some")
def test_the_list_is_chosen_by_filters_and_bounded(run):
    result = run("list", "--source", "erp", "--outcome", "unmapped", "--since", "2h", "--json")
    assert [each["keys"] for each in json.loads(result.stdout)] == [["SKU-2"]]
    assert len(json.loads(run("list", "--key", "SKU-1", "--json").stdout)) == 2
    result = run("list", "--limit", 1)
    assert len(ID.findall(result.stdout)) == 1
    assert "older ones" in result.stdout


def test_an_empty_list_is_no_failure(run):
    result = run("list")
    assert (result.exit_code, result.stdout) == (0, "Deliveries: none\n")
    assert (run("list", "--json").exit_code, run("list", "--json").stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    "wrong", [("--source", "nobody"), ("--since", "yesterday"), ("--limit", 0), ("--outcome", "x")]
)
def test_a_wrong_option_is_a_usage_error(run, wrong):
    assert run("list", *wrong).exit_code == 2


def test_what_was_not_listed_for_want_of_room_is_told(run, rig):
    rig.client.hset("instep:source:erp", "refused-unlisted", 1234)
    assert "1,234 refused requests of erp are in no entry" in run("list").stdout


@pytest.mark.usefixtures("some")
def test_show_says_what_became_of_the_events_and_prints_the_body(run):
    shown = run("show", "erp-2").stdout
    for words in ("Proven by bearer, secret 1 of 2", "left out", "cents", "dead letter", '"SKU-2"'):
        assert words in shown
    assert json.loads(run("show", "erp-2", "--body").stdout)["sku"] == "SKU-2"
    assert json.loads(run("show", "erp-2", "--json").stdout)["encoding"] == "text"


def test_a_body_is_shown_without_control_codes_and_printed_as_it_came(run, rig):
    body = b'{"type": "order", "note": "\x1b[31m"}'
    rig.web.post("/webhooks/erp", data=body, headers={"Authorization": "Bearer s3cret"})
    assert "\x1b" not in run("show", "erp-1").stdout
    assert run("show", "erp-1", "--body").stdout_bytes == body


@pytest.mark.usefixtures("some")
def test_show_of_a_refused_one_says_what_was_checked(run):
    (id,) = [
        each["id"] for each in json.loads(run("list", "--outcome", "refused", "--json").stdout)
    ]
    shown = run("show", id).stdout
    assert "Checked by bearer" in shown
    assert "Do: compare the secrets of [sources." in shown
    assert "header authorization: missing" in shown
    assert "cannot be replayed" in shown
    assert run("show", id, "--body").exit_code == 1


def test_show_of_an_unknown_one_exits_1(run):
    result = run("show", "erp-7")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no delivery erp-7" in result.stderr


@pytest.fixture
def corrected(rig):
    rig.send(type="price", sku="a", cents=500, euros=5)
    rig.send(type="price", sku="b", cents=600, euros=6)
    rig.correct('data_key="cents"', 'data_key="euros"')
    return rig


def test_in_a_pipe_a_replay_wants_yes(run, corrected):
    result = run("replay", "erp-1")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert corrected.price("a") == 500


def test_a_dry_run_shows_and_changes_nothing(run, corrected):
    result = run("replay", "erp-1", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "1 field of 1 item would change" in result.stdout
    assert corrected.price("a") == 500


def test_with_yes_it_is_done(run, corrected):
    result = run("replay", "--key", "a", "--yes")
    assert result.exit_code == 0, result.output
    assert "Replayed: 1 of 1" in result.stdout
    assert (corrected.price("a"), corrected.price("b")) == (5, 600)
    listed = CliRunner().invoke(main, ["runs", "list"], env=corrected.environ).stdout
    assert listed.splitlines()[2].endswith("  1 of 1 delivery, 1 event, 1 value accepted")


@pytest.mark.parametrize(("answer", "price"), [("y\n", 5), ("n\n", 500)])
def test_on_a_terminal_it_shows_and_asks(run, corrected, monkeypatch, answer, price):
    monkeypatch.setattr("service.commands.deliveries._is_interactive", lambda: True)
    result = run("replay", "erp-1", input=answer)
    assert "would change" in result.stdout
    assert corrected.price("a") == price
    assert result.exit_code == (0 if price == 5 else 1)


def test_what_matches_nothing_or_is_left_exits_1(run, corrected):
    assert run("replay", "--key", "nobody", "--yes").exit_code == 1
    result = run("replay", "erp-1", "erp-99", "--yes")
    assert result.exit_code == 1
    assert "erp-99: there is no such delivery" in result.stderr
    assert corrected.price("a") == 5


@pytest.mark.parametrize("wrong", [(), ("--limit", 3), ("erp-1", "--source", "erp")])
def test_a_replay_wants_ids_or_filters(run, wrong):
    assert run("replay", *wrong, "--yes").exit_code == 2
