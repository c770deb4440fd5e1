"""GETs for a claimed item, sent instead of the request of its claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workers.config.settings import Collection, Destination
from workers.delivery.reads import CmsReader, summary
from workers.delivery.request_outcome import Attempt
from workers.errors import DestinationError
from workers.fields import files
from workers.model.attempts import Batch, ItemOutcome
from workers.policy import create, localized
from workers.policy.case import Case
from workers.policy.unknown_outcome import come_late, read_back
from workers.webflow.item_answers import Answer
from workers.webflow.schema import Schema

READ_AGAIN = 10.0  # s, up to twice that with jitter: after a failed read


class ItemReads:
    """In one thread. *spread*: a random number in [0, 1), for the jitter of waits."""

    def __init__(self, reader: CmsReader, spread: Callable[[], float]) -> None:
        self._reader = reader
        self._spread = spread

    def find_owner(
        self, destination: Destination, collection: Collection, batch: Batch, not_after: float
    ) -> Attempt:
        """Find the item that has the slug of a new item."""
        item = batch.items[0]  # its batch limit is 1
        outcome = self._reader.ask(
            destination,
            lambda client: client.find_slug(collection.id, item.taken or "", not_after=not_after),
            kind="filter",
        )
        words = f"slug {item.taken} looked up: {summary(outcome)}"
        if isinstance(outcome, Answer) and outcome.status == 200:
            item_outcome = create.resolved(
                collection,
                item,
                outcome,
                spread=self._spread(),
                schema=self._reader.context.items.schema(collection),
            )
            if item_outcome.passed:
                words = f"slug {item.taken} is that of another item: the next one is tried"
        else:
            item_outcome = ItemOutcome(item.record, wait=self._wait(), taken=item.taken)
        return Attempt.of_read((item_outcome,), words)

    def read_files(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        unread: Mapping[str, tuple[str, ...]],
        not_after: float,
    ) -> Attempt:
        """Read the files of one item."""
        item = next(each for each in batch.items if each.record in unread)
        outcome = self._get(destination, collection, item.id, not_after)
        if isinstance(outcome, Answer) and outcome.status in (200, 404):
            found = outcome.items.get(item.id)
            held = {
                slug: files.remembered(found.fields.get(slug) if found else None)
                for slug in unread[item.record]
            }
            item_outcome = ItemOutcome(item.record, files=held, missed=unread[item.record])
        else:
            item_outcome = ItemOutcome(item.record, wait=self._wait())
        others = tuple(
            ItemOutcome(each.record) for each in batch.items if each.record != item.record
        )
        return Attempt.of_read((item_outcome, *others), f"files read: {summary(outcome)}")

    def read_first(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        values: Mapping[str, Mapping[str, Any]],
        schema: Schema,
        not_after: float,
    ) -> Attempt | None:
        """Read the single item of *batch* if that may replace the request."""
        if not batch.alone or batch.create or batch.publish or batch.retire:
            return None
        (item,) = batch.items
        if any(slug in values[item.record] for slug in item.passed_over):
            return self._read_passed_over(destination, collection, batch, values, schema, not_after)
        slugs = {field.slug for field in item.fields if field.late} if not item.variants else ()
        late = {slug: value for slug, value in values[item.record].items() if slug in slugs}
        return self._read_late(destination, collection, batch, late, not_after) if late else None

    def _read_passed_over(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        values: Mapping[str, Mapping[str, Any]],
        schema: Schema,
        not_after: float,
    ) -> Attempt:
        """Check whether values missing from the answers are there after all."""
        (item,) = batch.items
        locale = next(iter(item.variants), "")
        outcome = self._get(destination, collection, item.id, not_after, locale)
        if isinstance(outcome, Answer) and outcome.status in (200, 404):
            spread = self._spread()
            case = Case(batch, outcome, destination, collection, values, spread, schema)
            item_outcome = localized.read_back(read_back, case, item)
        else:
            item_outcome = ItemOutcome(item.record, wait=self._wait())
        return Attempt.of_read((item_outcome,), f"item read: {summary(outcome)}")

    def _read_late(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        late: Mapping[str, Any],
        not_after: float,
    ) -> Attempt:
        """Check whether files of an unanswered request have arrived."""
        (item,) = batch.items
        outcome = self._get(destination, collection, item.id, not_after)
        if isinstance(outcome, Answer) and outcome.status in (200, 404):
            item_outcome = come_late(
                collection, item, outcome.items.get(item.id), late, self._wait()
            )
        else:
            item_outcome = ItemOutcome(item.record, wait=self._wait())
        return Attempt.of_read((item_outcome,), f"item read for files: {summary(outcome)}")

    def _get(
        self,
        destination: Destination,
        collection: Collection,
        item: str,
        not_after: float,
        locale: str = "",
    ) -> Answer | DestinationError:
        return self._reader.ask(
            destination,
            lambda client: client.get_item(collection.id, item, locale=locale, not_after=not_after),
            kind="get",
        )

    def _wait(self) -> float:
        return READ_AGAIN * (1 + self._spread())
