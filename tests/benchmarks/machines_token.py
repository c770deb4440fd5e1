"""What one token allows, however many machines there are: the CMS's rate."""

import time
from dataclasses import asdict, dataclass

from tests.benchmarks.machines_growth import freshness, share_of

A_MINUTE = 60  # calls, as the smallest plans allow
RATE = 80  # events a second
WEB = WORKERS = 2


@dataclass(frozen=True)
class Token:
    """
    Args:
        calls: Writes to the CMS a minute.
        items: Items in one of them.
        fresh: Seconds until the site was right: p50, p99.
    """

    machines: int
    calls: float
    items: float
    fresh: tuple

    as_dict = asdict


def measured(rig, number, seconds):
    """Send for *seconds* to so many machines, which have a token for `A_MINUTE` calls."""
    machines = rig.machines[:number]
    with rig.running(machines, WEB, WORKERS):
        before, began = len(rig.writes.all), time.monotonic()
        load, _, events = rig.load(machines, int(RATE * seconds), RATE)
        rig.until_right()
        spent = time.monotonic() - began
        writes = rig.writes.all[before:]
        waits = freshness(rig.writes.all, load.acked, events).values()
        return Token(
            number,
            round(60 * len(writes) / spent, 1),
            round(sum(len(each.stock) for each in writes) / len(writes), 1),
            tuple(round(share_of(waits, share), 1) for share in (0.5, 0.99)),
        )
