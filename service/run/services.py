"""``up``, ``web`` and ``worker``: the store, a supervisor, and its processes."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import redis

from service.config.build import Configuration
from service.console.pages import PAGES
from service.operate.check_publish import designer_changes
from service.run.children import QUIET, Alerting, Service, Web, Workers
from service.run.prepare import Prepared, parts_of
from service.run.registry import Registration, registered, running
from service.run.reload import Reloader
from service.web.listener import listen
from workers.config.settings import Settings, StoreSettings
from workers.errors import (
    ConfigurationInvalid,
    StoreLoading,
    StoreNewer,
    StoreUnavailable,
    StoreUnsafe,
)
from workers.runtime import heartbeats
from workers.runtime.background_tasks import BackgroundTask
from workers.runtime.embedded_store import Keeper, kept
from workers.runtime.forked_process import ForkServer
from workers.runtime.heartbeats import Process
from workers.runtime.supervisor import Supervisor
from workers.store import connection, durability, version, witness
from workers.store.connection import guarded
from workers.store.scripts import Steps
from workers.store.upgrade import Upgrade
from workers.store.witness import Witness

_log = logging.getLogger(__name__)

_PAUSE = 0.05  # s between two tries
_LOADS = 10.0  # s between two words about a store that loads its data
_LOOK = 0.5  # s between two checks of a store that is away at the start
Environ = Mapping[str, str]

# What web processes and workers run, and what they would import when they need it.
COMMON = (
    *("service.web.server", "service.web.app", "service.web.front", "service.ingest.spool_parts"),
    *("service.run.worker_process", "service.operate.bulk_runner", "service.operate.status"),
    *("service.config.build", "service.reconcile.state.past_runs"),
    *(page.module_name for page in PAGES),
)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where to reach such a listener


def up(
    configuration: Configuration, given: Environ, server: ForkServer, bind: str, processes: int
) -> int:
    """
    Run everything on this machine, *processes* web processes and as many workers, until SIGTERM.

    Prints ``ready http://HOST:PORT`` once the store is durable and a worker is alive.

    Args:
        given: The environment without that of ``.env``; a reload begins with it.
        server: Starts the processes.

    Raises:
        ConfigurationInvalid: *bind* cannot be listened on, or another ``up`` runs in its folder.
        StoreUnavailable: The store cannot be started, or answers but is not safe enough. While an
            external one does not answer, web processes spool and workers wait.
    """
    with _listening(configuration.settings, bind) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"http://{bind.rpartition(':')[0]}:{port}"
        client = connection.connect(configuration.settings.store)
        ready = BackgroundTask("ready", partial(_ready, client, host, port, shown))
        service = Service(
            "up",
            Web(listener, processes),
            Workers(configuration, processes),
            Alerting(configuration.settings, "up"),
            (ready,),
            _bound(listener),
        )
        return _run(service, configuration, given, server)


def web(
    configuration: Configuration, given: Environ, server: ForkServer, bind: str, processes: int
) -> int:
    """Run *processes* web processes until SIGTERM; raises as `up` does."""
    with _listening(configuration.settings, bind) as listener:
        alerting = Alerting(configuration.settings, "web")
        service = Service("web", Web(listener, processes), alerting=alerting, bind=_bound(listener))
        return _run(service, configuration, given, server)


def worker(
    configuration: Configuration,
    given: Environ,
    server: ForkServer,
    processes: int,
    *,
    schedules: bool = True,
) -> int:
    """
    Run *processes* workers and the sweeper until SIGTERM; *schedules*: also what is due by time.
    Raises as `up` does.
    """
    alerting = Alerting(configuration.settings, "worker")
    workers = Workers(configuration, processes, schedules=schedules)
    service = Service("worker", workers=workers, alerting=alerting)
    return _run(service, configuration, given, server)


def _run(service: Service, configuration: Configuration, given: Environ, server: ForkServer) -> int:
    """Supervise the processes of *service*, and the store."""
    settings = configuration.settings
    for found in designer_changes(configuration):
        _log.warning("site publishes take along the Designer", extra={"reason": found.found})
    with (
        registered(settings.store.data, service.name, service.bind) as registration,
        kept(settings.store, patient=False) as keeper,
    ):
        supervisor: Supervisor
        reloader = Reloader(
            given, service, settings, registration, lambda *new: supervisor.replace(*new)
        )
        client = connection.connect(settings.store)
        beside = service.lasting()
        if keeper is None:
            path = witness.path_of_given(client, settings.store.data)
            watched = Witness(Steps(client), path, copies=False)
            beside.append(BackgroundTask("witness", partial(witness.watch_given, watched)))
        heartbeat = partial(heartbeats.heartbeat, client, lambda: _running(supervisor, keeper))
        begin = partial(_begin, client, settings.store, service.upgrade)
        beside += [
            BackgroundTask("heartbeat", heartbeat, quiet=QUIET, last=True),
            BackgroundTask("store", lambda stop: _await(supervisor, begin, stop)),
            BackgroundTask("reload", reloader.run),
        ]
        first = Prepared(
            fetchers=tuple(configuration.mappings.fetchers), parts=parts_of(configuration)
        )
        supervisor = Supervisor(
            service.children(first),
            [*beside, *service.tasks(settings, first)],
            server=server,
            on_hangup=reloader.ask,
            on_stop=partial(_refuse, registration, service),
        )
        try:
            begin()
            supervisor.release()
        except (StoreUnsafe, StoreNewer):
            raise
        except StoreUnavailable as error:
            _log.warning("store away: webs spool, workers wait", extra={"reason": str(error)})
        return supervisor.run()


def _refuse(registration: Registration, service: Service) -> None:
    """Refuse connections, at an address that is listed no more: another program may take it."""
    registration.leave_address()
    service.refuse()


@contextlib.contextmanager
def _listening(settings: Settings, bind: str) -> Iterator[socket.socket]:
    try:
        listener = listen(bind)
    except ConfigurationInvalid as error:
        raise _named(error, settings, bind) from None
    with contextlib.closing(listener):
        yield listener


def _named(error: ConfigurationInvalid, settings: Settings, bind: str) -> ConfigurationInvalid:
    """Return *error* with the service of this folder that has the port, if one has."""
    port = bind.rpartition(":")[2]
    for each in running(settings.store.data):
        if each.bind and each.bind.rpartition(":")[2] == port:
            who = f"by instep {each.service}, process {each.pid}"
            return ConfigurationInvalid(
                [replace(problem, found=f"{problem.found} {who}") for problem in error.problems]
            )
    return error


def _bound(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _begin(client: redis.Redis, settings: StoreSettings, upgrade: Upgrade | None) -> None:
    """Refuse an unsafe or newer store, and upgrade it before any claim."""
    durability.check(client, settings)
    with guarded():
        version.read(client)
    if upgrade is not None:
        upgrade.complete()


def _await(supervisor: Supervisor, begin: Callable[[], None], stop: threading.Event) -> None:
    """Release the children that wait for the store, once it may be used."""
    reason, due = "", float("-inf")
    while not supervisor.released and not stop.wait(_LOOK):
        try:
            begin()
        except StoreUnavailable as error:
            # One that loads says something new each time.
            new = str(error) != reason
            if new and (time.monotonic() >= due or not isinstance(error, StoreLoading)):
                reason, due = str(error), time.monotonic() + _LOADS
                _log.warning("workers wait for the store", extra={"reason": reason})
        else:
            supervisor.release()
    stop.wait()


def _running(supervisor: Supervisor, keeper: Keeper | None) -> list[Process]:
    found = [Process("supervisor", os.getpid()), *supervisor.processes()]
    if keeper and (pid := keeper.pid):
        found.append(Process("store", pid))
    return found


def _ready(client: redis.Redis, host: str, port: int, shown: str, stop: threading.Event) -> None:
    """Print once that the store is durable and a worker alive, whatever else is degraded."""
    while not (_has_worker(client) and _works(_ANYWHERE.get(host, host), port)):
        if stop.wait(_PAUSE):
            return
    with contextlib.suppress(OSError):  # the reader is gone
        sys.stdout.write(f"ready {shown}\n")
        sys.stdout.flush()
    stop.wait()


def _has_worker(client: redis.Redis) -> bool:
    """Look before a web process is asked, which says for half a second what it has seen."""
    try:
        return heartbeats.workers_alive(client) > 0
    except StoreUnavailable:
        return False


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
