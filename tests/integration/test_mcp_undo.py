"""The proposal of an undo, on a site whose items are read for the estimate."""

import pytest
from click.testing import CliRunner

from service.cli import main
from service.sandbox.faults.faults import Fault, Match
from tests.support.mcp_rig import WHY, McpRig
from tests.support.undo_site import UndoSite


class Site(UndoSite, McpRig):
    """The tools beside a sandbox."""


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = Site(tmp_path, store_socket)
    rig.before = rig.stock([1])
    rig.write([1], 900, "e")
    yield rig
    rig.close()


def test_it_is_done_once_it_is_approved(rig):
    found = rig.call("propose_undo", why=WHY, source="erp", since="1h")["data"]
    assert (found["estimate"]["fields"], found["state"]) == (1, "held")
    rig.carry_out()
    rig.settle()
    assert rig.stock([1]) == [900]
    arguments = ["runs", "approve", found["run"], "--dry-run"]
    shown = CliRunner().invoke(main, arguments, env=rig.environ)
    assert (shown.exit_code, f"900 → {rig.before[0]}" in shown.stdout) == (0, True)
    assert rig.post("/api/runs/approve", run=found["run"]).status_code == 202
    rig.carry_out()
    rig.settle()
    assert rig.stock([1]) == rig.before


def test_a_site_that_cannot_be_read_is_told_and_nothing_is_approved(rig):
    found = rig.call("propose_undo", why=WHY, source="erp", since="1h")["data"]
    rig.site.faults.add(Fault("revoked-token", Match()), times=None, seconds=None)
    answer = rig.post("/api/runs/approve", run=found["run"])
    assert (answer.status_code, answer.json["error"]["do"]) == (409, "try it again")
    assert rig.refused("propose_undo", why=WHY, source="erp", since="1h")
