"""What a service runs: its processes and background tasks, for one configuration."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from service.config.build import Configuration
from service.operate.alert_causes import AlertObserver
from service.pulls.schedule import all_timed
from service.reconcile.schedule import Schedule
from service.run.prepare import Prepared, parts_of
from service.run.worker_process import FETCH
from workers.alerts.local_memory import LocalMemory
from workers.alerts.place import place_of
from workers.alerts.watch import LOCK, Watch, Work
from workers.config.settings import Settings
from workers.delivery.writeback import Teller, tell_forever
from workers.runtime import jobs, sweeper
from workers.runtime.background_tasks import BackgroundTask
from workers.runtime.child_process import Child
from workers.store import connection, keys
from workers.store.durability import StoreCheck
from workers.store.lease import Lease
from workers.store.scripts import Steps
from workers.store.upgrade import Upgrade

QUIET = 20.0  # s for which a task may not ask whether to end: the store's time-outs, and more
_POLITE = 1.0  # s in which a replaced web process closes its connections after their next answer
_KILL = 3.0  # s for open requests after a stop (the store has 2); stalled ones take all of it
_FINISH = 20.0  # s that a replaced worker has for the request in hand, and what follows it


class Web:
    """The web processes, on the socket *listener*."""

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener = listener
        self._count = count

    def children(self) -> list[Child]:
        fd = self._listener.fileno()
        module, words = "service.web.server", (str(fd),)
        web = Child("web", module, words, announces=True, files=(fd,), drain=_POLITE, grace=_KILL)
        return [web] * self._count

    def refuse(self) -> None:
        """Refuse connections once the web processes accept none."""
        self._listener.close()


class Workers:
    """*count* workers, and what is done beside them; *schedules*: also what is due by time."""

    def __init__(self, configuration: Configuration, count: int, *, schedules: bool = True) -> None:
        settings = configuration.settings
        self._count = count
        self.schedules = schedules
        self.schedule = Schedule(settings, all_timed)
        self.upgrade = _upgrade(settings, parts_of(configuration))

    def children(self, fetchers: Sequence[str]) -> list[Child]:
        """Return the processes; one more if a mapping uses a fetcher."""
        module = "service.run.worker_process"
        worker = Child("worker", module, announces=True, waits=True, drain=_FINISH)
        fetching = [replace(worker, arguments=(FETCH,), delivers=False)] if fetchers else []
        return [worker] * self._count + fetching

    def scheduling(self) -> BackgroundTask:
        """Return the task that starts scheduled reconciles; a reload does not end them."""
        return BackgroundTask("schedule", self.schedule.run, quiet=60.0, waits=True)

    def tasks(self, settings: Settings, prepared: Prepared) -> list[BackgroundTask]:
        """Return the tasks that a reload replaces."""
        upgrade = _upgrade(settings, prepared.parts)
        context = replace(jobs.build(settings), upgrade=upgrade)
        sound = StoreCheck(context.steps.client, settings.store).check
        sweep = partial(sweeper.sweep_forever, context, tuple(prepared.fetchers), sound=sound)
        tellers = {
            name: Teller(context.writebacks, own) for name, own in settings.writebacks.items()
        }
        tell = partial(tell_forever, tellers, sound=sound)
        return [
            BackgroundTask("sweep", sweep, quiet=QUIET, waits=True),
            BackgroundTask("write-back", tell, quiet=QUIET, waits=True),
        ]


class Alerting:
    """Reports what is wrong; *name*: of the service."""

    def __init__(self, settings: Settings, name: str) -> None:
        client = connection.connect(settings.store)
        lease = Lease(client, keys.ALERTER, "the alerts", seconds=LOCK)
        self._watch = Watch(client, lease, LocalMemory(settings.store.data / f"alerts-{name}.json"))
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Go by *settings* from now on."""
        alerts = settings.alerts
        if alerts is None or not (alerts.url or alerts.heartbeat):
            self._watch.use(None)
            return
        observer = AlertObserver(jobs.build(settings), alerts.late_seconds)
        self._watch.use(Work(alerts, observer, place_of(settings)))

    def task(self) -> BackgroundTask:
        """Return the task that reports; a reload does not end it."""
        return BackgroundTask("alerts", self._watch.run, quiet=60.0)


@dataclass(frozen=True, slots=True)
class Service:
    """All that one of ``up``, ``web`` and ``worker`` runs."""

    name: str
    web: Web | None = None
    workers: Workers | None = None
    alerting: Alerting | None = None
    beside: tuple[BackgroundTask, ...] = ()
    bind: str = ""  # where it listens

    @property
    def upgrade(self) -> Upgrade | None:
        return self.workers.upgrade if self.workers else None

    def children(self, prepared: Prepared) -> list[Child]:
        of_web = self.web.children() if self.web else []
        return of_web + (self.workers.children(prepared.fetchers) if self.workers else [])

    def tasks(self, settings: Settings, prepared: Prepared) -> list[BackgroundTask]:
        """Return the tasks that a reload replaces."""
        return self.workers.tasks(settings, prepared) if self.workers else []

    def lasting(self) -> list[BackgroundTask]:
        """Return the tasks that a reload leaves alone."""
        timed = self.workers if self.workers and self.workers.schedules else None
        own = [timed.scheduling()] if timed else []
        return [*self.beside, *own, *([self.alerting.task()] if self.alerting else [])]

    def use(self, settings: Settings) -> None:
        """Go by *settings* from now on."""
        if self.workers:
            self.workers.schedule.use(settings)
        if self.alerting:
            self.alerting.use(settings)

    def refuse(self) -> None:
        """Refuse connections from now on."""
        if self.web:
            self.web.refuse()


def _upgrade(settings: Settings, parts: Mapping[str, int]) -> Upgrade:
    return Upgrade(Steps(connection.connect(settings.store)), settings, dict(parts))
