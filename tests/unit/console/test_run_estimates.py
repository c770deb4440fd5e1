"""What an undo and a proposal would do, as the page before it shows it."""

from service.console.proposals import proposal_estimate
from service.console.undo_estimate import undo_estimate

UNDO = {
    **dict.fromkeys(("items", "fields", "same", "left", "deletes_dropped", "unseen"), 0),
    "reasons": {},
    "whole_since": None,
    "held": {},
    "changes": [],
    "kept": [],
}


def test_an_undo_that_the_budget_left_no_time_for():
    found = undo_estimate(UNDO | {"unseen": 1200, "whole_since": "2026-05-12T09:30:00+00:00"})
    assert (found.count, found.noun) == (1200, "record")
    assert found.figures == {"records_not_looked_at": 1200}
    assert found.notes[0].startswith("Not looked at: 1,200 records")
    assert "2026-05-12" in found.notes[1]


def test_an_undo_of_deletes_that_still_wait():
    found = undo_estimate(UNDO | {"deletes_dropped": 3})
    assert (found.count, found.noun) == (3, "waiting delete")


def test_a_mass_is_said_to_be_held():
    found = undo_estimate(UNDO | {"held": {"products": "products: half of it"}})
    assert found.held == {"products": "products: half of it"}


def proposal(kind, **would):
    return proposal_estimate({"kind": kind, "by": "mcp:ada", "why": "so", "would": would})


def test_a_proposed_undo():
    assert proposal("undo", **UNDO | {"fields": 2}).noun == "field"


def test_a_proposed_replay_of_deliveries():
    change = {"collection": "products", "record": "P-1", "field": "stock", "old": 1, "new": 2}
    problem = {"path": "a", "events": 3, "message": "no number"}
    figures = {"matched": 4, "events": 5, "changed": 1, "items": 0}
    found = proposal("replay", **figures, changes=[change], problems=[problem], held={})
    assert (found.count, found.noun, found.figures) == (
        4,
        "delivery",
        {"events": 5, "changed": 1},
    )
    assert found.samples[0]["Afterwards"] == 2
    assert found.notes == ["3 events cannot be mapped: no number."]


def test_proposed_deletes():
    figures = {"deletes": 1, "left": 0, "collections": {"products": 1}, "unknown": []}
    found = proposal("approve", **figures, oldest=None, newest=None, examples=[])
    assert (found.count, found.noun) == (1, "delete")


def test_proposed_failures():
    cannot = [{"why": "its source is gone", "letters": 2}]
    figures = {"letters": 9, "records": 8, "values": 7, "oldest": None, "newest": None}
    found = proposal("replay", **figures, cannot=cannot)
    assert (found.count, found.noun) == (9, "failure")
    assert found.notes == ["2 cannot be sent again: its source is gone."]


def test_a_proposed_approval():
    found = proposal("approve", run="r3", created=2, overwritten=1, left=0)
    assert (found.count, found.figures["of_the_run"]) == (3, "r3")
