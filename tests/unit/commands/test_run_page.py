"""What ``instep runs`` says of the figures of each kind of run."""

import pytest

from service.commands.run_page import approval, figures_text, shown

REMAP = {"deliveries": 1220, "events": 1220, "taken": 3, "items": 2, "same": 0, "letters": 1}
RECONCILE = {
    "records": 1220,
    "items": 1000,
    "differences": 3,
    "repaired": 2,
    "created": 0,
    "overwritten": 2,
    "retired": 0,
    "held": 1,
    "held_created": 1,
    "held_overwritten": 0,
    "unmapped": 0,
    "left": 0,
    "calls": 11,
    "may_create": 1,
}


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        pytest.param(
            REMAP,
            "1,220 deliveries, 1,220 events, 3 values accepted, 2 items, 1 dead letter closed",
            id="remap",
        ),
        pytest.param(
            {"deliveries": 100, "deliveries_of": 1220, "taken": 1},
            "100 of 1,220 deliveries, 1 value accepted",
            id="remap, half way",
        ),
        pytest.param(
            RECONCILE,
            "1,220 records, 1,000 items, 3 differences, 2 repaired, 2 items overwritten, "
            "1 item held, 1 creation beyond the guard, 11 calls, 1 creation approved",
            id="reconcile",
        ),
        pytest.param(
            {"read_bytes": 4000, "read_bytes_of": 4000, "items": 100, "items_of": 1000},
            "4,000 of 4,000 bytes read, 100 of 1,000 items",
            id="reconcile, half way",
        ),
        pytest.param(
            {"records": 220, "done": 220, "items": 216, "fields": 216, "same": 1, "left": 4},
            "220 of 220 records, 216 items, 216 fields put back, 1 value unchanged, 4 left",
            id="undo",
        ),
        pytest.param({"records": 0, "done": 0, "items": 0}, "0 of 0 records", id="nothing"),
        pytest.param(
            {"deletes": 50, "done": 50, "approved": 49, "more": 170, "left": 1},
            "50 of 50 deletes, 49 approved, 170 more that wait, 1 left",
            id="approve",
        ),
        pytest.param(
            {"letters": 3, "done": 3, "replayed": 2, "closed": 0, "left": 1},
            "3 of 3 letters, 2 replayed, 1 left",
            id="replay of letters",
        ),
    ],
)
def test_the_figures_of_a_run_are_words(figures, words):
    assert figures_text(figures) == words


def test_reasons_have_their_numbers():
    run = {
        "id": "r1",
        "kind": "undo",
        "state": "done",
        "by": "cli:ann@shop",
        "proposal": None,
        "reason": None,
    }
    run |= {"collection": "products", "source": None, "started": None, "ended": None}
    run["started"] = "2026-11-29T16:21:19.763000+00:00"
    run["figures"] = {"left": 1220, "reasons": {"it was changed since, by erp": 1220}}
    assert [*shown(run, 80)][-1] == "    1,220 left: it was changed since, by erp"


REPLAY = {
    "matched": 2,
    "deliveries": 1,
    "changed": 1,
    "changes": [{"collection": "products", "record": "A", "field": "stock", "old": 1, "new": 2}],
    "held": {"products": "products: half of the collection"},
    "left": [{"id": "erp-9", "reason": "it was refused"}],
    "more_left": 0,
}


@pytest.mark.parametrize(
    ("kind", "would", "lines"),
    [
        pytest.param(
            "replay",
            REPLAY,
            [
                "  products A stock: 1 → 2",
                "1 delivery, 1 field that would change",
                "Many: products: half of the collection",
                "erp-9: it was refused",
            ],
            id="of deliveries",
        ),
        pytest.param(
            "approve",
            {"run": "r1", "created": 3, "overwritten": 0, "left": 0, "starts": True},
            ["of the run r1: 3 items created, 0 overwritten"],
            id="of a held run",
        ),
    ],
)
def test_what_a_proposal_would_do_is_shown_before_it_is_approved(kind, would, lines):
    told = {"kind": kind, "by": "mcp:ada@desk", "why": "It was \x1b[1mwrong.", "would": would}
    head = [f"{kind}, proposed by mcp:ada@desk", "why: It was �[1mwrong."]
    assert [*approval({"proposal": told}, 80)] == head + lines
