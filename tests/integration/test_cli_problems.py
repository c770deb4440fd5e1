"""``instep dead``: problems and letters for people and programs, and the rules of its actions."""

import json
import os
import re
import signal
import sys
import time
from datetime import UTC, datetime

import pytest

from service.commands import dead_page
from service.operate.bulk_runner import BulkRunner
from tests.support.depth import depth
from tests.support.letters_rig import Shop
from tests.support.started import Started
from workers.runtime.upkeep import Upkeep
from workers.store import problem_keys
from workers.store.dead_letters import Letter

LONG = "stock: Is too long: …"


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


# dead list ----------------------------------------------------------------------------------------


def test_a_problem_is_one_line_with_what_can_be_pasted(shop):
    shop.refuse(*(f"i{n}" for n in range(60)))
    (example,) = shop.refuse("j1", slug="a-very-long-name-of-a-field", words="word " * 30)
    found = shop.run("dead", "list")
    lines = found.stdout.splitlines()
    group = shop.group(LONG)
    assert (found.exit_code, len(lines)) == (0, 4)
    assert lines[1].split() == ["group", "letters", "since", "example", "problem"]
    assert re.fullmatch(rf"{group}\s+60\s+\S+ \S+\s+d\d+\s+refused products: {LONG}", lines[2])
    assert f"a-very-long-name-of-a-field: {'word ' * 29}word" in lines[3]
    assert example in lines[3]


def test_nothing_to_list_is_no_failure(shop):
    found = shop.run("dead", "list")
    assert (found.exit_code, found.stdout) == (0, "Problems: none\n")
    assert shop.shown("dead", "list") == []


def test_a_group_lists_its_letters_and_says_what_to_do(shop):
    ids = shop.refuse("i1", "i2")
    shop.refuse("i3", slug="price")
    found = shop.run("dead", "list", "--group", shop.group(LONG)).stdout
    assert all(re.search(rf"^{id} .* i\d ", found, re.MULTILINE) for id in ids)
    assert "price" not in found
    assert "what to do:" in found
    assert [each["id"] for each in shop.shown("dead", "list", "--group", shop.group(LONG))] == ids


def test_letters_have_their_source_group_and_time(shop):
    shop.refuse("i1")
    shop.group(LONG)
    (letter,) = shop.shown("dead", "list")
    assert (letter["source"], letter["group"], letter["locale"]) == ("erp", shop.group(LONG), None)
    assert letter["since"] == letter["created"]


@pytest.mark.parametrize(
    ("slugs", "locale"),
    [
        (("a@de",), "de"),
        (("a@de", "b@de"), "de"),
        (("a@de", "a"), None),
        (("a",), None),
        ((), None),
    ],
)
def test_a_letter_of_one_locale_names_it(slugs, locale):
    letter = Letter("d1", "refused", datetime.now(UTC), fields={key: {} for key in slugs})
    assert letter.locale == locale


def test_problems_and_letters_are_filtered_and_limited(shop):
    shop.refuse("i1", "i2")
    shop.refuse("i3", slug="price", source="crm")
    assert "1 more: --limit 2" in shop.run("dead", "list", "--limit", "1").stdout
    assert LONG not in shop.run("dead", "list", "--source", "crm").stdout
    assert len(shop.shown("dead", "list", "--source", "erp", "--limit", "1")) == 1
    assert len(shop.shown("dead", "list", "--since", "1h")) == 3
    assert shop.shown("dead", "list", "--since", "2020-01-01T00:00:00Z", "--kind", "missing") == []


def test_an_ignored_problem_is_told_by_number_alone(shop):
    shop.refuse("i1")
    group = shop.group(LONG)
    shop.context.problems.mark(group, "ignored", "alice")
    assert shop.run("dead", "list").stdout == "Problems: none\n1 ignored: --state ignored\n"
    assert group in shop.run("dead", "list", "--state", "ignored").stdout


def test_all_lists_closed_letters_too(shop):
    (id,) = shop.refuse("i1")
    shop.context.letters.discard(id)
    assert f"{id} (discarded)" in shop.run("dead", "list", "--all").stdout
    assert [each["state"] for each in shop.shown("dead", "list", "--all")] == ["closed"]


class Terminal:
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_lines_are_folded_and_nothing_is_cut(monkeypatch, columns):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    words = " ".join(f"word{n}" for n in range(40))
    found = {
        "id": "p0123456789",
        "kind": "refused",
        "state": "open",
        "collection": "products",
        "source": "erp",
        "title": words,
        "letters": 60,
        "example": "u0123456789abcdef",
        "since": "2026-11-29T10:00:00+00:00",
    }
    lines = list(dead_page.problems([found], 0, 0))
    assert max(map(len, lines)) <= columns
    text = " ".join(" ".join(lines).split())
    assert all(each in text for each in (words, "p0123456789", "u0123456789abcdef"))


# dead show ----------------------------------------------------------------------------------------


def test_a_letter_is_shown_so_that_it_can_be_read(shop):
    (id,) = shop.refuse("i1")
    group = shop.group(LONG)
    lines = dict(
        line.split(":", 1)
        for line in shop.run("dead", "show", id).stdout.splitlines()
        if ":" in line
    )
    assert lines["dead letter"].strip() == id
    assert lines["problem"].strip() == group
    assert lines["answer"].strip() == "400 validation_error"
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, \d+ (s|min) ago", lines["since"])
    assert lines["what to do"].strip().startswith("change the value at its source")


def test_versions_are_shown_as_times_and_numbers():
    assert re.fullmatch(
        r"of 2025-01-\d\d \d\d:\d\d:\d\d \S+", dead_page.version("t01735689600000000")
    )
    assert dead_page.version("s00000000000000000042") == "number 42"
    assert dead_page.version("sL0000200000000000000000042") == "number 42 of log 2"
    assert dead_page.version("0") == "without a version"
    assert dead_page.version("?") == "?"


def test_a_payload_is_shown_without_control_codes(shop):
    id = shop.leave_out(b'{"qty": "\x1b[31m"}')
    found = shop.run("dead", "show", id).stdout
    assert "payload:" in found
    assert "\x1b" not in found


def test_a_problem_is_shown_by_its_id(shop):
    shop.refuse("i1", "i2")
    found = shop.run("dead", "show", shop.group(LONG))
    assert "2 letters" in found.stdout
    assert shop.shown("dead", "show", shop.group(LONG))["letters"] == 2


# replay and discard -------------------------------------------------------------------------------


def test_a_problem_is_replayed_as_a_whole(shop):
    shop.refuse(*(f"i{n}" for n in range(70)))
    shop.refuse("j1", slug="price")
    found = shop.run("dead", "replay", "--group", shop.group(LONG), "--yes")
    assert (found.exit_code, found.output) == (0, "Replayed: 70\n")
    assert len(shop.shown("dead", "list")) == 1


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--yes"]])
def test_a_dry_run_tells_and_changes_nothing(shop, arguments):
    shop.refuse("i1", "i2")
    found = shop.run("dead", "discard", "--all", *arguments)
    assert found.exit_code == 0
    assert "2 dead letters of 2 records, 2 field values" in found.stdout
    assert len(shop.shown("dead", "list")) == 2
    assert shop.shown("dead", "discard", "--all", *arguments)["letters"] == 2


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_in_a_pipe_nothing_is_changed_without_yes(shop, action):
    ids = shop.refuse("i1", "i2")
    for chosen in (["--all"], ["--group", shop.group(LONG)], ids):
        found = shop.run("dead", action, *chosen)
        assert found.exit_code == 2
        assert "--yes" in found.stderr
    assert len(shop.shown("dead", "list")) == 2


def test_one_letter_is_replayed_without_a_question(shop):
    (id,) = shop.refuse("i1")
    assert shop.run("dead", "discard", id).exit_code == 2
    assert shop.run("dead", "replay", id).output == "Replayed: 1\n"


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 2)])
def test_on_a_terminal_it_asks_after_an_estimate(shop, monkeypatch, answer, left):
    shop.refuse("i1", "i2")
    monkeypatch.setattr("service.commands.dead._is_interactive", lambda: True)
    found = shop.run("dead", "discard", "--all", input=answer)
    assert "2 dead letters" in found.stdout
    assert found.exit_code == (1 if left else 0)
    assert len(shop.shown("dead", "list")) == left


def test_what_matches_nothing_is_a_no(shop):
    for chosen in (["--group", "p0"], ["d99"], ["--all", "--kind", "missing"]):
        found = shop.run("dead", "discard", *chosen, "--yes")
        assert found.exit_code == 1
        assert found.stderr
    assert shop.run("dead", "list", "--group", "p0").exit_code == 1


def test_all_of_nothing_is_done(shop):
    found = shop.run("dead", "replay", "--all", "--yes")
    assert (found.exit_code, found.output) == (0, "Replayed: 0\n")


def test_the_run_is_printed_as_json(shop):
    shop.refuse("i1")
    run = shop.shown("dead", "discard", "--all", "--yes")
    assert (run["kind"], run["state"], run["figures"]["discarded"]) == ("discard", "done", 1)
    assert run["by"].startswith("cli:")


def test_ctrl_c_stops_the_run(shop, monkeypatch):
    shop.refuse("i1")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(BulkRunner, "carry_out", interrupted)
    assert shop.run("dead", "discard", "--all", "--yes").exit_code != 0
    (run,) = shop.context.runs.list()
    assert (run.state, run.reason, shop.context.runs.queued()) == ("stopped", "interrupted", [])


def test_a_command_that_is_killed_leaves_the_rest_to_a_worker(shop, tmp_path):
    count = depth(300, 500)
    shop.refuse(*(f"i{n}" for n in range(count)))
    words = ("dead", "replay", "--all", "--yes")
    clean = {name: text for name, text in os.environ.items() if not name.startswith("INSTEP_")}
    process = Started(words, tmp_path, clean | shop.environ, tmp_path / "log")
    # It goes on only while nobody looks: else it may end before it is killed.
    while not (runs := shop.context.runs.list()) or not runs[0].figures["done"]:
        assert process.poll() is None
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.005)
        os.kill(process.pid, signal.SIGSTOP)
    process.kill()
    process.wait(10)
    process.stdout.close()
    (run,) = shop.context.runs.list()
    assert run.state == "running"
    assert shop.context.outbox.counts()["dead"] > 0
    # As it expires by itself, in ten seconds.
    shop.context.steps.client.delete(problem_keys.running(run.id))
    shop.context.wakes.queue.empty()
    Upkeep(shop.context).look()
    assert shop.context.wakes.queue.count == 1
    runner = BulkRunner(shop.context, shop.configured)
    while runner.step():
        pass
    done = shop.context.runs.show(run.id)
    assert (done.state, done.figures["replayed"], done.figures["left"]) == ("done", count, 0)
    assert shop.context.outbox.counts()["pending"] == count


# dead export --------------------------------------------------------------------------------------


def test_letters_are_exported_as_json_lines_with_their_bodies(shop, tmp_path):
    shop.refuse("i1")
    shop.leave_out({"sku": "a", "qty": "ü"})
    shop.leave_out(b"\xff")
    lines = [json.loads(line) for line in shop.run("dead", "export").stdout.splitlines()]
    assert [each["kind"] for each in lines] == ["refused", "unmapped", "unmapped"]
    assert json.loads(lines[1]["body"]) == {"sku": "a", "qty": "ü"}
    assert lines[1]["headers"] == {"content-type": "application/json"}
    assert lines[2]["body_base64"] == "/w=="
    path = tmp_path / "letters.jsonl"
    assert shop.run("dead", "export", "--kind", "refused", "--output", str(path)).stdout == ""
    assert json.loads(path.read_text())["kind"] == "refused"


# runs ---------------------------------------------------------------------------------------------


def test_runs_are_listed_and_shown(shop):
    assert shop.run("runs", "list").stdout == "Runs: none\n"
    shop.refuse("i1", "i2")
    shop.leave_out({"sku": "a", "qty": "y"})
    assert shop.run("dead", "replay", "--all", "--yes").exit_code == 1
    (run,) = shop.shown("runs", "list")
    assert (run["kind"], run["state"], run["figures"]["left"]) == ("replay", "done", 1)
    listed = shop.run("runs", "list").stdout.splitlines()[2]
    assert listed.startswith(run["id"])
    assert listed.endswith("3 of 3 letters, 2 replayed, 1 left")
    assert shop.shown("runs", "list", "--kind", "discard") == []
    refused = shop.run("runs", "list", "--kind", "push")
    assert (refused.exit_code, "'replay', 'discard'" in refused.stderr) == (2, True)
    assert shop.shown("runs", "show", run["id"]) == run
    assert (
        "1 left: unmapped: qty: Not a valid integer" in shop.run("runs", "show", run["id"]).stdout
    )
    assert shop.run("runs", "show", "r99").exit_code == 1
