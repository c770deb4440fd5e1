"""What the status of items, read before a request that depends on it, means for them."""

from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.status_look import item_outcomes
from workers.webflow.item_answers import Answer, ItemView

STOCK = ClaimedField("stock", "2", "number", 1)
PUBLISHED = "2025-01-01"


def looked(answer, *ids, look="refused"):
    """Return an outcome per item; the key of the item i0 is k-i0."""
    items = tuple(ClaimedItem(f"k-{one}", one, (STOCK,)) for one in ids)
    batch = Batch("t", "site", "products", items, kind="look", look=look)
    return list(item_outcomes(batch, answer, wait=7.0))


def shows(*views):
    return Answer(200, items={view.id: view for view in views})


def test_items_whose_look_met_the_rate_limit_are_looked_at_again_after_the_wait():
    found = looked(Answer(429), "i0", "i1", look="status")
    assert [(each.look, each.wait) for each in found] == [("status", 7.0)] * 2


def test_an_item_that_a_complete_answer_leaves_out_is_looked_up_again():
    shown, absent = looked(shows(ItemView("i0", {}, published=PUBLISHED)), "i0", "i1")
    assert (shown.forget, absent.forget, absent.limit) == (False, True, None)


def test_an_archived_item_is_written_staged_and_the_history_says_why():
    (found,) = looked(shows(ItemView("i0", {}, published=PUBLISHED, archived=True)), "i0")
    assert found.staged is True
    assert found.why == "a live write was refused, and the item is archived"
