"""The sweep: finds due work without a job, so that a lost wake-up does no harm."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from workers.delivery.context import Context
from workers.errors import StoreUnavailable
from workers.runtime.audit_log import AuditLog
from workers.runtime.renewed_tokens import RenewedTokens
from workers.runtime.upkeep import Upkeep
from workers.store import keys
from workers.store.complaint import Complaint
from workers.store.connection import guarded
from workers.store.lease import Lease
from workers.store.packing import Packing

INDEXED = 0.2  # s per sweep for the search index
SHARE = 0.5  # of that time, in which it works
AT_ONCE = 0.5  # s between sweeps while slices of work are left
LOCK = 5.0  # s until the lock of a dead sweeper expires

_log = logging.getLogger(__name__)


def sweep_forever(
    context: Context,
    fetchers: Sequence[str],
    stop: threading.Event,
    *,
    sound: Callable[[], None] = lambda: None,
) -> None:
    """
    Wake destinations with due work until *stop*; only one sweeper works at a time.

    *fetchers*: those of the mappings; *sound*: as of `Jobs`.
    """
    client = context.steps.client
    # Two sweepers at once do no harm: the marker lets only one enqueue a job.
    lease = Lease(client, keys.SWEEPER, "the sweeper", seconds=LOCK)
    away = Complaint(_log, "sweep without the store")
    renewed, upkeep = RenewedTokens(context), Upkeep(context)
    audit_log, packing = AuditLog(context.steps), Packing(context.steps)
    while not stop.is_set():
        try:
            if not lease.take():
                stop.wait(1.0)
                continue
            renewed.look()
            sound()
            context.upgrade.look_again()
            names, seconds = context.outbox.sweep(fetchers)
            for name in names:
                if not context.wakes.crowded(name):
                    context.wakes.wake(name)
            context.memory.look()
            upkeep.look()
            context.search.advance(INDEXED, share=SHARE)
            audit_log.look()
            packing.look()
            seconds = 0.0 if _carry_on(context) else seconds
            with guarded():
                # An earlier wake time stored meanwhile pushes to this list.
                client.blpop([keys.NUDGE], timeout=max(0.01, min(1.0, seconds)))
            away.over()
        except StoreUnavailable as error:
            away.tell(str(error))
            stop.wait(0.5)
    with contextlib.suppress(StoreUnavailable):
        lease.end()


def _carry_on(context: Context) -> bool:
    """Do slices of pending work for a while; True: more is left."""
    until = time.monotonic() + AT_ONCE
    while time.monotonic() < until:
        began = time.monotonic()
        done = context.outbox.slice()
        for name in done.wake:
            context.wakes.wake(name)
        if not done.more:
            return False
        # Pause as long as the slice took, to leave the store to others.
        time.sleep(time.monotonic() - began)
    return True
