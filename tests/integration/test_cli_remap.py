"""``instep remap`` on a real store: shows first, asks, and says no in clear words."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from service.ingest.intake import Intake
from tests.support.stored_items import field_of
from workers.config.loader import load
from workers.runtime import jobs
from workers.store.audit import Audit
from workers.store.record_history import RecordHistory

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Price(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"

    price = fields.Integer(data_key="cents")
"""
PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    (tmp_path / "instep.toml").write_text(TOML)
    return tmp_path


@pytest.fixture
def environ(folder, store_socket, store):
    assert store.dbsize() == 0
    return {"INSTEP_CONFIG": str(folder / "instep.toml"), "REDIS_URL": f"unix://{store_socket}"}


@pytest.fixture
def context(environ):
    context = jobs.build(load(environ))
    yield context
    context.steps.client.close()
    context.wakes.close()


@pytest.fixture
def receive(environ, context):
    made = build(environ)

    def _receive(**payload):
        intake = Intake(made.senders, made.mappings, context.outbox, str)
        intake.receive("erp", PROOF, json.dumps(payload).encode(), now=datetime.now(UTC))

    return _receive


@pytest.fixture
def run(environ):
    def _run(*arguments, **options):
        return CliRunner().invoke(main, ("remap", *arguments), env=environ, **options)

    return _run


@pytest.fixture
def corrected(folder, receive):
    """One price is wrong, and the mapping corrected."""
    receive(sku="a", cents=500, euros=5)
    (folder / "mappings.py").write_text(MAPPINGS.replace("cents", "euros"))


def price(context):
    return json.loads(field_of(context.steps.client, "instep:item:products:a", "price")["v"])


@pytest.mark.usefixtures("corrected")
def test_in_a_pipe_it_shows_what_would_change_and_asks_for_yes(run, context):
    result = run("erp", "--since", "2h")
    assert result.exit_code == 2
    assert "products    a       price  500  5" in result.stdout
    assert "1 field of 1 item would change" in result.stdout
    assert "--yes" in result.stderr
    assert price(context) == 500


@pytest.mark.usefixtures("corrected")
def test_a_dry_run_only_shows(run, context):
    result = run("erp", "--since", "2h", "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    assert price(context) == 500


@pytest.mark.usefixtures("corrected")
def test_with_yes_it_is_done_and_the_second_time_there_is_nothing_to_do(run, context):
    result = run("erp", "--since", "2h", "--yes")
    assert result.exit_code == 0, result.output
    assert "1 field of 1 item changed" in result.stdout
    assert price(context) == 5
    (made,) = context.runs.list()
    assert f"Run {made.id}; take it back with: `instep undo --run {made.id}`" in result.stdout
    assert (made.kind, made.state, made.source) == ("remap", "done", "erp")
    assert (made.figures["taken"], made.figures["items"]) == (1, 1)
    life = RecordHistory(context.steps, context.settings).read("products", "a")
    assert [each.run for each in life.entries if each.by == "remap"] == [made.id]
    again = run("erp", "--since", "2h")
    assert again.exit_code == 0
    assert "Nothing to do." in again.stdout


@pytest.mark.usefixtures("corrected")
def test_only_a_run_that_changed_something_stands_in_the_audit_list(run, context):
    run("erp", "--since", "2h", "--dry-run")
    assert Audit(context.steps).list(None, 10)[0] == []
    run("erp", "--since", "2h", "--yes")
    (entry,) = Audit(context.steps).list(None, 10)[0]
    assert (entry["action"], entry["target"]) == ("remap", "erp")
    assert (entry["figures"]["fields"], entry["figures"]["items"]) == (1, 1)


@pytest.mark.usefixtures("corrected")
def test_on_a_terminal_it_asks(run, context, monkeypatch):
    monkeypatch.setattr("service.commands.remap._is_interactive", lambda: True)
    assert run("erp", "--since", "2h", input="n\n").exit_code == 1
    assert price(context) == 500
    assert run("erp", "--since", "2h", input="y\n").exit_code == 0
    assert price(context) == 5


@pytest.mark.usefixtures("corrected")
def test_a_program_gets_both_runs_as_json(run):
    result = run("erp", "--since", "2h", "--yes", "--json")
    found = json.loads(result.stdout)
    assert found["dry_run"].pop("held") == {}
    assert found["dry_run"] == found["done"]
    assert found["run"] == "r1"
    assert found["done"]["changes"] == [
        {"collection": "products", "record": "a", "field": "price", "old": 500, "new": 5}
    ]
    assert (found["done"]["deliveries"], found["done"]["events"]) == (1, 1)


@pytest.mark.usefixtures("corrected")
def test_a_program_that_does_not_say_yes_gets_the_dry_run_and_a_no(run, context):
    result = run("erp", "--since", "2h", "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert (found["done"], found["run"]) == (None, None)
    assert context.runs.list() == []
    assert price(context) == 500


def test_problems_are_told_by_their_paths(run, receive):
    receive(sku="a", cents="x")
    result = run("erp", "--since", "2h", "--dry-run")
    assert "1  events cannot be mapped: cents: " in result.stdout


@pytest.mark.parametrize(
    "since",
    [
        "2",
        "h",
        "2w",
        "yesterday",
        "2026-05-12T09:30:00",
        "-2h",
        "999999d",
        "0001-01-01T00:00:00+14:00",
    ],
)
@pytest.mark.usefixtures("receive")
def test_another_time_is_a_usage_error_that_says_what_is_expected(run, since):
    result = run("erp", f"--since={since}")
    assert result.exit_code == 2
    assert "expected 30m, 2h or 3d" in result.stderr


@pytest.mark.usefixtures("corrected")
def test_a_time_with_its_offset_is_taken(run):
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    assert run("erp", "--since", since, "--dry-run").exit_code == 0


def test_an_unknown_source_is_a_usage_error_that_names_those_there_are(run):
    result = run("shop", "--since", "2h")
    assert result.exit_code == 2
    assert "(erp)" in result.stderr


@pytest.mark.usefixtures("corrected")
def test_a_time_to_come_is_refused(run):
    since = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    result = run("erp", "--since", since)
    assert result.exit_code == 1
    assert "is in the future" in result.stderr


@pytest.mark.usefixtures("context")
def test_where_nothing_is_kept_it_says_which_setting_keeps(run):
    result = run("erp", "--since", "2h")
    assert result.exit_code == 1
    assert "keep_hours" in result.stderr


@pytest.mark.usefixtures("corrected")
def test_what_is_no_longer_kept_is_refused_with_the_time_since_which_it_is(run, context):
    fell = int(datetime.now(UTC).timestamp() * 1000)
    context.steps.client.hset("instep:kept-state:erp", "fell", fell)
    result = run("erp", "--since", "2h")
    assert result.exit_code == 1
    assert "are stored since 20" in result.stderr
