"""Shared by commands that join a running system: its store, and who runs them."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.delivery.context import Context


@contextmanager
def joined(*, needs_store: bool = True) -> Iterator[Context]:
    """
    Yield the objects that work on the store of a running system.

    *needs_store*: False: what is asked for may be on this machine while the store is away.

    Raises:
        ConfigurationInvalid: instep.toml cannot be read.
        StoreUnavailable: nothing runs; the message says what to start.
    """
    from workers.config.loader import load
    from workers.runtime import jobs
    from workers.store import connection

    context = jobs.build(load(os.environ))
    try:
        if needs_store:
            connection.reach(context.steps.client, context.settings.store)
        yield context
    finally:
        context.steps.client.close()
        context.wakes.close()


def is_interactive() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty()


def operator() -> str:
    """Return who runs this command, as the audit list names it: ``cli:USER@HOST``."""
    return f"cli:{user_at_host()}"


def user_at_host() -> str:
    """Return the user of this process and its machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
