"""
Watches for what is wrong and reports it, in a thread of each supervisor.

One process reports at a time, by a lease of its own; another takes over some seconds after it has
died. What was said is stored after it was sent, so a process that is killed in between has its
successor repeat one message, with the same id. While the store is away each process knows only what
it has said itself: the one that reported last says that the store is away, the others only if that
lasts, as the first may be gone with the store.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import redis

from workers.alerts import silence
from workers.alerts.cause import Cause, Observation
from workers.alerts.heartbeat import Heartbeat
from workers.alerts.local_memory import LocalMemory
from workers.alerts.memory_form import dump_habits, dump_memory, load_habits, load_memory
from workers.alerts.message import clock, duration, id_of, message_of
from workers.alerts.rules import Entry, Memory, plan
from workers.alerts.sender import Sender
from workers.config.settings import Alerts
from workers.errors import StoreUnavailable
from workers.store import alert_memory
from workers.store.complaint import Complaint
from workers.store.lease import Lease

LOOK: Final = 5.0  # s between two looks
LOCK: Final = 20.0  # s until the lease of a dead process expires: more than one look takes
FOLLOWER: Final = 300.0  # s that the store is away before a process that did not report says so
SAVE_EVERY: Final = 60.0  # s between two times that what was seen is stored

_NO_HABITS: silence.Habits = {}
_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Reads what is wrong."""

    def look(self) -> Observation:
        """Return what the store shows; raises StoreUnavailable if it does not answer."""

    def away(self, error: StoreUnavailable) -> Sequence[Cause]:
        """Return what is wrong while the store cannot be read."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a configuration asks for. *place*: names this installation in messages."""

    alerts: Alerts
    observer: Observer
    place: str


class Watch:
    """
    Args:
        client: Of the store.
        clock: Returns seconds since 1970; *ticks*: monotonic seconds.
    """

    def __init__(
        self,
        client: redis.Redis,
        lease: Lease,
        local: LocalMemory,
        *,
        sender: Sender | None = None,
        heartbeat: Heartbeat | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._lease = lease
        self._local = local
        self._sender = sender or Sender()
        self._heartbeat = heartbeat or Heartbeat()
        self._clock, self._ticks = clock, ticks
        self._work: Work | None = None
        self._undelivered = Complaint(_log, "alerts not delivered")
        self._token = ""  # of the lease for which the memory was read
        self._follows = False  # another process reports
        self._memory, self._habits = Memory(), _NO_HABITS
        self._failing: Mapping[str, str] = {}
        self._sampled = self._saved_at = float("-inf")
        self._saved: Any = None

    def use(self, work: Work | None) -> None:
        """Go by *work* from now on; None: report nothing."""
        self._work = work

    def run(self, stop: threading.Event) -> None:
        """Look until *stop*."""
        while not stop.wait(LOOK):
            self.look()
        with contextlib.suppress(StoreUnavailable):
            self._lease.end()

    def look(self) -> None:
        """Look once, and send what is due."""
        work, now = self._work, self._clock()
        if work is None:
            return
        found: Observation | None = None
        away: Sequence[Cause] = ()
        try:
            if self._take():
                found = work.observer.look()
        except StoreUnavailable as error:
            away = self._patient(work.observer.away(error))
        if found:
            self._sample(found, now)
        if work.alerts.url:
            self._report(work, found, away, now)
        if found and self._still_leads():
            well = found.well and not self._failing
            self._heartbeat.beat(work.alerts.heartbeat, well=well, now=self._ticks())

    def _take(self) -> bool:
        """Tell whether this process reports; it knows then what was said before."""
        leads = self._lease.take()
        self._follows = not leads
        if leads and self._token != self._lease.token:
            stored = alert_memory.read(self._client)
            self._memory, self._habits = load_memory(stored.memory), load_habits(stored.habits)
            self._failing, self._token = stored.failing, self._lease.token
        return leads

    def _still_leads(self) -> bool:
        """Tell whether this process still reports: a message may have taken long."""
        with contextlib.suppress(StoreUnavailable):
            return self._lease.keep()
        return False

    def _patient(self, causes: Sequence[Cause]) -> Sequence[Cause]:
        if not self._follows:
            return causes
        return [replace(cause, after=max(cause.after, FOLLOWER)) for cause in causes]

    def _sample(self, found: Observation, now: float) -> None:
        if now - self._sampled >= silence.EVERY or now < self._sampled:
            self._sampled = now
            self._habits = silence.sampled(self._habits, found.received, now)

    def _report(
        self, work: Work, found: Observation | None, away: Sequence[Cause], now: float
    ) -> None:
        every, kinds = work.alerts.every, work.alerts.on
        causes = [*found.causes, *self._silences(found, now)] if found else []
        # What the store shows is neither begun nor over while it cannot be read.
        main = plan(causes, self._memory, now, every=every, kinds=kinds) if found else None
        if main and main.entries:
            # Since when they are is stored before, so that a repeat has the same id.
            self._memory = main.memory
            main = main if self._save(now) else None
        local = plan(away, self._local.value, now, every=every, kinds=kinds)
        entries = (*local.entries, *(main.entries if main else ()))
        sent = self._send(work, entries, now, again=bool(found and self._failing))
        self._local.keep(local.told if sent else local.memory)
        if main:
            self._memory = main.told if sent else main.memory
            self._save(now)

    def _silences(self, found: Observation, now: float) -> Iterator[Cause]:
        for name, habit in self._habits.items():
            silent = silence.silence_of(habit, now)
            if silent is None or name in found.excused:
                continue
            yield Cause(
                "silence",
                f"source {name}: silent",
                datetime.fromtimestamp(silent.since, UTC),
                "It has sent nothing since then; in the week before it never paused longer than "
                f"{duration(silent.usual)}",
                "What has changed there meanwhile is not on the site",
                "see that its webhook is still switched on and has the right address; what was "
                f"refused: `instep deliveries list --source {name} --outcome refused`; then "
                "reconcile what was missed",
            )

    def _send(self, work: Work, entries: Sequence[Entry], now: float, *, again: bool) -> bool:
        """
        Send a message if there is anything to say; return whether it was taken.

        *again*: the last one was not taken: the present state is sent, whatever it is.
        """
        ticks = self._ticks()
        if not (entries or again) or not self._sender.may_send(ticks):
            return False
        note = ""
        if again:
            since = clock(datetime.fromisoformat(self._failing["since"]).timestamp(), now)
            note = f"messages could not be delivered since {since}; "
            note += (
                "what follows is true now" if entries else "by now there is nothing new to report"
            )
        id = id_of(entries, work.place, note)
        body = message_of(entries, place=work.place, now=now, note=note)
        reason = self._sender.send(work.alerts, id, body, at=now, now=ticks)
        if not reason:
            self._failing = {}
            self._undelivered.over()
            _log.info("alert sent", extra={"id": id, "causes": len(entries)})
            return True
        self._undelivered.tell(reason)
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        self._failing = {"since": self._failing.get("since", at), "reason": reason}
        return False

    def _save(self, now: float) -> bool:
        """Store what is remembered, at once if it is news; False: another process reports."""
        causes = self._memory.causes
        state = {id: (each.first, each.told) for id, each in causes.items()}, self._failing
        if state == self._saved and 0 <= now - self._saved_at < SAVE_EVERY:
            return True
        stored = alert_memory.Stored(
            dump_memory(self._memory), dump_habits(self._habits), self._failing
        )
        # A full store takes nothing: it is reported all the same, and stored later.
        with contextlib.suppress(StoreUnavailable):
            if alert_memory.save(self._lease, stored):
                self._saved, self._saved_at = state, now
            else:
                self._token = ""
                return False
        return True
