"""Reads of items' statuses, sent before a request that depends on them."""

from __future__ import annotations

from workers.config.settings import Destination
from workers.delivery.context import Context
from workers.delivery.reads import CmsReader, summary
from workers.delivery.request_outcome import Attempt
from workers.errors import DestinationError
from workers.model.attempts import Batch, ItemOutcome
from workers.policy.status_look import item_outcomes
from workers.webflow.client import Client
from workers.webflow.item_answers import Answer

READ_AGAIN = 10.0  # s, up to twice that with jitter: after a 429


class StatusReads:
    """Used by one Deliverer, in its thread."""

    def __init__(self, reader: CmsReader, context: Context) -> None:
        self._reader = reader
        self._context = context
        self._unfiltered: set[str] = set()  # destinations that cannot filter by id

    def look(
        self, destination: Destination, batch: Batch, spread: float, not_after: float
    ) -> Attempt:
        """Read the statuses of *batch* by one GET."""
        collection = self._context.settings.collections[batch.collection]
        filtered = destination.name not in self._unfiltered

        def ask(client: Client) -> Answer:
            ids = [item.id for item in batch.items]
            if batch.alone:
                return client.get_item(collection.id, ids[0], not_after=not_after)
            # A CMS that ignores the filter lists the latest edits: unpublishing is an edit.
            query = {"sortBy": "lastUpdated", "sortOrder": "desc"}
            query |= {"filter[id][in]": ",".join(ids)} if filtered else {}
            return client.find_items(collection.id, query, not_after=not_after)

        kind = "get" if batch.alone else "filter" if filtered else "list"
        outcome = self._reader.ask(destination, ask, kind=kind)
        if filtered and not batch.alone and _refuses_filter(outcome):
            self._unfiltered.add(destination.name)
            found = [ItemOutcome(item.record, look=batch.look) for item in batch.items]
        else:
            found = list(item_outcomes(batch, outcome, wait=READ_AGAIN * (1 + spread)))
        return Attempt.of_read(found, f"status read: {summary(outcome)}")


def _refuses_filter(outcome: Answer | DestinationError) -> bool:
    return isinstance(outcome, Answer) and outcome.status == 400 and outcome.code != "RateLimit"
