"""GETs of the CMS that are steps of their own: probe, filter, listing page, schema."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeGuard

from workers.config.settings import Collection, Destination
from workers.delivery.context import Context
from workers.errors import DestinationError
from workers.model.attempts import Lookup, Probe
from workers.policy.rules import Action, action_for, pause_for
from workers.store import settlement
from workers.store.circuit_breaker import Event
from workers.webflow.client import SECONDS, Client
from workers.webflow.filters import key_filter
from workers.webflow.item_answers import Answer

BRIEFLY = 3.0  # s for an optional GET, which occupies a worker
_AFTER = 5.0  # s to record an answer in the store
_NO_ANSWER = 599  # counts as a failure of the destination, like any 5xx

_NOT_OF_THE_QUESTION = (401, 403, 404, 408, 410)  # about the token, the collection or the API

_log = logging.getLogger(__name__)


class CmsReader:
    """
    Sends GETs, and updates budget, pauses and health from the answers. In one thread.

    Every method raises StoreUnavailable if the store does not answer. *alive* is called before each
    request with the seconds that it may take.
    """

    def __init__(self, context: Context, alive: Callable[[float], object] = lambda _: None) -> None:
        self.context = context
        self._alive = alive
        self._clients: dict[str, Client] = {}

    def client(self, destination: Destination) -> Client:
        """Return the client of *destination*, for one request."""
        self._alive(SECONDS + _AFTER)
        client = self._clients.get(destination.name)
        if client is None:
            client = self._clients[destination.name] = Client(destination)
        return client

    def close(self) -> None:
        """Close the persistent connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def cancel(self) -> None:
        """End the request of this time, and let no other begin; from any thread."""
        for client in list(self._clients.values()):
            client.cancel()

    def probe(self, destination: Destination, probe: Probe, not_after: float) -> None:
        """Read a collection: an answer below 500 lets one request through."""
        collection = self.context.settings.collections[probe.collection]
        outcome = self.ask(
            destination,
            lambda client: client.get_collection(collection.id, not_after=not_after),
            kind="probe",
            flight=probe.token,
            probing=True,
        )
        _log.info("probe", extra={"destination": destination.name, "outcome": summary(outcome)})

    def look_up(self, destination: Destination, lookup: Lookup, not_after: float) -> None:
        """Read the listing page, filter or schema that items wait for."""
        collection = self.context.settings.collections[lookup.collection]
        if lookup.kind == "schema":
            self._read_schema(destination, lookup, not_after)
            return
        schema = self.context.items.schema(collection)
        if self.context.items.spellings.wants_types(lookup, schema):
            self._read_types(destination, lookup, not_after)
            if self.context.limiter.take(destination):
                self.context.items.ingest_page(lookup, None)
                return
        if lookup.kind == "filter":
            self._filter(destination, lookup, not_after)
            return
        page = self.ask(
            destination,
            lambda client: client.list_items(
                collection.id,
                offset=lookup.offset,
                since=lookup.since,
                edited=lookup.edited,
                not_after=not_after,
            ),
            kind="list",
            collection=collection,
        )
        self.context.items.ingest_page(lookup, _page(page))

    def _filter(self, destination: Destination, lookup: Lookup, not_after: float) -> None:
        """Filter by the waiting keys, as far as possible."""
        collection = self.context.settings.collections[lookup.collection]
        schema = self.context.items.schema(collection)
        asked = key_filter(collection, lookup.keys, lookup.canary, schema)
        if not asked.asked:
            self.context.limiter.give_back(destination)
            self.context.breaker.record(destination.name, "read")
            self.context.items.ingest_page(lookup, Answer(200, total=0), asked)
            return
        outcome = self.ask(
            destination,
            lambda client: client.list_items(
                collection.id, offset=lookup.offset, where=asked.query, not_after=not_after
            ),
            kind="filter",
            collection=collection,
            # A 400 about the API version, for instance, is no reason to pause: filters are
            # optional.
            refusable=True,
        )
        page = outcome if _refuses(outcome) else _page(outcome)
        self.context.items.ingest_page(lookup, page, asked)

    def _read_types(self, destination: Destination, lookup: Lookup, not_after: float) -> None:
        """Read the schema first: the lookup needs the form in which the field stores a key."""
        collection = self.context.settings.collections[lookup.collection]
        reading = self.context.items.spellings.as_reading(lookup)
        outcome = self.ask(
            destination,
            lambda client: client.get_collection(
                collection.id, seconds=BRIEFLY, not_after=not_after
            ),
            kind="schema",
            collection=collection,
            harmless=True,
        )
        self.context.items.keep_schema(reading, _page(outcome))

    def _read_schema(self, destination: Destination, lookup: Lookup, not_after: float) -> None:
        collection = self.context.settings.collections[lookup.collection]
        outcome = self.ask(
            destination,
            lambda client: client.get_collection(
                collection.id, seconds=SECONDS if lookup.needed else BRIEFLY, not_after=not_after
            ),
            kind="schema",
            flight=lookup.token,
            collection=collection,
            # Not needed by writes: a token without this right may still write.
            harmless=not lookup.needed,
        )
        self.context.items.keep_schema(lookup, _page(outcome))

    def ask(
        self,
        destination: Destination,
        ask: Callable[[Client], Answer],
        *,
        kind: str,
        flight: str = "",
        collection: Collection | None = None,
        probing: bool = False,
        harmless: bool = False,
        refusable: bool = False,
        own_limit: bool = False,
    ) -> Answer | DestinationError:
        """
        Send one request, whose budget slot is taken.

        Args:
            kind: What is read, for the counters: list, filter, get, schema, site or probe.
            flight: Token of the claim that it ends.
            collection: To pause after a 404.
            probing: An answer below 500 lets one request through.
            harmless: The answer affects nothing but the budget.
            refusable: Nor does a refusal of the request itself.
            own_limit: Its headers tell of a limit of its own, not of the token's budget.
        """
        begun = time.monotonic()
        outcome: Answer | DestinationError
        try:
            outcome = ask(self.client(destination))
        except DestinationError as error:
            outcome = error
        spent = isinstance(outcome, Answer) and is_limited(outcome)
        close = (outcome.retry_after or 0.0) if isinstance(outcome, Answer) and spent else None
        if not (own_limit and isinstance(outcome, Answer) and outcome.limit in (None, 1)):
            self.learn(destination, outcome, time.monotonic() - begun, close)
        called = settlement.called(kind, _status(outcome))
        record = partial(
            self.context.breaker.record,
            destination.name,
            reason=summary(outcome),
            flight=flight,
            called=called,
        )
        if harmless or (refusable and _refuses(outcome)):
            record("read")
        else:
            self._pause(destination, outcome, collection)
            record(_event(outcome, probing))
        return outcome

    def _pause(
        self,
        destination: Destination,
        outcome: Answer | DestinationError,
        collection: Collection | None,
    ) -> None:
        breaker = self.context.breaker
        if reason := pause_for(outcome):
            breaker.pause(f"destination:{destination.name}", reason, by=destination.budget)
        elif _status(outcome) == 404 and collection is not None:
            breaker.pause(f"collection:{collection.name}", summary(outcome), by="instep")

    def learn(
        self,
        destination: Destination,
        outcome: Answer | DestinationError | None,
        age: float,
        close: float | None,
    ) -> None:
        """Update the budget from *outcome*; *close*: see `Limiter.learn`."""
        answer = outcome if isinstance(outcome, Answer) else None
        self.context.limiter.learn(
            destination,
            limit=answer.limit if answer else None,
            remaining=answer.remaining if answer else None,
            age=age,
            close=close,
        )


def _status(outcome: Answer | DestinationError) -> int | None:
    return outcome.status if isinstance(outcome, Answer) else None


def _event(outcome: Answer | DestinationError, probing: bool) -> Event:
    """Return what *outcome* says of the health of the destination."""
    failed = (_status(outcome) or _NO_ANSWER) >= 500
    if probing:
        return "probe-bad" if failed else "probe-good"
    return "failure" if failed else "read"


def _page(outcome: Answer | DestinationError) -> Answer | None:
    return outcome if isinstance(outcome, Answer) and outcome.status == 200 else None


def _refuses(outcome: Answer | DestinationError) -> TypeGuard[Answer]:
    """Tell whether *outcome* refuses the request itself, not the token or the rate."""
    if not isinstance(outcome, Answer) or is_limited(outcome):
        return False
    return 400 <= outcome.status < 500 and outcome.status not in _NOT_OF_THE_QUESTION


def is_limited(answer: Answer) -> bool:
    """Tell whether *answer* only says to come back later."""
    return action_for(answer) is Action.SNOOZE


def summary(outcome: Answer | DestinationError | None) -> str:
    """Return *outcome* in one line, for the history, the log and the operator."""
    if outcome is None:
        return "no request"
    if isinstance(outcome, DestinationError):
        return str(outcome)
    return " ".join(filter(None, [str(outcome.status), outcome.code, outcome.message]))
