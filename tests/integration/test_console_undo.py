"""An undo from the page of its estimate to its end, beside a sandbox."""

import pytest

from tests.support.console import Console, words
from tests.support.undo_site import UndoSite

SOME = range(1, 3)
ERP = {"filter-source": "erp", "filter-since": "1h"}


@pytest.fixture
def rig(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    rig = UndoSite(tmp_path, store_socket)
    rig.before = rig.stock(SOME)
    rig.write(SOME, 900, "e")
    yield rig
    rig.close()


def carry_out(rig, answer):
    assert answer.status_code == 303, answer.text
    rig.carry_out()
    rig.settle()
    return rig.context.runs.show(answer.location.rpartition("/")[2])


def test_a_source_since_a_time_is_undone_and_that_again(rig):
    someone = Console(rig).person()
    answer = someone.post("/runs/undo_source", **ERP)
    told = words(answer.text)
    assert "Undo: 2 fields" in told
    assert "Source erp Since" in told
    assert f"P-0001 products stock 900 {rig.before[0]} put back" in told
    assert "First correct what was wrong" in told
    assert 'name="filter-since" value="20' in answer.text  # the time, not how long ago
    assert rig.stock(SOME) == [900] * 2
    run = carry_out(rig, someone.confirm(answer, reason="wrong mapping"))
    assert (run.kind, run.source, run.figures["fields"]) == ("undo", "erp", 2)
    assert rig.stock(SOME) == rig.before
    page = someone.page(f"/runs/{run.id}")
    assert "wrong mapping" in page
    answer = someone.post(f"/runs/{run.id}/undo")
    again = carry_out(rig, someone.confirm(answer))
    assert again.figures["fields"] == 2
    assert rig.stock(SOME) == [900] * 2


def test_what_is_left_is_told_before(rig):
    someone = Console(rig).person()
    run = carry_out(rig, someone.confirm(someone.post("/runs/undo_source", **ERP)))
    rig.write([1], 11, "later")
    answer = someone.post(f"/runs/{run.id}/undo")
    told = words(answer.text)
    assert "Undo this run: 1 field" in told
    assert "1 field is left: it was changed since, by erp." in told
    assert f"P-0002 products stock {rig.before[1]} 900 put back" in told
    assert "as it is left: it was changed since, by erp" in told
    rig.write([2], 12, "later")
    told = words(someone.post(f"/runs/{run.id}/undo").text)
    assert "Nothing to do" in told
    assert "2 fields are left: it was changed since, by erp." in told
