"""``instep mcp``: an MCP server on standard input and output."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec

import click

from workers.errors import ConfigurationInvalid, Problem


@click.command()
@click.option("--read-only", is_flag=True, help="Without the tools that propose changes.")
def mcp(read_only: bool) -> None:
    """
    Serve assistants over the Model Context Protocol, on standard input and output.

    Its tools read, and propose what a person then approves. It never changes anything itself.
    """
    if find_spec("mcp") is None:
        problem = Problem(
            "instep mcp", "no package mcp", "the extra mcp", "pip install 'instep[mcp]'"
        )
        raise ConfigurationInvalid([problem])
    # As soon as possible: what an import says belongs to the log, and the log to stderr.
    from service.config import logging_setup

    logging_setup.configure()
    from service.commands.session import joined, user_at_host
    from service.config.build import of_process
    from service.mcp.server import build
    from service.mcp.session import Session
    from workers.config.loader import load

    logging_setup.observe(load(os.environ))
    session = Session(joined, of_process, by=f"mcp:{user_at_host()}")
    # At once: it holds nothing that must be handed over, and its reader waits for a line.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    build(session, read_only=read_only).run("stdio")
    # Not by return: the interpreter would wait for a call that asks the CMS.
    os._exit(0)
