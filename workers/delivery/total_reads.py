"""The GET for the number of items of a collection, for which held deletes wait."""

from __future__ import annotations

from collections.abc import Callable

from workers.config.settings import Destination
from workers.delivery.reads import CmsReader, is_limited
from workers.model.attempts import Lookup
from workers.webflow.item_answers import Answer


def read_for(lookup: Lookup) -> Callable[[CmsReader, Destination, Lookup, float], None] | None:
    """Return the function for *lookup*, if it is this one."""
    return read if lookup.kind == "total" else None


def read(reader: CmsReader, destination: Destination, lookup: Lookup, not_after: float) -> None:
    """
    Ask for the number of items; StoreUnavailable if the store does not answer.

    Any answer but a failure or "too many requests" is one: without a number the guard goes by
    `at_most` alone, and a pause holds what is to be sent anyway.
    """
    context = reader.context
    collection = context.settings.collections[lookup.collection]
    outcome = reader.ask(
        destination,
        # The staged copies: drafts and archived items too.
        lambda client: client.list_items(collection.id, where={"limit": "1"}, not_after=not_after),
        kind="list",
        flight=lookup.token,
        collection=collection,
        refusable=True,
    )
    if not isinstance(outcome, Answer) or outcome.status >= 500 or is_limited(outcome):
        context.item_totals.postpone(lookup)
    else:
        context.item_totals.keep(collection, outcome.total, lookup.at)
