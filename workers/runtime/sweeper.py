"""The sweep, which makes sure that no wake-up is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from workers.delivery.context import Context
from workers.errors import StoreUnavailable
from workers.store import keys
from workers.store.complaint import Complaint
from workers.store.connection import guarded
from workers.store.lease import Lease

AT_ONCE = 0.5  # s between two sweeps while steps have left something to be done
LOCK = 5.0  # s; of a sweeper that died

_log = logging.getLogger(__name__)


def sweep_forever(
    parts: Context,
    fetchers: Sequence[str],
    stop: threading.Event,
    *,
    sound: Callable[[], None] = lambda: None,
) -> None:
    """
    Wake whatever is due and unattended, until *stop*. Of all sweepers one works at a time.

    Args:
        fetchers: Those that the mappings name.
        sound: As of `Jobs`.
    """
    client = parts.steps.client
    # Two sweepers for a moment do no harm: the marker lets only one of them wake.
    lease = Lease(client, keys.SWEEPER, "the sweeper", seconds=LOCK)
    away = Complaint(_log, "sweep without the store")
    renewed = False
    while not stop.is_set():
        try:
            if not lease.take():
                stop.wait(1.0)
                continue
            if not renewed:
                renewed = True
                for name in parts.breaker.resume_renewed():
                    _log.info("resumed with another token", extra={"destination": name})
                    parts.wakes.wake(name)
            sound()
            parts.upgrade.look_again()
            names, seconds = parts.outbox.sweep(fetchers)
            for name in names:
                if not parts.wakes.crowded(name):
                    parts.wakes.wake(name)
            parts.memory.look()
            seconds = 0.0 if _carry_on(parts) else seconds
            with guarded():
                # A wake time that is stored meanwhile, and is earlier, nudges.
                client.blpop([keys.NUDGE], timeout=max(0.01, min(1.0, seconds)))
            away.over()
        except StoreUnavailable as error:
            away.tell(str(error))
            stop.wait(0.5)
    with contextlib.suppress(StoreUnavailable):
        lease.end()


def _carry_on(parts: Context) -> bool:
    """Do some of what steps have left to be done in slices; return whether anything is left."""
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
