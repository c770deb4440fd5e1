"""Which reconcile proves that nothing is missing of what the store may have lost."""

import pytest

from workers.store.losses import Losses

HOUR = 3600.0


@pytest.fixture
def way(reconciling):
    """The store has lost something, an hour ago."""
    way = reconciling(items=3)
    losses(way).note({"id": "o", "kind": "older", "held": 1, "had": 2})
    way.pass_time(HOUR)
    return way


def losses(way):
    return Losses(way.context.steps)


def open_losses(way):
    return len(losses(way).open(["products"]))


def test_a_run_that_is_proven_ends_the_loss(way):
    told = way.command(way.products_as_source([1, 2, 3]))
    assert (told.code, open_losses(way)) == (0, 0)


def test_a_snapshot_that_is_older_than_the_loss_does_not_end_it_and_says_so(way):
    told = way.command(way.products_as_source([1, 2, 3]), ago=2 * HOUR)
    assert (told.code, open_losses(way)) == (0, 1)
    assert "the snapshot is older than the loss of" in told.said


def test_a_snapshot_before_the_last_one_of_its_source_ends_no_loss(way):
    records = way.products_as_source([1, 2, 3])
    assert way.command(records, bad=1).code == 1
    assert (way.command(records, ago=HOUR / 2).code, open_losses(way)) == (0, 1)


@pytest.mark.parametrize("wish", ["partial", "no_wait", "dry_run"])
def test_a_run_that_does_not_see_all_of_it_through_ends_no_loss(way, wish):
    told = way.command(way.products_as_source([1, 2, 3]), **{wish: True})
    assert (told.code, open_losses(way)) == (0, 1)
