"""
One step of one destination, carried out: claim → PATCH → compare → settle, or the GET that items
wait for. The only place where a request is sent; what an answer means, `workers.policy.rules` says.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workers.config.settings import Collection, Destination
from workers.delivery import locale_reads
from workers.delivery.context import Parts
from workers.delivery.item_reads import ItemReads
from workers.delivery.reads import Asker, said
from workers.delivery.status_reads import StatusReads
from workers.errors import DestinationError
from workers.fields.types import TYPES
from workers.model.attempts import (
    Batch,
    ClaimedItem,
    Heard,
    Judgement,
    Lookup,
    Probe,
    Verdict,
    Wait,
)
from workers.model.retirement import GONE
from workers.policy.rules import judge
from workers.policy.update import wants_publishing
from workers.webflow import create_payloads, variants
from workers.webflow.item_answers import Answer
from workers.webflow.item_payloads import Prepared, prepare
from workers.webflow.schema import Schema

LATE = 7.0  # s after which no answer means that it took too long
SEND_WITHIN = 14.0  # s after its claim that a request may start: below half of the claim

_log = logging.getLogger(__name__)


class Courier:
    """
    Carries out steps, in one thread.

    Args:
        parts: The store's side.
        spread: Returns a random number in [0, 1), for the jitter of backoffs.
        clock: Returns the time in seconds, by which it is measured what a request takes.
        alive: Is told before each request for how many seconds it may be silent.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        spread: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        alive: Callable[[float], object] = lambda _: None,
    ) -> None:
        self.parts = parts
        self._spread = spread
        self._clock = clock
        self.asker = Asker(parts, alive)
        self._reads = ItemReads(self.asker, spread)
        self._status_reads = StatusReads(self.asker, parts)

    def close(self) -> None:
        """Close the kept connections."""
        self.asker.close()

    def step(
        self,
        destination: Destination,
        *,
        flights: int,
        lower: int = 0,
        more: Callable[[str], object],
    ) -> Wait | None:
        """
        Take the next step of *destination* and carry it out.

        Args:
            flights: Requests that may be on their way to it at once.
            lower: How many of them replays and reconciles may take; 0: all but one.
            more: Called with its name before a request is sent while other items are due.

        Returns:
            None once a step is done; a Wait where nothing may be sent now.
        """
        begun = time.monotonic()
        step = self.parts.outbox.claim(destination, flights=flights, lower=lower)
        match step:
            case Batch() if self.parts.upgrade.is_odd(step):
                self._merge(destination, step)
            case Batch() if step.look:
                self._status_reads.look(destination, step, self._spread(), begun + SEND_WITHIN)
            case Batch():
                if step.more:
                    more(destination.name)
                self._deliver(destination, step, begun + SEND_WITHIN)
            case Probe():
                self.asker.probe(destination, step, begun + SEND_WITHIN)
            case Lookup():
                look_up = locale_reads.read_for(step) or Asker.look_up
                look_up(self.asker, destination, step, begun + SEND_WITHIN)
            case Wait():
                return step
        return None

    # a batch --------------------------------------------------------------------------------

    def _deliver(self, destination: Destination, batch: Batch, not_after: float) -> None:
        collection = self.parts.settings.collections[batch.collection]
        if batch.create and destination.api == "v2" and batch.items[0].taken:
            self._reads.find_owner(destination, collection, batch, not_after)
            return
        schema = self._schema(collection, batch)
        prepared = prepare(batch, destination.api, schema, checked=collection.preflight)
        if batch.create:
            prepared = create_payloads.completed(prepared, batch, collection, schema)
        values = prepared.values
        if batch.publish:
            values = {item.record: _flags(item, values[item.record]) for item in batch.items}
        sending = replace(
            batch, items=tuple(item for item in batch.items if values.get(item.record))
        )
        if prepared.unread and not sending.items:
            self._reads.read_files(destination, collection, batch, prepared.unread, not_after)
            return
        if self._reads.read_first(destination, collection, sending, values, schema, not_after):
            return
        if prepared.doubted:
            self.parts.items.doubt_schema(collection)
        begun = self._clock()
        outcome: Answer | DestinationError | None = None
        if sending.items:
            outcome = self._send(destination, collection, sending, values, not_after)
            judgement = judge(
                sending,
                outcome,
                destination=destination,
                collection=collection,
                sent=values,
                spread=self._spread(),
                schema=schema,
            )
        else:
            judgement = Judgement((), "refusal")
            self._give_back(destination)
        judgement = _completed(judgement, batch, prepared, schema.wait(batch.at))
        self._settle(destination, collection, batch, judgement, outcome, self._clock() - begun)

    def _merge(self, destination: Destination, batch: Batch) -> None:
        """Send nothing of *batch*: a process of the version before has written a part of it."""
        self.parts.outbox.give_back(batch)
        self._give_back(destination)
        self.parts.upgrade.merge_claimed(batch)

    def _give_back(self, destination: Destination) -> None:
        """Undo what a claim took for a request that is not sent."""
        self.parts.limiter.give_back(destination)
        # It may have been on trial after an outage: the next one is.
        self.parts.breaker.saw(destination.name, "read")

    def _schema(self, collection: Collection, batch: Batch) -> Schema:
        """Return the schema as last read, where it says anything of *batch*."""
        options = any(field.type == "option" for item in batch.items for field in item.fields)
        if not batch.create and not options and not collection.preflight:
            return Schema()
        return self.parts.items.schema(collection)

    def _send(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        values: Mapping[str, Mapping[str, Any]],
        not_after: float,
    ) -> Answer | DestinationError:
        imports = any(TYPES[field.type].files for item in batch.items for field in item.fields)
        client = self.asker.client(destination)
        try:
            if batch.publish:
                return client.publish(collection.id, variants.named(batch), not_after=not_after)
            if batch.retire:
                live, ids = batch.kind == "unpublish", variants.named(batch)
                return client.withdraw(collection.id, ids, live=live, not_after=not_after)
            if batch.create:
                return client.create(
                    collection.id,
                    [_given(values[item.record]) for item in batch.items],
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
        collection: Collection,
        batch: Batch,
        judgement: Judgement,
        outcome: Answer | DestinationError | None,
        seconds: float,
    ) -> None:
        words = said(outcome)
        if judgement.drop_schema:
            self.parts.items.drop_schema(collection)
        elif judgement.doubt_schema != "no":
            at_once = judgement.doubt_schema == "at-once"
            self.parts.items.doubt_schema(collection, at_once=at_once)
        judgement = replace(judgement, imports=_imports(batch, outcome, seconds))
        heard = _heard(outcome, words, seconds)
        settled = self.parts.outbox.settle(batch, judgement, outcome=words, heard=heard)
        _log.info(
            "attempt",
            extra={
                "destination": destination.name,
                "collection": collection.name,
                "items": len(batch.items),
                "outcome": words,
                "seconds": round(seconds, 3),
                "lost": settled.lost,
                "dead_letters": settled.letters,
            },
        )


def _heard(outcome: Answer | DestinationError | None, words: str, seconds: float) -> Heard | None:
    """Return what *outcome* says beside the items; None: nothing was sent."""
    if isinstance(outcome, Answer):
        return Heard(words, outcome.limit, outcome.remaining, seconds)
    return Heard(words, seconds=seconds) if outcome else None


def _imports(
    batch: Batch, outcome: Answer | DestinationError | None, seconds: float
) -> tuple[int, float] | None:
    """Return how many files were imported for *batch*, and in how many ms; None: nobody knows."""
    if isinstance(outcome, Answer):
        return (batch.imports, seconds * 1000) if outcome.status < 300 else None
    # Nobody waited for the end of it: twice as long, as far as is known.
    late = outcome is not None and seconds > LATE
    return (batch.imports, seconds * 2000) if late else None


def _given(sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *sent* without what clears a field: a new item has nothing to be cleared."""
    return {slug: value for slug, value in sent.items() if value is not None}


def _flags(item: ClaimedItem, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of *sent* publishing carries out: nothing, where a newer value says no."""
    if not wants_publishing(item, sent):
        return {}
    return {slug: sent[slug] for slug in (GONE, "_draft", "_archived") if slug in sent}


def _completed(judgement: Judgement, batch: Batch, prepared: Prepared, wait: float) -> Judgement:
    """
    Return *judgement* with a verdict on every item, and on what was not sent of it.

    Args:
        wait: Seconds until the schema of what is doubted may be read again.
    """
    judged = {verdict.record: verdict for verdict in judgement.verdicts}
    verdicts = []
    for item in batch.items:
        verdict = judged.get(item.record, Verdict(item.record))
        deaths = [death for death in [prepared.deaths.get(item.record)] if death]
        doubt = wait if item.record in prepared.doubted else 0.0
        verdicts.append(
            replace(verdict, deaths=(*verdict.deaths, *deaths), wait=max(verdict.wait, doubt))
        )
    return replace(judgement, verdicts=tuple(verdicts))
