"""The long-running commands: ``up``, ``web``, ``worker`` and ``demo``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, NoReturn

import click


def address(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return *value* if it is ``HOST:PORT``, an IPv6 host in brackets; port 0 is a free one."""
    host, colon, port = value.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    known = colon and bare and port.isascii() and port.isdigit() and int(port) < 65_536
    if not known or (":" in bare and bare == host):
        expected = "HOST:PORT, e.g. 127.0.0.1:8000 or [::1]:8000"
        raise click.BadParameter(f"found {value!r}, expected {expected}", ctx, param)
    return value


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def bind(default: str) -> Decorator:
    return click.option(
        "--bind",
        callback=address,
        default=default,
        show_default=True,
        metavar="HOST:PORT",
        help="Address to listen on.",
    )


def processes(what: str) -> Decorator:
    return click.option(
        "--processes",
        type=click.IntRange(min=1, max=64),
        default=2,
        show_default=True,
        help=f"Number of {what}.",
    )


@click.command()
@bind("127.0.0.1:8000")
@processes("web processes, and of workers")
def up(**options: Any) -> None:
    """Run everything on this machine: store, web and workers."""
    _run("up", **options)


@click.command()
@bind("127.0.0.1:8000")
@processes("web processes")
def web(**options: Any) -> None:
    """Run the web processes, which receive webhooks."""
    _run("web", **options)


@click.command()
@processes("workers")
@click.option("--no-schedule", "schedules", flag_value=False, default=True, hidden=True)
def worker(**options: Any) -> None:
    """Run the workers, which send changes to the CMS."""
    _run("worker", **options)


def _run(service: str, **options: Any) -> NoReturn:
    from service.config import logging_setup
    from service.config.build import of_process
    from service.config.inherited import left_to_children
    from service.run import services
    from service.run.inheritance import built_for
    from workers.config.loader import fill
    from workers.runtime import fork_server
    from workers.runtime.forked_process import ForkServer

    prepare = f"service.run.inheritance {service}"
    fork_server.share(services.COMMON)
    files, given = fork_server.open_files(), dict(os.environ)
    fill(os.environ)  # INSTEP_LOG may stand in .env
    logging_setup.configure()
    configuration = of_process()
    if fork_server.is_alone(files):
        built = built_for(service, configuration)  # held until the end: to free it would copy it
        with left_to_children(*built):
            begun = ForkServer.of_this(services.COMMON, prepare)
    else:  # a mapping has begun something that no other process must have
        begun = ForkServer(services.COMMON)
    with contextlib.closing(begun) as server:
        logging_setup.observe(configuration.settings)
        run = getattr(services, service)
        raise SystemExit(run(configuration, given, server, **options))


@click.command()
@click.option(
    "--events",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    help="Number of events.",
)
@click.option(
    "--api", type=click.Choice(["v1", "v2"]), default="v2", show_default=True, help="API to use."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def demo(events: int, api: str, as_json: bool) -> None:
    """Play a day of shop traffic in a minute, failures included."""
    from service.demo import run

    raise SystemExit(run.run(events, api, as_json))
