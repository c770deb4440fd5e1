"""What steps leave to be done in slices, carried on beside everything else."""

from __future__ import annotations

import time

from workers.delivery.context import Parts

AT_ONCE = 0.5  # s between two sweeps that are for it


def carry_on(parts: Parts) -> bool:
    """
    Do some of what steps have left to be done; return whether anything is left.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    until = time.monotonic() + AT_ONCE
    while time.monotonic() < until:
        began = time.monotonic()
        done = parts.outbox.slice()
        for name in done.wake:
            parts.wakes.wake(name)
        if not done.more:
            return False
        # As long as it took, the store is for others.
        time.sleep(time.monotonic() - began)
    return True
