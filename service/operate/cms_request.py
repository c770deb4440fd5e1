"""A request to the CMS that a person waits for, from the same budget as all others."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.config.settings import Collection, Destination
    from workers.store.rate_limiter import Limiter
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

PATIENCE: Final = 65.0  # s for a slot in the budget: the CMS's window, and a little more


def ask(
    destination: Destination,
    collection: Collection | None,
    limiter: Limiter | None,
    *,
    patience: float = PATIENCE,
    seconds: float | None = None,
) -> Answer:
    """
    Return the answer of *destination* to a GET of *collection*.

    Args:
        collection: None: the list of sites, if there is no collection.
        limiter: Of the budget that this call counts against; None: nothing else runs.
        patience: Seconds to wait for a slot; then it is sent without one.
        seconds: Timeout of the request; None: as of every other.

    Raises:
        DestinationError: It does not answer.
    """

    from workers.webflow.client import SECONDS

    def call(client: Client) -> Answer:
        if collection is None:
            return client.list_sites()
        return client.get_collection(collection.id, seconds=seconds or SECONDS)

    kind = "schema" if collection else "site"
    return ask_by(destination, limiter, call, kind=kind, patience=patience)


def ask_by(
    destination: Destination,
    limiter: Limiter | None,
    call: Callable[[Client], Answer],
    *,
    kind: str,
    patience: float = PATIENCE,
) -> Answer:
    """Return the answer of *destination* to one *call*, counted as *kind*; see `ask`."""
    from workers.store.settlement import called
    from workers.webflow.client import Client

    if limiter is not None:
        _take(destination, limiter, patience)
    begin = time.monotonic()
    with Client(destination) as client:
        answer = call(client)
    if limiter is not None:
        age = time.monotonic() - begin
        limiter.learn(
            destination,
            limit=answer.limit,
            remaining=answer.remaining,
            age=age,
            called=called(kind, answer.status),
        )
    return answer


def _take(destination: Destination, limiter: Limiter, patience: float) -> None:
    ends = time.monotonic() + patience
    while (wait := limiter.take(destination)) and time.monotonic() < ends:
        time.sleep(min(wait, 1.0))
