"""Hundreds of items that a wrong mapping, a remap or a reconcile has changed are what they were."""

import csv
import json
import os
import signal
import time
from datetime import UTC, datetime

import pytest

from service.operate.undo_model import EDITED
from service.sandbox.seeds.samples import product, product_id
from tests.support.depth import depth
from tests.support.planted_site import MAPPINGS, RATE, Planted, configuration
from tests.support.real_processes import Instep, Load, eventually, say

# An undo reads 100 items a piece: of three pieces one is done, one killed, and one left.
KILLED, COUNT = depth((300, 60), (1000, 1000))
WRONG = 900_000
RUNNING = MAPPINGS.replace('data_key="qty"', 'data_key="said"')  # of what runs, in all tests


@pytest.fixture(scope="module")
def planted():
    planted = Planted(KILLED + 2 * COUNT, share=1)
    yield planted
    planted.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, planted):
    """One installation; each test has items of its own."""
    text = configuration(planted).replace(f"minute = {RATE}", "minute = 120")
    folder = tmp_path_factory.mktemp("undo")
    instep = Instep(folder, planted, mappings=RUNNING, configuration=text)
    instep.up()
    yield instep
    instep.close()


class Items:
    """
    The items of one test, what the site held of all before, and what the source says.

    Args:
        said: "right" or "wrong": what stands in ``said``, which the running mapping reads. The
            other one stands in ``qty``, which the mapping of the samples reads.
    """

    def __init__(self, planted, instep, numbers, said):
        self.planted, self.instep, self.numbers, self.said = planted, instep, numbers, said
        self.since = datetime.now(UTC).isoformat()
        self.edited, self.rest = numbers[:10], numbers[10:]
        self.last = numbers[-1]

    def right(self, n):
        return product(n, self.planted.products.fields)["stock"]

    def event(self, n, revision=1):
        values = [self.right(n), WRONG + n]
        said, qty = values if self.said == "right" else reversed(values)
        more = {"id": f"e{n}-{revision}", "type": "stock.changed", "name": f"Product {n}"}
        return {"sku": self.planted.key(n), **more, "said": said, "qty": qty, "rev": revision}

    def send(self):
        Load(self.instep, [self.event(n) for n in self.numbers]).join()
        self.instep.settled(within=120)

    def live(self, n):
        return self.planted.products.items[product_id(n)].live.fields["stock"]

    def site(self):
        """What both copies of all items hold."""
        items = self.planted.products.items.values()
        return {item.id: (dict(item.staged.fields), dict(item.live.fields)) for item in items}

    def edit(self):
        """Ten items are changed by an editor."""
        for n in self.edited:
            self.planted._edit(n, stock=77)

    def check_undone(self, before):
        """All is as it was, but for what the editor has changed since."""
        assert [self.live(n) for n in self.edited] == [77] * len(self.edited)
        own = {product_id(n) for n in self.edited}
        now = self.site()
        differ = [id for id in before if id not in own and now[id] != before[id]]
        assert differ == []

    def check_figures(self, figures):
        counts = len(self.numbers), len(self.rest), len(self.edited)
        assert (figures["records"], figures["fields"], figures["left"]) == counts
        assert figures["reasons"] == {EDITED: len(self.edited)}

    def write_rows(self, numbers, *, revision=1):
        """Write what the source says as a snapshot."""
        with (self.instep.folder / "stock.csv").open("w", newline="") as out:
            columns = ["sku", "said", "qty", "rev", "name"]
            rows = csv.DictWriter(out, columns, extrasaction="ignore")
            rows.writeheader()
            rows.writerows(self.event(n, revision) for n in numbers)

    def undo(self, before, run):
        """Undo the *run*, and what that undo has done."""
        begun = time.monotonic()
        code, said, complaint = self.instep.command("undo", "--run", run, "--yes", "--json")
        assert code == 1, complaint  # ten are left
        found = json.loads(said)
        self.check_figures(found["figures"])
        self.instep.settled(within=120)
        say(f"{len(self.numbers)} items were undone in {time.monotonic() - begun:.1f} s")
        self.check_undone(before)
        code, said, _ = self.instep.command("undo", "--run", found["id"], "--yes", "--json")
        assert code == 0
        assert json.loads(said)["figures"]["fields"] == len(self.rest)
        self.instep.settled(within=120)
        assert self.live(self.last) == WRONG + self.last


def mapped_by(instep, mappings):
    """From here on commands have other *mappings* than what runs."""
    (instep.folder / "mappings.py").write_text(mappings)


def run_of(instep):
    """The newest run of an undo, as the store has it."""
    found = instep.asked("runs", "list", "--kind", "undo")
    return found[0] if found else None


def kill_in_the_middle(instep, process):
    """Kill the command that undoes, and then the workers that go on with its run."""

    def done(more):
        run = run_of(instep)
        return run and more < run["figures"]["done"] and run["figures"]["done"]

    at = eventually(lambda: done(0), within=60)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    say(f"the command was killed at {at} of {KILLED} records")
    at = eventually(lambda: done(at), within=60)
    for pid in instep.pids()["worker"]:
        os.kill(pid, signal.SIGKILL)
    say(f"the workers were killed at {at}, or some more")


def test_a_wrong_mapping_is_undone_though_all_who_do_it_are_killed(planted, instep):
    items = Items(planted, instep, range(1, KILLED + 1), said="wrong")
    before = items.site()
    items.send()
    assert items.live(items.last) == WRONG + items.last
    mapped_by(instep, MAPPINGS)
    items.edit()
    words = ("undo", "--source", "erp", "--since", items.since, "--yes")
    process = instep.start(words, instep.folder / "undo.log")
    kill_in_the_middle(instep, process)
    process.stdout.close()
    eventually(lambda: run_of(instep)["state"] == "done", within=120)
    instep.settled(within=120)
    items.check_figures(run_of(instep)["figures"])
    items.check_undone(before)

    # The next night: the source has what it has said, at the versions that it has said.
    mapped_by(instep, RUNNING)
    items.write_rows(items.rest)
    code, said, complaint = instep.command(
        "reconcile", "products", "stock.csv", "--partial", "--json"
    )
    assert code == 1, complaint
    told = json.loads(said)
    assert {k: n for k, n in told["not_proven"].items() if n} == {"undone": len(items.rest)}
    assert not told["proven"]
    items.check_undone(before)
    # Nor does a remap of what it has said.
    mapped_by(instep, MAPPINGS)
    remapped = instep.asked("remap", "erp", "--since", "2h", "--dry-run")["dry_run"]
    say(f"a remap would change {remapped['changed']}, and leave {remapped['undone']} undone")
    # Something newer does.
    right = {"said": items.right(items.last)}
    Load(instep, [items.event(items.last, revision=2) | right]).join()
    status = instep.settled()
    assert items.live(items.last) == items.right(items.last)
    assert status["balanced"]


def test_a_remap_by_a_wrong_mapping_is_undone_by_its_run(planted, instep):
    items = Items(planted, instep, range(KILLED + 1, KILLED + COUNT + 1), said="right")
    items.send()
    before = items.site()
    mapped_by(instep, MAPPINGS)
    run = instep.asked("remap", "erp", "--since", items.since, "--yes")["run"]
    instep.settled(within=120)
    assert items.live(items.last) == WRONG + items.last
    items.edit()
    items.undo(before, run)


def test_a_reconcile_with_a_wrong_snapshot_is_undone_by_its_run(planted, instep):
    numbers = range(KILLED + COUNT + 1, KILLED + 2 * COUNT + 1)
    items = Items(planted, instep, numbers, said="right")
    items.send()
    before = items.site()
    mapped_by(instep, MAPPINGS)
    items.write_rows(numbers, revision=2)
    code, said, complaint = instep.command(
        *("reconcile", "products", "stock.csv", "--partial"),
        *("--overwrite-up-to", str(COUNT), "--json"),
    )
    assert code == 0, complaint
    assert items.live(items.last) == WRONG + items.last
    items.edit()
    items.undo(before, json.loads(said)["run"])
