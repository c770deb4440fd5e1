"""Shared by commands that join a running system: its store, and a request to the CMS."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.config.settings import Collection, Destination
    from workers.delivery.context import Context
    from workers.store.rate_limiter import Limiter
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

PATIENCE = 65.0  # s for a slot in the budget: the CMS's window, and a little more


@contextmanager
def joined() -> Iterator[Context]:
    """
    Yield the objects that work on the store of a running system.

    Raises:
        ConfigurationInvalid: instep.toml cannot be read.
        StoreUnavailable: nothing runs; the message says what to start.
    """
    from workers.config.loader import load
    from workers.runtime import jobs
    from workers.store import connection

    context = jobs.build(load(os.environ))
    try:
        connection.reach(context.steps.client, context.settings.store)
        yield context
    finally:
        context.steps.client.close()
        context.wakes.close()


def operator() -> str:
    """Return who runs this command, as the audit list names it: ``cli:USER@HOST``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        user = str(os.getuid())
    return f"cli:{user}@{socket.gethostname()}"


def ask(destination: Destination, collection: Collection | None, limiter: Limiter | None) -> Answer:
    """
    Return the answer of *destination* to a GET of *collection*.

    Args:
        collection: None: the list of sites, if there is no collection.
        limiter: Of the budget that this call counts against; None: nothing else runs.

    Raises:
        DestinationError: It does not answer.
    """
    return ask_by(
        destination,
        limiter,
        lambda client: client.get_collection(collection.id) if collection else client.list_sites(),
    )


def ask_by(
    destination: Destination, limiter: Limiter | None, call: Callable[[Client], Answer]
) -> Answer:
    """Return the answer of *destination* to one *call*; see `ask`."""
    from workers.webflow.client import Client

    if limiter is not None:
        _take(destination, limiter)
    begin = time.monotonic()
    with Client(destination) as client:
        answer = call(client)
    if limiter is not None:
        age = time.monotonic() - begin
        limiter.learn(destination, limit=answer.limit, remaining=answer.remaining, age=age)
    return answer


def _take(destination: Destination, limiter: Limiter) -> None:
    ends = time.monotonic() + PATIENCE
    while (wait := limiter.take(destination)) and time.monotonic() < ends:
        time.sleep(min(wait, 1.0))
