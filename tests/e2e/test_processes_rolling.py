"""A running installation of the release before this one, replaced process by process under load."""

import random
import signal

import pytest

from tests.attack.fleet import archived, opened
from tests.support.depth import depth

OLDEST = "4d26ebe"  # the last commit without `instep reload`
BEFORE = "166363d"  # the last one without publishes, write-backs, pulls and an order of keys
# Each of them has one process, with --full two.
NAMES = depth(("worker 0", "web 0"), ("worker 0", "web 0", "worker 1", "web 1"))


@pytest.mark.parametrize("before", depth((BEFORE,), (BEFORE, OLDEST)))
def test_the_release_before_is_replaced_under_load(tmp_path, before):
    tree = archived(before, tmp_path)
    assert tree, f"this needs the repository with its history, as far as {before}"
    with opened(limit=6_000, processes=depth(1, 2)) as fleet:
        for name in NAMES:
            fleet.start(name, tree)
        fleet.load(depth(400, 1_200), depth(40, 80), random.Random(1))  # noqa: S311  # no secret
        for name in NAMES:
            fleet.end(name, signal.SIGTERM)
            fleet.start(name)
        fleet.join()
        outcome = fleet.judged()
        counts = fleet.counts()
    assert outcome.problems == []
    # A web process that ends takes no more connections; one that it has is answered or closed.
    assert not [status for status in fleet.others if isinstance(status, int)]
    assert counts["accepted"] == 2 * fleet.total
    assert counts["dead"] == 0
