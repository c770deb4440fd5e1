"""``instep deletes``: its list, its questions, its exit codes."""

import json

import pytest
from click.shell_completion import BashComplete

from service.cli import main
from service.commands import deletes as command
from tests.support.held_deletes_fake import SINCE, FakeHeldDeletes, held
from tests.support.letters_rig import Shop
from workers.store.audit import Audit


@pytest.fixture
def fake(monkeypatch):
    fake = FakeHeldDeletes(*(held(n) for n in range(1, 4)))
    monkeypatch.setattr("workers.delivery.context.HeldDeletes", lambda *_: fake)
    return fake


@pytest.fixture
def shop(tmp_path, store_socket, store, fake):
    assert store.dbsize() == 0
    assert fake.deletes
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


def run(shop, *arguments, **options):
    found = shop.run("deletes", *arguments, **options)
    return found.exit_code, found.stdout


def test_the_list_exits_1_exactly_if_some_wait_for_approval(shop, fake):
    code, text = run(shop, "list")
    assert code == 1
    assert "products: 3 deletes wait for approval" in text
    assert all(f"products:{n}" in text for n in (1, 2, 3))
    code, text = run(shop, "list", "--json")
    assert (code, [each["id"] for each in json.loads(text)]) == (
        1,
        ["products:1", "products:2", "products:3"],
    )
    assert run(shop, "list", "--limit", "1")[0] == 1
    fake.deletes = {"products:9": held(9, waits="delay", until=SINCE)}
    assert run(shop, "list", "--json")[0] == 0
    assert "1 delete goes out after its delay" in run(shop, "list")[1]
    fake.deletes = {}
    assert run(shop, "list") == (0, "Pending deletes: none\n")
    assert run(shop, "list", "--json") == (0, "[]\n")


def test_a_page_of_those_in_their_delay_still_exits_1_if_others_wait(shop, fake):
    fake.deletes = {"p": held(1, waits="delay"), "q": held(2)}
    assert run(shop, "list", "--limit", "1")[0] == 1
    assert run(shop, "list", "--limit", "1", "--collection", "products")[0] == 1


def test_up_to_takes_the_oldest_and_exits_1_for_the_rest(shop, fake):
    code, text = run(shop, "approve", "--up-to", "2", "--yes")
    assert (code, text.splitlines()) == (
        1,
        ["Approved: 2", "1 delete still waits for approval: instep deletes list"],
    )
    assert [each[:2] for each in fake.decided] == [
        ("approve", "products:1"),
        ("approve", "products:2"),
    ]
    assert run(shop, "drop", "--yes", "--collection", "products") == (0, "Dropped: 1\n")
    assert [each["action"] for each in Audit(shop.context.steps).list(None, 9)[0]] == [
        "drop deletes",
        "approve deletes",
    ]


def test_the_run_is_printed_as_json(shop):
    code, text = run(shop, "approve", "--yes", "--json")
    shown = json.loads(text)
    assert (code, shown["kind"], shown["figures"]["approved"]) == (0, "approve", 3)


def test_in_a_pipe_a_decision_wants_yes(shop, fake):
    assert run(shop, "approve")[0] == 2
    assert run(shop, "drop", "products:1")[0] == 2
    assert fake.decided == []


def test_a_dry_run_shows_and_changes_nothing(shop, fake):
    code, text = run(shop, "approve", "--dry-run")
    assert (code, text.splitlines()[:2]) == (
        0,
        ["products: 3 deletes", "  archive K1 (item item-1)"],
    )
    code, text = run(shop, "drop", "--dry-run", "--json", "--up-to", "1")
    assert (code, json.loads(text)["left"]) == (1, 2)
    assert fake.decided == []


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 3)])
def test_on_a_terminal_it_shows_what_it_is_for_and_asks(shop, fake, monkeypatch, answer, left):
    monkeypatch.setattr(command, "_is_interactive", lambda: True)
    code, text = run(shop, "approve", input=answer)
    assert "archive K3" in text
    assert "Take these items off the site" in text
    assert (code, len(fake.deletes)) == (1 if left else 0, left)


def test_what_was_shown_is_what_is_approved(shop, fake, monkeypatch):
    monkeypatch.setattr(command, "_is_interactive", lambda: True)

    def confirm(*_, **__):
        del fake.deletes["products:1"]
        fake.deletes["products:8"] = held(8, record="k1")
        return True

    monkeypatch.setattr("click.confirm", confirm)
    code, text = run(shop, "approve")
    assert code == 1
    assert "1 left: waits no longer" in " ".join(text.split())
    assert [*fake.deletes] == ["products:8"]


def test_what_is_named_must_be_there(shop, fake):
    assert run(shop, "drop", "products:9", "--yes")[0] == 1
    assert run(shop, "approve", "--collection", "unknown", "--yes")[0] == 2
    assert run(shop, "approve", "products:1", "--up-to", "1", "--yes")[0] == 2
    fake.deletes = {}
    assert run(shop, "approve", "--yes") == (0, "Approved: 0\n")
    assert run(shop, "approve", "--collection", "products", "--yes")[0] == 1


def test_ctrl_c_stops_the_run(shop, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("service.operate.bulk_runner.BulkRunner.carry_out", stop)
    assert run(shop, "approve", "--yes")[0] == 1
    (found,) = shop.context.runs.list()
    assert (found.kind, found.state) == ("approve", "stopped")


@pytest.mark.parametrize("action", ["approve", "drop"])
def test_the_shell_completes_ids(shop, monkeypatch, action):
    for name, value in shop.environ.items():
        monkeypatch.setenv(name, value)
    shell = BashComplete(main, {}, "instep", "_INSTEP_COMPLETE")
    found = shell.get_completions(["deletes", action, "products:2"], "products:")
    assert [each.value for each in found] == ["products:1", "products:3"]
