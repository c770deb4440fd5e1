"""``up``, ``web`` and ``worker``: the store, a supervisor, and its processes."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import redis

from service.config.build import Configuration
from service.reconcile.schedule import Schedule, scheduled
from service.run.worker_process import FETCH
from service.web import server as web_processes
from workers.config.settings import Settings, StoreSettings
from workers.errors import StoreNewer, StoreUnavailable, StoreUnsafe
from workers.runtime import heartbeats, jobs, sweeper
from workers.runtime.background_tasks import BackgroundTask
from workers.runtime.embedded_store import Keeper, kept
from workers.runtime.heartbeats import Process
from workers.runtime.supervisor import Child, Supervisor
from workers.store import connection, durability, version, witness
from workers.store.connection import guarded
from workers.store.durability import StoreCheck
from workers.store.scripts import Steps
from workers.store.upgrade import Upgrade
from workers.store.witness import Witness

_log = logging.getLogger(__name__)

_QUIET = (
    20.0  # s for which a task may not ask whether it is to end: the store's time-outs, and more
)
_PAUSE = 0.1  # s between two tries
_LOOK = 0.5  # s between two checks of a store that is away at the start
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where to reach such a listener


def up(configuration: Configuration, bind: str, processes: int) -> int:
    """
    Run everything on this machine, *processes* web processes and as many workers, until SIGTERM.

    Prints ``ready http://HOST:PORT`` once the store is durable and a worker is alive.

    Raises:
        ConfigurationInvalid: *bind* cannot be listened on.
        StoreUnavailable: The store cannot be started, or answers but is not safe enough. While an
            external one does not answer, web processes spool and workers wait.
    """
    host, port = web_processes.address(bind)
    shown = f"http://{bind.rpartition(':')[0]}:{port}"
    tasks = [*_tasks(configuration), BackgroundTask("ready", partial(_ready, host, port, shown))]
    children = [_web(host, port, processes), *_workers(configuration, processes)]
    return _run(configuration.settings, children, tasks, _upgrade(configuration))


def web(configuration: Configuration, bind: str, processes: int) -> int:
    """Run *processes* web processes until SIGTERM; raises as `up` does."""
    host, port = web_processes.address(bind)
    return _run(configuration.settings, [_web(host, port, processes)], ())


def worker(configuration: Configuration, processes: int) -> int:
    """Run *processes* workers and the sweeper until SIGTERM; raises as `up` does."""
    children, tasks = _workers(configuration, processes), _tasks(configuration)
    return _run(configuration.settings, children, tasks, _upgrade(configuration))


def _web(host: str, port: int, count: int) -> Child:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Child("web", "service.web.server", ("--bind", bind, "--processes", str(count)))


def _workers(configuration: Configuration, count: int) -> list[Child]:
    """Return *count* workers, and one more process if a mapping uses a fetcher."""
    module = "service.run.worker_process"
    children = [Child("worker", module, announces=True, waits=True)] * count
    if configuration.mappings.fetchers:
        children.append(Child("worker", module, (FETCH,), True, delivers=False, waits=True))
    return children


def _tasks(configuration: Configuration) -> list[BackgroundTask]:
    tasks = [_sweeping(configuration)]
    if scheduled(configuration.settings):
        schedule = Schedule(configuration.settings).run
        tasks.append(BackgroundTask("schedule", schedule, quiet=60.0, waits=True))
    return tasks


def _sweeping(configuration: Configuration) -> BackgroundTask:
    fetchers = tuple(configuration.mappings.fetchers)
    context = replace(jobs.build(configuration.settings), upgrade=_upgrade(configuration))
    sound = StoreCheck(context.steps.client, configuration.settings.store).check
    sweep = partial(sweeper.sweep_forever, context, fetchers, sound=sound)
    return BackgroundTask("sweep", sweep, quiet=_QUIET, waits=True)


def _upgrade(configuration: Configuration) -> Upgrade:
    """Return the upgrade of the store; it needs the number of parts of each key."""
    settings, parts = configuration.settings, dict[str, int]()
    for rule in configuration.mappings.rules:
        options = rule.options
        count = len(options.record) if options.by == "key" else 1
        parts[options.collection] = max(parts.get(options.collection, 1), count)
    return Upgrade(Steps(connection.connect(settings.store)), settings, parts)


def _run(
    settings: Settings,
    children: Sequence[Child],
    tasks: Sequence[BackgroundTask],
    upgrade: Upgrade | None = None,
) -> int:
    """Supervise *children* and *tasks*; *upgrade* is done before anything is claimed."""
    with kept(settings.store) as keeper:
        client = connection.connect(settings.store)
        supervisor: Supervisor
        if keeper is None:
            path = witness.path_of_given(client, settings.store.data)
            watched = Witness(Steps(client), path, copies=False)
            tasks = [*tasks, BackgroundTask("witness", partial(witness.watch_given, watched))]
        heartbeat = partial(heartbeats.heartbeat, client, lambda: _running(supervisor, keeper))
        begin = partial(_begin, client, settings.store, upgrade)
        more = [
            BackgroundTask("heartbeat", heartbeat, quiet=_QUIET),
            BackgroundTask("store", lambda stop: _await(supervisor, begin, stop)),
        ]
        supervisor = Supervisor(children, [*tasks, *more], below=_below)
        try:
            begin()
            supervisor.release()
        except (StoreUnsafe, StoreNewer):
            raise
        except StoreUnavailable as error:
            _log.warning("store away: webs spool, workers wait", extra={"reason": str(error)})
        return supervisor.run()


def _begin(client: redis.Redis, settings: StoreSettings, upgrade: Upgrade | None) -> None:
    """Refuse an unsafe or newer store, and upgrade it before any claim."""
    durability.check(client, settings)
    with guarded():
        version.read(client)
    if upgrade is not None:
        upgrade.complete()


def _await(supervisor: Supervisor, begin: Callable[[], None], stop: threading.Event) -> None:
    """Release the children that wait for the store, once it may be used."""
    reason = ""
    while not supervisor.released and not stop.wait(_LOOK):
        try:
            begin()
        except StoreUnavailable as error:
            if str(error) != reason:
                reason = str(error)
                _log.warning("workers wait for the store", extra={"reason": reason})
        else:
            supervisor.release()
    stop.wait()


def _running(supervisor: Supervisor, keeper: Keeper | None) -> list[Process]:
    found = [Process("supervisor", os.getpid())]
    for child in supervisor.processes():
        # granian's main process takes no requests; it is listed only while its own are unknown.
        found += [
            Process("web", pid, hung=child.hung or supervisor.hangs(pid))
            for pid in _below(child.role, child.pid)
        ] or [child]
    if keeper and (pid := keeper.pid):
        found.append(Process("store", pid))
    return found


def _below(role: str, pid: int) -> Sequence[int]:
    return heartbeats.children(pid) if role == "web" else ()


def _ready(host: str, port: int, shown: str, stop: threading.Event) -> None:
    """Print once that the store is durable and a worker alive, whatever else is degraded."""
    while not _works(_ANYWHERE.get(host, host), port):
        if stop.wait(_PAUSE):
            return
    with contextlib.suppress(OSError):  # the reader is gone
        sys.stdout.write(f"ready {shown}\n")
        sys.stdout.flush()
    stop.wait()


def _works(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2.0)
    try:
        connection.request("GET", "/readyz")
        found = json.loads(connection.getresponse().read())
        return bool(found["store"] and found["workers"])
    except (OSError, http.client.HTTPException, ValueError, LookupError):
        return False
    finally:
        connection.close()
