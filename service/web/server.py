"""
A web process: granian, the front (``service.web.front``), the Flask application.

Argument: the descriptor of an inherited listening socket, which several processes share. The
application may be built before they are forked, so that they share its memory; a thread, a
connection or a file is begun in each of them alone.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from setproctitle import setproctitle

from service.config import logging_setup
from service.config.build import Configuration, of_process
from service.config.inherited import inherited
from service.web import event_loop
from service.web.front import Front
from service.web.listener import Server, SharedListener
from service.web.one_core import keep_on_one
from service.web.refusals import Reporter
from service.web.upload import HELD, Uploads
from workers.config.settings import MAX_BODY
from workers.runtime import jobs, liveness
from workers.runtime.child_process import announce

if TYPE_CHECKING:
    import redis
    from flask import Flask

    from service.ingest.spool_parts import SpoolParts
    from workers.config.settings import Settings
    from workers.delivery.context import Context

_CONNECTIONS = 4_096  # per process; idle ones are closed, the next one waits in the backlog
_FILES = 256  # open files that a process may need beside its connections
_HEAD = 10.0  # s until the head of a request is complete, and that a connection may be idle
_BUFFER = 65_536  # bytes read ahead per connection; a longer head is refused
# New objects before the garbage collector looks at them: the default, 700, is what twenty small
# deliveries have while they are under way, so that it found nothing but those.
_YOUNG = 10_000
_TITLE = "instep web"  # as ps shows it

# granian's own handler writes to stdout, where the first line has to be the one with "ready".
LOGGING: dict[str, Any] = {"handlers": {}, "loggers": {"_granian": {"propagate": True}}}


@dataclass(frozen=True, slots=True)
class Built:
    """The application and what it uses; nothing of it has begun."""

    application: Flask
    settings: Settings
    reporter: Reporter
    spool: SpoolParts
    client: redis.Redis

    def begin(self) -> None:
        """Begin what each process has for itself."""
        logging_setup.observe(self.settings, self.client)
        self.spool.start()


def serve(fd: int) -> None:
    """Serve until SIGTERM on the listening socket of descriptor *fd*."""
    built = inherited(Built) or _build()
    gc.collect()
    gc.freeze()  # else each full collection would look at all of it while senders wait
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    event_loop.register()
    connections = _connections()
    server = Server(
        fd,
        interface=Interfaces.ASGINL,
        # With "auto" a connection that never sends a byte waits without a timeout for the HTTP/2
        # preface; 512 of them per process stop it accepting.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(_HEAD * 1000), max_buffer_size=_BUFFER
        ),
        websockets=False,
        loop=Loops.asyncio,
        backlog=connections,
        backpressure=connections,
        log_level=LogLevels.warning,
        log_dictconfig=LOGGING,
        log_access=False,
        process_name=_TITLE,
    )
    server.serve(target_loader=partial(_start, SharedListener(fd), built), wrap_loader=False)


def _connections() -> int:
    """Return how many connections a process may have, after raising its limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(128, most - _FILES)


def application() -> Flask:
    """
    Build the application from the environment, with its own clients; for any WSGI server.

    Put a proxy in front that buffers each request: the application alone can neither detect a body
    that was cut off nor drop stalled connections.
    """
    built = _build()
    built.begin()
    return built.application


def _front(built: Built) -> Front:
    built.begin()
    sources, reporter = built.settings.sources, built.reporter

    def limit(path: str) -> int:
        source = sources.get(reporter.source_of(path) or "")
        return (source and source.max_body) or MAX_BODY

    largest = max((source.max_body or 0 for source in sources.values()), default=0)
    uploads = Uploads(bound=max(HELD, 2 * largest))
    return Front(built.application, limit, reporter.report, uploads)


def _build() -> Built:
    configuration = of_process()
    return build(configuration, jobs.build(configuration.settings))


def build(configuration: Configuration, context: Context) -> Built:
    """Build the application on *context*; no thread, connection or file is begun."""
    from service.ingest.spool_parts import SpoolParts
    from service.ingest.store_gate import SOON
    from service.operate.status import numbers_of
    from service.web.app import create_app
    from workers.runtime import heartbeats as processes
    from workers.store import durability
    from workers.store.background_counts import BackgroundCounts
    from workers.store.counters import CountersReader
    from workers.store.histograms import AckTimes
    from workers.store.refusals import Refusals
    from workers.store.step_library import library

    # Assembled now: else the threads of the first requests would each do it, while senders wait.
    library()
    settings = configuration.settings
    client = context.steps.client
    refusals, acks = Refusals(client), AckTimes(BackgroundCounts(client))
    # Without a spool an early timeout would only lose deliveries.
    soon = jobs.build(settings, timeout=SOON, retries=1) if settings.store.spool_mb else context
    spool = SpoolParts(settings.store, soon.steps.client, client, context.outbox)
    application = create_app(
        configuration,
        outbox=soon.outbox,
        wake=soon.wakes.wake,
        status=lambda: numbers_of(context),
        # The short timeout here too: callers of /readyz mostly wait for a second.
        check_store=lambda: durability.check(soon.steps.client, settings.store).as_dict(),
        workers_alive=lambda: processes.workers_alive(client),
        hung=lambda: processes.hung(client),
        count_refusal=refusals.count,
        list_refusal=refusals.list,
        time_ack=acks.observe,
        counters=CountersReader(client, lambda: processes.workers_alive(client)).read,
        spool=spool,
        context=context,
    )
    reporter = Reporter(settings.sources, refusals.count, refusals.list)
    return Built(application, settings, reporter, spool, client)


def _start(listener: SharedListener, built: Built) -> Front:
    keep_on_one(os.getppid())
    setproctitle(_TITLE)  # granian calls it a worker
    logging_setup.configure()  # granian has changed it
    front = _front(built)
    liveness.start(front.is_alive)

    def drain(*_: object) -> None:
        listener.stop_accepting()
        front.close_connections()

    signal.signal(signal.SIGUSR1, drain)
    announce()
    return front


def main() -> None:
    logging_setup.configure()
    serve(int(sys.argv[1]))
