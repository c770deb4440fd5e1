"""A mapping that was wrong for two hundred events, corrected while others come in."""

import json
import time

import pytest

from tests.support.real_processes import BY_ITEM, Instep, Line, say, signed, wrong
from tests.support.standin import StandIn, item_id

ITEMS, EVENTS = 50, 200
WRONG = BY_ITEM.replace('data_key="data.qty")\n    in', 'data_key="data.ordered")\n    in')


@pytest.fixture
def cms():
    cms = StandIn(ITEMS)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    instep = Instep(tmp_path, cms, mappings=WRONG)
    instep.up()
    yield instep
    instep.close()


def event(number, at, quantity, ordered):
    data = {"item_id": item_id(number % ITEMS), "qty": quantity, "ordered": ordered}
    return {"id": f"e{number}", "type": "stock.changed", "at": at, "data": data}


def send(instep, events):
    line = Line(instep.address, 30)
    try:
        assert {line.ask(signed(each)) for each in events} == {200}
    finally:
        line.close()


def test_after_a_correction_the_cms_shows_what_the_right_mapping_would_have_shown(cms, instep):
    assert "data.ordered" in WRONG
    begun = int(time.time() * 1000) - 1000
    send(instep, [event(n, begun + n, n, 9000 + n) for n in range(EVENTS)])
    instep.settled()
    assert cms.live[item_id(0)]["stock"] == 9150
    (instep.folder / "mappings.py").write_text(BY_ITEM)
    # A newer event of some items, before the run; what runs has the wrong mapping still.
    newer = [event(EVENTS + n, begun + EVENTS + n, 5000 + n, 5000 + n) for n in range(10)]
    send(instep, newer)

    code, said, complaint = instep.command("remap", "erp", "--since", "2h")
    assert code == 2, said
    assert "40 fields of 40 items would change" in said
    assert "--yes" in complaint
    found = instep.asked("remap", "erp", "--since", "2h", "--yes")
    assert "40 of 50 items" in found["dry_run"].pop("held")["products"]
    assert found["dry_run"] == found["done"]
    assert (found["done"]["deliveries"], found["done"]["changed"]) == (EVENTS + 10, 40)

    instep.settled()
    expected = {item_id(n): 5000 + n if n < 10 else 150 + n for n in range(ITEMS)}
    truth = {id: {"stock": stock, "in-stock": True} for id, stock in expected.items()}
    assert wrong(cms, truth) == {}
    requests = len(cms.requests)
    again = instep.asked("remap", "erp", "--since", "2h")
    assert again["dry_run"]["taken"] == 0
    instep.settled()
    assert len(cms.requests) == requests
    status = instep.status()
    assert status["balanced"]
    say(f"kept {json.dumps(status['sources']['erp'])}")
