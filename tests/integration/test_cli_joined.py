"""The commands that join a running system: status, dead, pause and resume, on a real store."""

import json
import os
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from service.cli import main
from workers.config.loader import load
from workers.model.attempts import Batch, BatchOutcome, Call, FieldFailure, ItemOutcome
from workers.model.changes import Change, Delivery, FieldProblem, FieldValue, Incoming
from workers.runtime import heartbeats, jobs
from workers.runtime.heartbeats import Process
from workers.store.audit import Audit
from workers.store.pauses import Pauses

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
base_url = "{url}"
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
preflight = false
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty")
"""


@pytest.fixture
def site():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.answer)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answer = 200
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environ(tmp_path, store_socket, store, site):
    assert store.dbsize() == 0
    (tmp_path / "mappings.py").write_text(MAPPINGS)
    path = tmp_path / "instep.toml"
    path.write_text(TOML.format(url=f"http://127.0.0.1:{site.server_address[1]}"))
    return {"INSTEP_CONFIG": str(path), "REDIS_URL": f"unix://{store_socket}"}


@pytest.fixture
def context(environ):
    context = jobs.build(load(environ))
    yield context
    context.steps.client.close()
    context.wakes.close()


@pytest.fixture
def run(environ):
    def _run(*arguments):
        return CliRunner().invoke(main, arguments, env=environ)

    return _run


@pytest.fixture
def shown(run):
    """Run a command with --json and return what it printed."""

    def _shown(*arguments):
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return _shown


def accept(context, *, qty=7):
    value = FieldValue("stock", str(qty), "number")
    change = Change("Stock", "products", "a", "key", (value,), None)
    event = Incoming("e1", None, 0, (change,))
    context.outbox.accept(Delivery("erp", f"token-{qty}", (event,)))


def set_aside(context, body, *, call="1"):
    """Leave an unmapped dead letter of *body*, and return its id."""
    problem = FieldProblem("qty", 'Not a valid integer; found "x"')
    event = Incoming(None, None, 0, problems=(problem,))
    headers = {"content-type": "application/json"}
    context.outbox.accept(Delivery("erp", call, (event,), body=body, headers=headers))
    return context.letters.list()[-1].id


def test_status_names_a_store_that_is_too_weak_as_readyz_does(shown, run, store):
    store.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found, said = shown("status")["reasons"], run("status").output
    finally:
        store.config_set("maxmemory-policy", "noeviction")
    reasons = {each["name"]: each for each in found}
    assert reasons["store weak"]["state"] == "degraded"
    assert "CONFIG SET maxmemory-policy noeviction" in reasons["store weak"]["do"]
    assert said.startswith("x store weak\n  > Do: ")
    assert "maxmemory-policy" not in json.dumps(shown("status")["reasons"])


def test_status_names_a_store_that_is_away_as_readyz_does(environ, tmp_path):
    away = environ | {"REDIS_URL": f"unix://{tmp_path}/nothing.sock"}
    result = CliRunner().invoke(main, ["status"], env=away)
    assert result.exit_code == 1
    assert "store away: no store answers at REDIS_URL" in result.output


def test_status_has_every_documented_key(context, shown):
    accept(context)
    found = shown("status")
    assert set(found) == {
        *("destinations", "collections", "sources", "fields", "balanced", "dead_letters"),
        *("fetchers", "processes", "reconciles", "refusals", "not_live", "memory", "losses"),
        *("held_deletes", "spool", "reasons", "notices", "workers_seen", "problems", "lanes"),
        *("unconfigured", "alerts", "pulls", "writebacks", "removed_writebacks"),
        "freshness",
    }
    assert set(found["destinations"]["site"]) == {
        *("state", "reason", "since", "by", "calls", "rate_limited", "budget", "publish"),
        *("pending_items", "drain_seconds"),
    }
    assert set(found["collections"]["products"]) == {
        *("state", "reason", "pending_items", "oldest_seconds", "lanes", "duplicate_keys"),
        *("waits", "normalised", "not_live", "unpublished", "held_deletes", "held_since"),
        *("since", "by", "unpublished_seconds", "edited_by_others"),
    }
    assert found["sources"]["erp"] == {
        "state": "flowing",
        "reason": "",
        "since": None,
        "by": None,
        "resting": {},
        "deliveries": 1,
        "duplicates": 0,
        "refused": 0,
        "secrets": [{"until": None, "matched": 0}],
        "kept": 1,
        "kept_bytes": found["sources"]["erp"]["kept_bytes"],
        "kept_since": found["sources"]["erp"]["kept_since"],
        "kept_dropped": 0,
        "last": found["sources"]["erp"]["kept_since"][:19] + "+00:00",
        "unmapped": 0,
        "unwanted": 0,
        "unmapped_bytes": 0,
        "unmapped_bytes_limit": 64 * 1024 * 1024,
        "stale": {},
        "streak": None,
        "stalled": None,
    }
    assert found["sources"]["erp"]["kept_bytes"] > 0
    assert datetime.fromisoformat(found["sources"]["erp"]["kept_since"]) <= datetime.now(UTC)
    assert found["fields"]["accepted"] == found["fields"]["pending"] == 1
    assert found["balanced"] is True
    assert found["processes"] == []


def test_status_says_since_when_no_worker_is_alive(context, shown):
    def since():
        reasons = shown("status")["reasons"]
        return [each["since"] for each in reasons if each["name"] == "no worker"]

    client = context.steps.client
    heartbeats.beat(client, [Process("worker", os.getpid(), ready=False)])
    assert since() == [None]
    heartbeats.beat(client, [Process("worker", os.getpid())])
    assert since() == []
    heartbeats.leave(client)
    (moment,) = since()
    assert -1 < client.time()[0] - datetime.fromisoformat(moment).timestamp() < 60


def test_status_names_the_largest_problems(context, shown, run):
    refuse(context)
    set_aside(context, b"{}")
    found = shown("status")
    assert found["problems"]["kinds"] == {"refused": 1, "unmapped": 1}
    names = {each["name"].partition(": ")[2]: each for each in found["notices"]}
    assert "Validation Error" in names["1 refused in products"]["why"]
    assert "1 unmapped in erp" in names
    assert "Dead letters: 2 (" in run("status").stdout


def test_status_counts_the_backlog_by_lane(context, shown, run):
    accept(context)
    assert "reconcile" not in run("status").stdout
    value = FieldValue("stock", "5", "number")
    events = tuple(
        Incoming(None, None, n, (Change("Stock", "products", key, "key", (value,), None),))
        for n, key in enumerate("bcd")
    )
    context.outbox.accept(Delivery("erp", "reconcile", events, mode="reconcile"))
    lanes = {"live": 1, "replay": 0, "reconcile": 3}
    assert shown("status")["collections"]["products"]["lanes"] == lanes
    assert "reconcile" in run("status").stdout


def test_check_names_the_items_that_have_one_key(context, run):
    products = context.settings.collections["products"]
    place = f"products:{context.settings.copy_of(products)}"
    context.steps.client.hset(f"instep:ids:{place}", "a", "id-1")
    context.steps.client.hset(f"instep:twins:{place}", mapping={"id-2": "a", "id-3": "a"})
    found = json.loads(run("check", "--json").stdout)["problems"]
    (warning,) = (each for each in found if each["where"] == "collection products")
    assert warning["level"] == "warning"
    assert warning["found"] == "key a in items id-1, id-2, id-3"
    assert warning["do"].endswith("id-1 is written")


def test_status_for_people_names_what_it_counts(context, run):
    accept(context)
    result = run("status")
    assert result.exit_code == 0
    for word in ("site", "products", "erp", "pending items", "Balanced: yes", "Dead letters: 0"):
        assert word in result.stdout


def test_dead_letters_are_listed_with_every_documented_key(context, shown):
    id = set_aside(context, b"{}")
    (letter,) = shown("dead", "list")
    assert set(letter) >= {
        *("id", "kind", "collection", "key", "item", "fields", "events", "attempts"),
        *("status", "code", "message", "problems"),
    }
    assert (letter["id"], letter["kind"]) == (id, "unmapped")
    assert letter["problems"] == [{"field": "qty", "message": 'Not a valid integer; found "x"'}]


@pytest.mark.parametrize("command", ["show", "replay", "discard"])
def test_the_shell_completes_ids_of_dead_letters(context, environ, monkeypatch, command):
    id = set_aside(context, b"{}")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    shell = BashComplete(main, {}, "instep", "_INSTEP_COMPLETE")
    assert [each.value for each in shell.get_completions(["dead", command], id[:3])] == [id]
    # What stands in the line already is not offered again.
    more = shell.get_completions(["dead", command, id], "")
    assert [each.value for each in more] == []


def test_dead_letters_are_filtered(context, shown):
    set_aside(context, b"{}")
    assert len(shown("dead", "list", "--kind", "unmapped")) == 1
    assert shown("dead", "list", "--kind", "refused") == []
    assert shown("dead", "list", "--collection", "products") == []


def test_dead_letters_for_people_say_why(context, run):
    id = set_aside(context, b"{}")
    result = run("dead", "list")
    assert id in result.stdout
    assert "Not a valid integer" in result.stdout


def test_a_letter_is_shown_with_its_body(context, run, shown):
    id = set_aside(context, b'{"qty": "x\xff"}')
    assert shown("dead", "show", id)["body"] == '{"qty": "x\N{REPLACEMENT CHARACTER}"}'
    assert "Not a valid integer" in run("dead", "show", id).stdout


def test_a_letter_that_is_not_there_is_a_no(run):
    for command in ("show", "replay", "discard"):
        yes = ["--yes"] if command == "discard" else []
        result = run("dead", command, "nothing", *yes)
        assert result.exit_code == 1
        assert "no" in result.stderr


def test_a_replayed_letter_is_mapped_again_and_closed(context, run, shown):
    id = set_aside(context, b'{"id": "e", "sku": "a", "qty": 5}')
    result = run("dead", "replay", id)
    assert (result.exit_code, result.stdout) == (0, "Replayed: 1\n"), result.output
    assert shown("dead", "list") == []
    assert [letter["state"] for letter in shown("dead", "list", "--all")] != ["open"]
    assert context.outbox.counts()["pending"] == 1


def test_a_letter_that_still_cannot_be_mapped_stays(context, run, shown):
    set_aside(context, b'{"sku": "a", "qty": "x"}', call="1")
    set_aside(context, b'{"id": "e", "sku": "a", "qty": 5}', call="2")
    result = run("dead", "replay", "--all", "--yes")
    assert result.exit_code == 1
    assert "Not a valid integer" in result.stderr
    assert result.stdout == "Replayed: 1\n"
    assert len(shown("dead", "list")) == 1


def refuse(context):
    """Accept a change and let the CMS refuse it; returns the id of the dead letter."""
    value = FieldValue("stock", "7", "number")
    change = Change("Stock", "products", "5f0", "item", (value,), None)
    context.outbox.accept(Delivery("erp", "call", (Incoming("e1", None, 0, (change,)),)))
    batch = context.outbox.claim(context.settings.destinations["site"])
    assert isinstance(batch, Batch)
    failure = FieldFailure("refused", ("stock",), "Validation Error", 400, "validation_error")
    item_outcome = ItemOutcome("5f0", failures=(failure,), attempt=True)
    context.outbox.settle(batch, BatchOutcome((item_outcome,), "refusal"), call=Call(400))
    (letter,) = context.letters.list()
    return letter.id


def test_a_refused_letter_shows_what_the_cms_said(context, shown):
    refuse(context)
    (letter,) = shown("dead", "list", "--collection", "products")
    assert (letter["kind"], letter["item"], letter["status"]) == ("refused", "5f0", 400)
    assert letter["code"] == "validation_error"
    assert letter["fields"]["stock"]["value"] == 7
    assert "body" not in shown("dead", "show", letter["id"])


def test_a_replayed_refused_letter_is_due_again(context, run):
    id = refuse(context)
    assert run("dead", "replay", id).exit_code == 0
    assert context.outbox.counts()["pending"] == 1
    again = run("dead", "replay", id)
    assert again.exit_code == 1
    assert "is closed" in again.stderr


def test_letters_of_both_kinds_are_replayed_together(context, run, shown):
    refuse(context)
    id = set_aside(context, b'{"id": "e", "sku": "a", "qty": 5}')
    assert run("dead", "replay", "--all", "--yes").stdout == "Replayed: 2\n"
    assert shown("dead", "list") == []
    assert "is closed" in run("dead", "replay", id).stderr


def test_a_letter_whose_event_was_accepted_meanwhile_is_closed(context, run, shown):
    id = set_aside(context, b'{"id": "e1", "sku": "a", "qty": 7}')
    accept(context)
    assert run("dead", "replay", id).exit_code == 0
    assert shown("dead", "list") == []


def test_letters_are_discarded_in_bulk_by_filter(context, run, shown):
    set_aside(context, b"1", call="1")
    set_aside(context, b"2", call="2")
    assert run("dead", "discard", "--all", "--kind", "refused", "--yes").stdout == "Discarded: 0\n"
    assert run("dead", "discard", "--all", "--kind", "unmapped", "--yes").stdout == "Discarded: 2\n"
    assert shown("dead", "list") == []


def test_a_letter_is_discarded_once(context, run):
    id = set_aside(context, b"1")
    assert run("dead", "discard", id, "--yes").exit_code == 0
    assert run("dead", "discard", id, "--yes").exit_code == 1


@pytest.mark.parametrize(("name", "kind"), [("site", "destinations"), ("products", "collections")])
def test_what_is_paused_is_resumed(run, shown, name, kind):
    assert run("pause", name, "--reason", "inventory day").exit_code == 0
    found = shown("status")[kind][name]
    assert (found["state"], found["reason"]) == ("paused", "inventory day")
    assert run("resume", name).exit_code == 0
    assert shown("status")[kind][name]["state"] == "flowing"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_keeps_a_destination_paused(run, shown, site, status):
    run("pause", "site")
    site.answer = status
    result = run("resume", "site")
    assert result.exit_code == 1
    assert str(status) in result.stderr
    assert shown("status")["destinations"]["site"]["state"] == "paused"


def test_a_collection_stays_paused_with_its_destination(run):
    run("pause", "site")
    result = run("resume", "products")
    assert result.exit_code == 1
    assert "products stays paused" in result.stderr


def test_pause_and_resume_stand_in_the_audit_list_with_who_ran_them(context, run, site):
    run("pause", "site", "--reason", "inventory day")
    site.answer = 401
    run("resume", "site")
    site.answer = 200
    run("resume", "site")
    run("pause", "nowhere")
    resumed, paused = Audit(context.steps).list(None, 10)[0]
    assert (resumed["action"], resumed["target"]) == ("resume", "destination:site")
    assert (paused["action"], paused["figures"]) == ("pause", {"reason": "inventory day"})
    assert paused["by"].startswith("cli:")
    assert paused["by"].endswith(f"@{socket.gethostname()}")


def test_a_pause_without_a_reason_shows_too(run, shown):
    run("pause", "site", "--reason", "")
    assert shown("status")["destinations"]["site"]["state"] == "paused"


def test_no_answer_does_not_keep_it_paused(run, shown, environ):
    Path(environ["INSTEP_CONFIG"]).write_text(TOML.format(url="http://127.0.0.1:1"))
    run("pause", "site")
    assert run("resume", "site").exit_code == 0
    assert shown("status")["destinations"]["site"]["state"] == "flowing"


def test_a_resumed_destination_with_work_to_do_is_woken(context, run):
    run("pause", "site")
    accept(context)
    context.wakes.queue.empty()
    run("resume", "site")
    assert context.wakes.queue.count == 1


def test_a_name_that_is_not_configured_is_wrong_usage(run):
    for command in ("pause", "resume"):
        result = run(command, "nowhere")
        assert result.exit_code == 2
        assert "products" in result.stderr


def waiting_for(run, context):
    """Pause the source, and send it something."""
    assert run("pause", "source:erp", "--reason", "a wrong feed", "--for", "2h").exit_code == 0
    accept(context)


def test_a_source_is_paused_for_a_while_and_says_so_everywhere(context, run, shown):
    waiting_for(run, context)
    found = shown("status")
    source = found["sources"]["erp"]
    assert (source["state"], source["reason"]) == ("paused", "a wrong feed")
    assert source["who"].startswith("cli:")
    assert source["resting"]["products"]["items"] == 1
    since, until = (datetime.fromisoformat(source[name]) for name in ("since", "until"))
    assert until - since == timedelta(hours=2)
    (reason,) = [each for each in found["reasons"] if each["name"] == "source erp: paused"]
    assert reason["do"].startswith("wait: it goes on by itself at ")
    assert reason["why"].startswith("a wrong feed, by cli:")
    page = run("status").stdout
    assert re.search(r"erp +paused", page)
    assert "erp: 1 items of products wait until it is resumed" in page
    assert "late" not in {each["name"] for each in found["notices"]}
    (key,) = (name.split(":", 3)[3] for name in context.steps.client.keys("instep:item:*"))
    life = shown("why", "products", key)
    assert life["waits_for"].startswith("the source erp, paused by cli:")
    assert life["waits_for"].endswith("a wrong feed")
    assert life["waits"][0]["cause"] == "pause"
    assert (
        life["next"]["what"]
        == "it goes on by itself, or once it is resumed: `instep resume source:erp`"
    )
    assert life["next"]["at"] is not None
    assert life["state"] == "pending"


def test_resume_says_what_goes_out_first(context, run, shown):
    waiting_for(run, context)
    result = run("resume", "source:erp")
    assert result.exit_code == 0
    assert re.search(
        r"  products: 1 item waits, the oldest since [-\d]+ [:\d]+ UTC; it takes about 1 s",
        result.stdout,
    ), result.stdout
    assert shown("status")["sources"]["erp"]["state"] == "flowing"
    context.outbox.sweep()
    assert shown("status")["sources"]["erp"]["resting"] == {}


def test_a_refused_token_keeps_a_source_paused(context, run, shown, site):
    waiting_for(run, context)
    site.answer = 401
    result = run("resume", "source:erp")
    assert (result.exit_code, "source:erp stays paused" in result.stderr) == (1, True)
    assert shown("status")["sources"]["erp"]["state"] == "paused"
    # A site that is paused by itself is asked as that is resumed.
    run("pause", "site")
    assert run("resume", "source:erp").exit_code == 0


@pytest.mark.parametrize("lane", ["live", "replay", "reconcile"])
def test_a_lane_is_paused_and_resumed(context, run, shown, lane):
    accept(context)
    assert run("pause", f"lane:{lane}").exit_code == 0
    found = shown("status")
    assert found["lanes"][lane]["state"] == "paused"
    assert f"lane {lane}: paused" in {each["name"] for each in found["reasons"]}
    assert f"paused: {lane}" in run("status").stdout
    (key,) = (name.split(":", 3)[3] for name in context.steps.client.keys("instep:item:*"))
    waits = shown("why", "products", key)["waits_for"]
    assert waits.startswith("live changes, paused by") == (lane == "live")
    context.wakes.queue.empty()
    context.steps.client.delete("instep:wake:site")
    result = run("resume", f"lane:{lane}")
    assert ("products: 1 item waits" in result.stdout) == (lane == "live")
    assert context.wakes.queue.count == 1
    assert shown("status")["lanes"][lane]["state"] == "flowing"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("source:nowhere", "source:erp"), ("lane:fast", "lane:live"), ("erp", "source:erp")],
)
def test_a_source_or_lane_that_is_not_there_is_wrong_usage(run, name, expected):
    result = run("pause", name)
    assert (result.exit_code, expected in result.stderr) == (2, True)


@pytest.mark.parametrize("for_", ["2", "0h", "1000h", "2w", "h"])
def test_a_duration_that_is_none_is_wrong_usage(run, for_):
    result = run("pause", "site", "--for", for_)
    assert (result.exit_code, "90s, 30m, 2h or 3d" in result.stderr) == (2, True)


def test_a_name_of_both_is_told_apart_by_its_kind(run, shown, environ):
    path = Path(environ["INSTEP_CONFIG"])
    path.write_text(path.read_text().replace("[collections.products]", "[collections.site]"))
    Path(path.parent / "mappings.py").write_text(
        Path(path.parent / "mappings.py").read_text().replace('"products"', '"site"')
    )
    result = run("pause", "site")
    assert "destination:site or collection:site" in result.stderr, result.stderr
    assert result.exit_code == 2
    assert run("pause", "collection:site", "--for", "90s").exit_code == 0
    found = shown("status")
    assert found["destinations"]["site"]["state"] == "flowing"
    assert found["collections"]["site"]["state"] == "paused"
    assert found["collections"]["site"]["until"] is not None
    assert run("resume", "collection:site").exit_code == 0
    assert run("pause", "destination:site").exit_code == 0
    assert shown("status")["destinations"]["site"]["state"] == "paused"


def test_a_source_that_is_configured_no_longer_can_be_resumed(context, run, shown):
    Pauses(context.steps, context.settings).pause("source:old", "gone", by="alice")
    assert "source old: paused" in {each["name"] for each in shown("status")["reasons"]}
    assert run("resume", "source:old").exit_code == 0
    assert run("resume", "source:old").exit_code == 2


@pytest.mark.parametrize("name", ["site", "products"])
def test_resume_of_a_destination_or_collection_says_what_goes_out_too(context, run, name):
    run("pause", name)
    accept(context)
    assert "products: 1 item waits, the oldest since" in run("resume", name).stdout
