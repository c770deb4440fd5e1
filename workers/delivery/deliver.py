"""
Carry out one step of a destination: claim, request, compare, settle; or a GET that items wait for.

All writes are sent from here; `workers.policy.rules` decides what an answer means.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workers.config.settings import Collection, Destination
from workers.delivery import locale_reads, total_reads
from workers.delivery.attempt_log import log_attempt
from workers.delivery.context import Context
from workers.delivery.item_reads import ItemReads
from workers.delivery.picture_checks import PictureChecks
from workers.delivery.publish import Publisher
from workers.delivery.reads import CmsReader, summary
from workers.delivery.request_outcome import Attempt, completed, flags, given, imports
from workers.delivery.schema_marks import mark_schema
from workers.delivery.status_reads import StatusReads
from workers.errors import DestinationError
from workers.fields.types import TYPES
from workers.model.attempts import (
    Batch,
    BatchOutcome,
    Claimed,
    Lookup,
    Probe,
    Publish,
    Wait,
)
from workers.policy.rules import judge
from workers.store import claims
from workers.store.claims import NotSettled
from workers.webflow import create_payloads, variants
from workers.webflow.item_answers import Answer
from workers.webflow.item_payloads import Prepared, prepare
from workers.webflow.schema import Schema

PICTURES_AND_STORE = 7.0  # s: two for the pictures of a batch
SEND_WITHIN = 14.0  # s after its claim that a request may start: less than half a claim


class Deliverer:
    """
    Carries out steps, in one thread.

    Args:
        spread: Returns a random number in [0, 1), for the jitter of backoffs.
        clock: Seconds, to measure requests.
        alive: Called before each request with the seconds that it may take.
        pictures: Looks at pictures before they are imported; None: nobody does.
    """

    def __init__(
        self,
        context: Context,
        *,
        spread: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        alive: Callable[[float], object] = lambda _: None,
        pictures: PictureChecks | None = None,
    ) -> None:
        self.context = context
        self._alive = alive
        self._pictures = pictures
        self._spread = spread
        self._clock = clock
        self.reader = CmsReader(context, alive)
        self._reads = ItemReads(self.reader, spread)
        self._status_reads = StatusReads(self.reader, context)
        self._publisher = Publisher(self.reader, context)

    def close(self) -> None:
        """Close the persistent connections."""
        self.reader.close()

    def cancel(self) -> None:
        """End the request of this time; its outcome is unknown if it was sent. From any thread."""
        self.reader.cancel()

    def step(
        self,
        destination: Destination,
        *,
        flights: int,
        lower: int = 0,
        more: Callable[[str], object],
        claimed: Claimed | None = None,
        goes_on: Callable[[], bool] = lambda: False,
        starting: bool = False,
    ) -> Claimed | Wait | None:
        """
        Claim the next step of *destination* and carry it out.

        Args:
            flights: Concurrent requests allowed.
            lower: How many of them replays and reconciles may use; 0: all but one.
            more: Called with its name before a request, if other items are due.
            claimed: The step returned by the previous call.
            goes_on: Called after the request: may the next step be claimed with the settle?
            starting: See `Outbox.claim`.

        Returns:
            The next step, which the caller must pass to the next call; None if none was claimed; a
            Wait if nothing may be sent now.
        """
        outbox = self.context.outbox
        if claimed is None:
            not_after = time.monotonic() + SEND_WITHIN
            step = outbox.claim(destination, flights=flights, lower=lower, starting=starting)
            if isinstance(step, Wait):
                return step
            claimed = Claimed(step, not_after)

        def then() -> dict[str, Any] | None:
            if not goes_on():
                return None
            settings, clock = self.context.settings, self.context.steps.now
            return claims.request_for(settings, destination, flights, lower, clock=clock)

        return self._carry_out(destination, claimed, more, then)

    def _carry_out(
        self,
        destination: Destination,
        claimed: Claimed,
        more: Callable[[str], object],
        then: Callable[[], dict[str, Any] | None],
    ) -> Claimed | Wait | None:
        step, not_after = claimed.step, claimed.not_after
        match step:
            case Batch() if self.context.upgrade.is_odd(step):
                self._merge(destination, step)
            case Batch() if step.look:
                read = self._status_reads.look(destination, step, self._spread(), not_after)
                return self._settle(destination, step, read, then())
            case Batch():
                if step.more:
                    more(destination.name)
                came = self._attempt(destination, step, not_after)
                return self._settle(destination, step, came, then())
            case Publish():
                self._publisher.carry_out(destination, step, not_after)
            case Probe():
                self.reader.probe(destination, step, not_after)
            case Lookup():
                look_up = total_reads.read_for(step) or locale_reads.read_for(step)
                look_up = look_up or CmsReader.look_up
                look_up(self.reader, destination, step, not_after)
        return None

    # a batch --------------------------------------------------------------------------------

    def _attempt(self, destination: Destination, batch: Batch, not_after: float) -> Attempt:
        """Send the request of *batch*, or the read it waits for."""
        collection = self.context.settings.collections[batch.collection]
        if batch.create and destination.api == "v2" and batch.items[0].taken:
            return self._reads.find_owner(destination, collection, batch, not_after)
        schema = self._schema(collection, batch)
        prepared = self._prepared(destination, collection, batch, schema)
        values = prepared.values
        if batch.publish:
            values = {item.record: flags(item, values[item.record]) for item in batch.items}
        sending = replace(
            batch, items=tuple(item for item in batch.items if values.get(item.record))
        )
        if prepared.unread and not sending.items:
            return self._reads.read_files(
                destination, collection, batch, prepared.unread, not_after
            )
        read = self._reads.read_first(destination, collection, sending, values, schema, not_after)
        if read is not None:
            return read
        if prepared.doubted:
            self.context.items.mark_schema_stale(collection)
        begun = self._clock()
        outcome: Answer | DestinationError | None = None
        if sending.items:
            outcome = self._send(destination, collection, sending, values, not_after)
            batch_outcome = judge(
                sending,
                outcome,
                destination=destination,
                collection=collection,
                sent=values,
                spread=self._spread(),
                schema=schema,
            )
        else:
            batch_outcome = BatchOutcome((), "refusal")
            self._give_back(destination)
        seconds = self._clock() - begun
        batch_outcome = completed(batch_outcome, batch, prepared, schema.wait(batch.at))
        batch_outcome = replace(batch_outcome, imports=imports(batch, outcome, seconds))
        return Attempt.of_answer(batch_outcome, outcome, summary(outcome), seconds)

    def _prepared(
        self, destination: Destination, collection: Collection, batch: Batch, schema: Schema
    ) -> Prepared:
        prepared = prepare(batch, destination.api, schema, checked=collection.preflight)
        if self._pictures is not None and collection.preflight and not batch.publish:
            self._alive(PICTURES_AND_STORE)
            prepared = self._pictures.check(batch, prepared)
        if batch.create:
            prepared = create_payloads.completed(prepared, batch, collection, schema)
        return prepared

    def _merge(self, destination: Destination, batch: Batch) -> None:
        """Release *batch*: a process of the old release has written a part of it."""
        self.context.outbox.give_back(batch)
        self._give_back(destination)
        self.context.upgrade.merge_claimed(batch)

    def _give_back(self, destination: Destination) -> None:
        """Undo the effects of a claim without a request."""
        self.context.limiter.give_back(destination)
        # It may have been the trial after an outage: leave that to the next one.
        self.context.breaker.record(destination.name, "read")

    def _schema(self, collection: Collection, batch: Batch) -> Schema:
        """Return the schema as last read, if *batch* needs it."""
        if batch.create or collection.preflight or _has_options(batch):
            return self.context.items.schema(collection)
        return Schema()

    def _send(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        values: Mapping[str, Mapping[str, Any]],
        not_after: float,
    ) -> Answer | DestinationError:
        imports = any(TYPES[field.type].files for item in batch.items for field in item.fields)
        client = self.reader.client(destination)
        try:
            if batch.publish:
                return client.publish(collection.id, variants.named(batch), not_after=not_after)
            if batch.retire:
                live, ids = batch.kind == "unpublish", variants.named(batch)
                return client.withdraw(collection.id, ids, live=live, not_after=not_after)
            if batch.create:
                return client.create(
                    collection.id,
                    [given(values[item.record]) for item in batch.items],
                    live=destination.live and not batch.staged,
                    files=imports,
                    not_after=not_after,
                )
            return client.patch(
                collection.id,
                variants.entries(batch.items, values),
                live=destination.live and not batch.staged,
                files=imports,
                not_after=not_after,
            )
        except DestinationError as error:
            return error

    def _settle(
        self,
        destination: Destination,
        batch: Batch,
        came: Attempt,
        then: dict[str, Any] | None,
    ) -> Claimed | Wait | None:
        """Settle *batch* with *came*, and return the step claimed by *then*."""
        mark_schema(self.context, batch, came.batch_outcome)
        not_after = time.monotonic() + SEND_WITHIN
        try:
            settled = self.context.outbox.settle(
                batch, came.batch_outcome, call=came.call, heard=came.heard, then=then
            )
        except NotSettled as error:
            # Carried out now: otherwise it would be blocked until the claim expires.
            behind = self._claimed(then, error.claimed, not_after)
            if isinstance(behind, Claimed):
                self._carry_out(destination, behind, lambda _: None, lambda: None)
            raise
        if came.seconds is not None:
            log_attempt(destination, batch, came, settled)
        return self._claimed(then, settled.claimed, not_after)

    def _claimed(
        self, request: dict[str, Any] | None, answer: dict[str, Any] | None, not_after: float
    ) -> Claimed | Wait | None:
        if request is None or answer is None:
            return None
        step = self.context.outbox.claimed(request, answer)
        return step if isinstance(step, Wait) else Claimed(step, not_after)


def _has_options(batch: Batch) -> bool:
    return any(field.type == "option" for item in batch.items for field in item.fields)
