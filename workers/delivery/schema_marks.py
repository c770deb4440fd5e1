"""What the answer to a request says against the schema of its collection."""

from __future__ import annotations

from workers.delivery.context import Context
from workers.model.attempts import Batch, BatchOutcome


def mark_schema(context: Context, batch: Batch, batch_outcome: BatchOutcome) -> None:
    """Drop the schema, or have it read again, if the answer contradicts it."""
    collection = context.settings.collections[batch.collection]
    if batch_outcome.drop_schema:
        context.items.drop_schema(collection)
    elif batch_outcome.mark_schema_stale != "no":
        at_once = batch_outcome.mark_schema_stale == "at-once"
        context.items.mark_schema_stale(collection, at_once=at_once)
