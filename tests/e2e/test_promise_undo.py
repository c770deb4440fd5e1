"""Hundreds of items that a wrong mapping, a remap or a reconcile has changed are what they were."""

import csv
import json
import os
import signal
import subprocess
import time

import pytest

from service.operate.undo_model import EDITED
from service.sandbox.seeds.samples import product, product_id
from tests.support.depth import depth
from tests.support.planted_site import MAPPINGS, RATE, Planted, configuration
from tests.support.real_processes import Instep, Load, eventually, say

COUNT = depth(400, 1000)
WRONG = MAPPINGS.replace('data_key="qty"', 'data_key="wrong"')
EDITED_ITEMS = range(1, 11)
REST = range(11, COUNT + 1)


@pytest.fixture
def planted():
    planted = Planted(COUNT, share=1)
    yield planted
    planted.close()


@pytest.fixture
def instep(tmp_path, planted):
    instep = Instep(tmp_path, planted, configuration=configuration(planted))
    yield instep
    instep.close()


def begin(instep, mappings):
    (instep.folder / "mappings.py").write_text(mappings)
    instep.up()


def restart(instep, mappings):
    instep.close()
    instep.started.clear()
    begin(instep, mappings)


def right(planted, n):
    return product(n, planted.products.fields)["stock"]


def event(planted, n, revision=1):
    data = {"qty": right(planted, n), "wrong": 900_000 + n, "rev": revision}
    more = {"id": f"e{n}-{revision}", "type": "stock.changed", "name": f"Product {n}"}
    return {"sku": planted.key(n), **more, **data}


def send(instep, planted, numbers, revision=1):
    load = Load(instep, [event(planted, n, revision) for n in numbers])
    load.join()
    instep.settled(within=120)


def live(planted, n):
    return planted.products.items[product_id(n)].live.fields["stock"]


def site(planted):
    """What both copies of all items hold."""
    items = planted.products.items.values()
    return {item.id: (dict(item.staged.fields), dict(item.live.fields)) for item in items}


def edit(planted):
    """Ten items are changed by an editor."""
    for n in EDITED_ITEMS:
        planted._edit(n, stock=77)


def check_undone(planted, before):
    """All is as it was, but for what the editor has changed since."""
    assert [live(planted, n) for n in EDITED_ITEMS] == [77] * len(EDITED_ITEMS)
    own = {product_id(n) for n in EDITED_ITEMS}
    now = site(planted)
    differ = [id for id in before if id not in own and now[id] != before[id]]
    assert differ == []


def check_figures(figures):
    fields, left = len(REST), len(EDITED_ITEMS)
    assert (figures["records"], figures["fields"], figures["left"]) == (COUNT, fields, left)
    assert figures["reasons"] == {EDITED: left}


def run_of(instep, kind="undo"):
    """The newest run of a *kind*, as the store has it."""
    code, said, _ = instep.command("runs", "list", "--kind", kind, "--json")
    found = json.loads(said) if code == 0 else []
    return found[0] if found else None


def write_rows(planted, path, numbers, *, wrong=False, revision=1):
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["sku", "qty", "wrong", "rev", "name"])
        for n in numbers:
            made = event(planted, n, revision)
            qty = made["wrong"] if wrong else made["qty"]
            rows.writerow([made["sku"], qty, made["wrong"], revision, made["name"]])


def kill_in_the_middle(instep, process):
    """Kill the command that undoes, and then the workers that go on with its run."""

    def done(more):
        run = run_of(instep)
        return run and more < run["figures"]["done"] and run["figures"]["done"]

    at = eventually(lambda: done(0), within=30)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    say(f"the command was killed at {at} of {COUNT} records")
    at = eventually(lambda: done(at), within=60)
    for pid in instep.pids()["worker"]:
        os.kill(pid, signal.SIGKILL)
    say(f"the workers were killed at {at}, or some more")


def test_a_wrong_mapping_is_undone_though_all_who_do_it_are_killed(planted, instep, tmp_path):
    text = (tmp_path / "instep.toml").read_text()
    (tmp_path / "instep.toml").write_text(text.replace(f"minute = {RATE}", "minute = 120"))
    before = site(planted)
    begin(instep, WRONG)
    send(instep, planted, range(1, COUNT + 1))
    assert live(planted, COUNT) == 900_000 + COUNT
    restart(instep, MAPPINGS)
    edit(planted)
    words = ("undo", "--source", "erp", "--since", "2h", "--yes")
    with (tmp_path / "undo.log").open("w") as log:
        process = instep._run(words, subprocess.Popen, stderr=log)
        kill_in_the_middle(instep, process)
        process.stdout.close()
    eventually(lambda: run_of(instep)["state"] == "done", within=120)
    instep.settled(within=120)
    run = run_of(instep)
    check_figures(run["figures"])
    check_undone(planted, before)

    # The next night: the source has what it has said, at the versions that it has said.
    write_rows(planted, tmp_path / "stock.csv", REST, wrong=True)
    code, said, complaint = instep.command(
        "reconcile", "products", "stock.csv", "--partial", "--json"
    )
    assert code == 1, complaint
    told = json.loads(said)
    assert {k: n for k, n in told["not_proven"].items() if n} == {"undone": len(REST)}
    assert not told["proven"]
    check_undone(planted, before)
    # Nor does a remap of what it has said.
    remapped = instep.asked("remap", "erp", "--since", "2h", "--dry-run")["dry_run"]
    say(f"a remap would change {remapped['changed']}, and leave {remapped['undone']} undone")
    # Something newer does.
    send(instep, planted, [COUNT], revision=2)
    assert live(planted, COUNT) == right(planted, COUNT)
    assert instep.status()["balanced"]


def test_a_remap_by_a_wrong_mapping_is_undone_by_its_run(planted, instep):
    begin(instep, MAPPINGS)
    send(instep, planted, range(1, COUNT + 1))
    before = site(planted)
    restart(instep, WRONG)
    run = instep.asked("remap", "erp", "--since", "2h", "--yes")["run"]
    instep.settled(within=120)
    assert live(planted, COUNT) == 900_000 + COUNT
    edit(planted)
    undone(instep, planted, before, run)


def test_a_reconcile_with_a_wrong_snapshot_is_undone_by_its_run(planted, instep, tmp_path):
    begin(instep, MAPPINGS)
    send(instep, planted, range(1, COUNT + 1))
    before = site(planted)
    write_rows(planted, tmp_path / "stock.csv", range(1, COUNT + 1), wrong=True, revision=2)
    code, said, complaint = instep.command(
        "reconcile", "products", "stock.csv", "--overwrite-up-to", str(COUNT), "--json"
    )
    assert code == 0, complaint
    assert live(planted, COUNT) == 900_000 + COUNT
    edit(planted)
    undone(instep, planted, before, json.loads(said)["run"])


def undone(instep, planted, before, run):
    """Undo the *run*, and what that undo has done."""
    begun = time.monotonic()
    code, said, complaint = instep.command("undo", "--run", run, "--yes", "--json")
    assert code == 1, complaint  # ten are left
    found = json.loads(said)
    check_figures(found["figures"])
    instep.settled(within=120)
    say(f"{COUNT} items were undone in {time.monotonic() - begun:.1f} s")
    check_undone(planted, before)
    code, said, _ = instep.command("undo", "--run", found["id"], "--yes", "--json")
    assert code == 0
    assert json.loads(said)["figures"]["fields"] == len(REST)
    instep.settled(within=120)
    assert live(planted, COUNT) == 900_000 + COUNT
