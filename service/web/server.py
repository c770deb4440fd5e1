"""
The web processes: granian with the Flask application.

    python -m service.web.server --bind IP:PORT --processes N

Each process builds the application for itself. They are tied to granian's main process, since
kill -9 of that would leave them serving the port; and one that dies is replaced, since granian
would stop them all. (A second death within 5.5 s makes it stop: then its supervisor goes on.)
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from service import logs
from workers import tether
from workers.errors import ConfigurationInvalid, Problem

if TYPE_CHECKING:
    from flask import Flask

_THREADS = 4  # per process; concurrency is what lets writes share an fsync
_BACKLOG = 1024  # connections
_KILL = 10  # s that requests in hand have to end


def address(bind: str) -> tuple[str, int]:
    """
    Return the IP address and the port that *bind*, ``HOST:PORT``, means; for port 0 a free one.

    Raises:
        ConfigurationInvalid: it is no such pair, or another program listens there.
    """
    host, _, port = bind.rpartition(":")
    where = f"--bind {bind}"
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (ValueError, OSError) as error:
        expected = "HOST:PORT, e.g. 127.0.0.1:8000"
        problem = Problem(where, f"no address ({error})", expected, "correct it")
        raise ConfigurationInvalid([problem]) from error
    family, kind, protocol, _, name = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # granian shares a port (SO_REUSEPORT), so it would not notice another listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(name)
        except OSError as error:
            problem = Problem(
                where,
                error.strerror or str(error),
                "a free port of this machine",
                "stop what listens there, or choose another with --bind",
            )
            raise ConfigurationInvalid([problem]) from error
        ip, number = probe.getsockname()[:2]
    return str(ip), int(number)


def serve(host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM or SIGINT. *host* is an IP address."""
    # Once, here: a process that granian forks then starts in milliseconds.
    import service.app
    import service.configuration  # noqa: F401

    server = Granian(
        target="service.web.server:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        # With "auto" a connection that never sends a byte waits for HTTP/2's preface without a
        # timer, and 512 of them per process stop accepting.
        http=HTTPModes.http1,
        workers=processes,
        blocking_threads=_THREADS,
        backlog=_BACKLOG,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL,
    )
    server.serve(target_loader=partial(_process, os.getpid()), wrap_loader=False)


def application() -> Flask:
    """Build the application from the environment, with clients of its own; for any WSGI server."""
    from service.app import create_app
    from service.configuration import of_process
    from workers import jobs, processes
    from workers.store import connection

    configuration = of_process()
    settings = configuration.settings
    parts = jobs.build(settings)
    client = parts.steps.client
    return create_app(
        configuration,
        outbox=parts.outbox,
        wake=parts.wakes.wake,
        status=parts.report.status,
        check_store=lambda: connection.check(client, settings.store).as_dict(),
        workers_alive=lambda: processes.workers_alive(client),
    )


def _process(parent: int) -> Flask:
    # A fork has the handler of granian's main process, which would swallow a stop until the
    # process serves: then granian waits out its _KILL.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    tether.tie(parent)
    logs.configure()
    return application()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m service.web.server")
    parser.add_argument("--bind", required=True)
    parser.add_argument("--processes", type=int, default=2)
    chosen: Any = parser.parse_args(arguments)
    logs.configure()
    host, _, port = chosen.bind.rpartition(":")
    serve(host.strip("[]"), int(port), chosen.processes)


if __name__ == "__main__":
    main()
