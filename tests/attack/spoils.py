"""A history at whose end something is wrong, which its judge must see."""

import random

from tests.attack import histories
from tests.attack.installation import INSTALLATIONS
from tests.attack.judge import Judge, Outcome


def spoiled(world, spoil, installation="live"):
    """The outcome of one history after *spoil* has been at the CMS."""
    world.reset(2, INSTALLATIONS[installation])
    for name in ("products", "prices", "notes", "looks"):
        for item in list(world.cms.items(name, "K1")):
            for tag in INSTALLATIONS[installation].tags[1:]:
                world.cms.add_variant(name, item, tag, published=True)
    history = histories.History(world)
    for seed in range(12):
        history.op_events(random.Random(seed))  # noqa: S311  # no secret
    outcome = Outcome()
    history.end(outcome)
    spoil(history)
    Judge(world).judge(outcome)
    return outcome
