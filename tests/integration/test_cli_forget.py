"""``instep forget`` as an operator runs it, on a store that keeps files."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from service.ingest.intake import Intake
from tests.integration.test_cli_joined import MAPPINGS, TOML
from workers.config.settings import StoreSettings
from workers.runtime import jobs
from workers.runtime.embedded_store import kept
from workers.store import append_only, spool_marks
from workers.store.audit import Audit

KEY = "ERASE-ME-77"
PROOF = {"authorization": "Bearer s3cret"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("shop")
    (found / "mappings.py").write_text(MAPPINGS)
    (found / "instep.toml").write_text(TOML.format(url="http://127.0.0.1:1"))
    with kept(StoreSettings(data=found / "data")):
        yield found


@pytest.fixture
def parts(folder, monkeypatch):
    monkeypatch.setenv("INSTEP_CONFIG", str(folder / "instep.toml"))
    monkeypatch.setenv("INSTEP_DATA", str(folder / "data"))
    configuration = build(
        {"INSTEP_CONFIG": str(folder / "instep.toml"), "INSTEP_DATA": str(folder / "data")}
    )
    found = jobs.build(configuration.settings)
    found.steps.client.flushall()
    intake = Intake(
        configuration.senders,
        configuration.mappings,
        found.outbox,
        lambda _: None,
        configuration.settings.collections,
    )

    def deliver(**body):
        data = json.dumps(body).encode()
        return intake.receive("erp", PROOF, data, now=datetime.now(UTC))

    yield deliver, found
    found.steps.client.close()
    found.wakes.close()


def run(*arguments, **options):
    return CliRunner().invoke(main, ["forget", "products", *arguments], **options)


def files(folder):
    return b"".join(
        path.read_bytes() for path in Path(folder, "data", "store").rglob("*.*") if path.is_file()
    )


def test_no_file_of_the_store_holds_what_was_forgotten(parts, folder):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    deliver(id="e2", sku=KEY, qty="no number")
    deliver(id="e3", sku="OTHER-1", qty=5)
    assert KEY.encode() in files(folder)
    result = run(KEY, "--yes")
    assert result.exit_code == 0, result.output
    assert "field values discarded: 1" in result.output
    assert "The item in the CMS, backups" in result.output
    held = files(folder)
    assert KEY.encode() not in held
    assert b"OTHER-1" in held
    assert found.outbox.counts()["discarded"] == 1


def test_the_audit_list_says_that_a_record_was_forgotten_but_not_which(parts):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    assert run(KEY, "--yes").exit_code == 0
    (entry,) = Audit(found.steps).list(None, 10)[0]
    assert (entry["action"], entry["target"]) == ("forget", "products")
    assert entry["figures"]["discarded"] == 1
    assert KEY not in str(entry)


def test_in_a_pipe_nothing_is_erased_without_yes(parts):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    result = run(KEY)
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert found.steps.client.exists(f"instep:item:products:{KEY}")


def test_a_dry_run_shows_and_changes_nothing(parts):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    result = run(KEY, "--dry-run")
    assert result.exit_code == 0
    assert "the record and its newest values" in result.output
    assert found.steps.client.exists(f"instep:item:products:{KEY}")


def test_an_unknown_key_is_told_with_the_nearest(parts):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    result = run("ERASE-ME-78", "--yes")
    assert result.exit_code == 1
    assert f"the most similar key is {KEY}" in result.output
    assert found.steps.client.exists(f"instep:item:products:{KEY}")


@pytest.mark.usefixtures("parts")
def test_an_unknown_collection_is_a_question_of_usage():
    result = CliRunner().invoke(main, ["forget", "pages", KEY, "--yes"])
    assert result.exit_code == 2
    assert "expected a collection: products" in result.output


def test_what_still_holds_it_is_named_and_exits_1(parts):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    field = {"v": json.dumps({"to": "products", "key": KEY}), "t": "reference-key", "s": "written"}
    found.steps.client.hset("instep:item:products:OTHER-1", "f:best", json.dumps(field))
    result = run(KEY, "--yes")
    assert result.exit_code == 1
    assert "OTHER-1 of products: its field best refers to this key" in result.output


def test_a_spool_that_is_not_drained_is_told(parts, folder):
    deliver, _ = parts
    deliver(id="e1", sku=KEY, qty=5)
    (folder / "data" / "spool").mkdir()
    spooled = folder / "data" / "spool" / "1.spool"
    spooled.touch()
    result = run(KEY, "--yes")
    spooled.unlink()
    assert result.exit_code == 1
    assert "1.spool holds deliveries that are not accepted yet" in result.output
    assert run(KEY, "--yes").exit_code == 0


@pytest.mark.parametrize("name", ["damaged/20261128T1-9-appendonly.aof", "spool/1.damaged"])
def test_a_file_that_was_kept_since_it_was_damaged_is_named(parts, folder, name):
    deliver, _ = parts
    deliver(id="e1", sku=KEY, qty=5)
    kept = folder / "data" / name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(KEY)
    result = run(KEY, "--yes")
    kept.unlink()
    assert result.exit_code == 1
    assert f"{name} " in result.output
    assert "remove it and run this again" in result.output
    assert run(KEY, "--yes").exit_code == 0


def test_spools_of_other_machines_are_told(parts, monkeypatch):
    deliver, found = parts
    deliver(id="e1", sku=KEY, qty=5)
    with monkeypatch.context() as other:
        other.setattr(spool_marks, "machine", lambda: "another")
        spool_marks.put(found.steps.client, "there", 3, 300)
    result = run(KEY, "--yes")
    assert result.exit_code == 1
    assert "the spools of other machines hold 3 deliveries" in result.output


def test_a_file_that_cannot_be_written_anew_is_told(parts):
    _, found = parts
    client = found.steps.client
    client.execute_command("ACL SETUSER", "default", "-bgrewriteaof")
    try:
        fault = append_only.rewrite(client)
    finally:
        client.execute_command("ACL SETUSER", "default", "+bgrewriteaof")
    assert "could not be rewritten" in fault


def test_a_snapshot_is_written_anew_where_the_server_makes_any(parts):
    _, found = parts
    client = found.steps.client
    before = client.info("persistence")["rdb_saves"]
    client.config_set("save", "3600 1")
    try:
        assert append_only.rewrite(client) is None
    finally:
        client.config_set("save", "")
    assert client.info("persistence")["rdb_saves"] == before + 1
