"""
The outbox: the desired state of each item, and which parts the CMS does not show yet.

Every method is one Lua step (``workers/store/lua``); keys are in ``workers/store/keys.py``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis

from workers import fibers
from workers.config.settings import Destination, Settings
from workers.model.attempts import Batch, BatchOutcome, Call, Heard, ItemOutcome, Step
from workers.model.changes import Delivery
from workers.store import audit, claims, clock, keys, slicing
from workers.store.acceptance import AcceptCall, Accepted, Requests, accepted_of
from workers.store.codec import step_of, stored
from workers.store.compression import Packer, keeps, room_of
from workers.store.connection import Room, guarded
from workers.store.held_deletes import HeldDeletes
from workers.store.lua_limits import MARKER_MS
from workers.store.round_trips import RoundTrips
from workers.store.scripts import Steps
from workers.store.settlement import called, settlement
from workers.store.slicing import Slice

FATES = ("written", "superseded", "unchanged", "stale", "ignored", "discarded", "dead", "pending")
LETTERS_MOST = 10_000  # open letters of unmapped events per source; then one per cause
RAW_BYTES = 64 * 1024 * 1024  # of their bodies per source; then bodies are dropped
INDEX_EVERY = 30.0  # s between listings of recent edits
V1_INDEX_EVERY = 600.0  # s; v1 cannot filter, and lists the whole collection
# What a delivery may have that shares its round trip: the others wait for its answer.
SHORT, CHEAP = 16_384, 30  # characters of its body; cost (`slicing.cost_of`)
FETCHES = ":fetch"  # pseudo-destination of the fetch queue, as in fetch_queue.lua
FLIGHTS = 4  # concurrent requests per destination
GIVEN_BACK = Call(message="given back", sent=False)


@dataclass(frozen=True, slots=True)
class Settled:
    settled: int
    lost: int  # items whose claim had expired
    letters: int
    claimed: dict[str, Any] | None = None  # for `Outbox.claimed`; None: no claim


class Outbox:
    """
    Accepts, claims and settles.

    Every method raises StoreUnavailable if the store does not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self._settings = settings
        self.requests = Requests(settings)
        self.room = Room(steps.client)
        self._packer = Packer()
        self._trips = RoundTrips(steps, "accept")
        self._trimmed = float("-inf")

    @property
    def settings(self) -> Settings:
        """The configuration, which stays as it is: the requests are prepared from it."""
        return self._settings

    # accept ---------------------------------------------------------------------------------

    def check_room(self) -> None:
        """Raise StoreUnavailable if the store is too full to accept anything."""
        self.room.check()

    def _lives(self) -> dict[str, int] | None:
        """Return the limits of lives once a second, when the step should trim them."""
        if time.monotonic() < self._trimmed + 1.0:
            return None
        self._trimmed = time.monotonic()
        return self._settings.store.lives

    def accept(self, delivery: Delivery) -> Accepted:
        """Store a delivery whole, unless it is a duplicate or there is no room."""
        if not delivery.retires:
            self.check_room()
        call = self._call(delivery)
        request, text, *kept = call.arguments
        # Runs are limited, and fetches are claimed, within one step: neither is sliced.
        if delivery.mode in ("live", "remap") and slicing.are_many(request["events"]):
            answer = fibers.aside(slicing.begin, self.steps, request, text, (kept[0], kept[1]))
        elif len(text) <= SHORT and slicing.cost_of(request["events"]) <= CHEAP:
            answer = self._trips.run(*call.arguments)
        else:
            answer = fibers.aside(self.steps.run, "accept", *call.arguments)
        return accepted_of(self._packer, call, answer)

    def accept_in_order(self, deliveries: Sequence[Delivery]) -> list[Accepted]:
        """
        Store the first of *deliveries*, and as many more as fit into its round trip.

        For spools: no delivery is accepted unless all before it were.

        Raises:
            StoreUnavailable: The first one was not stored.
        """
        calls: list[AcceptCall] = []
        for delivery in deliveries:
            call = self._call(delivery)
            # A new dictionary is needed by the next delivery; slicing starts with its own step.
            if slicing.are_many(call.arguments[0]["events"]) or call.brings_words:
                break
            calls.append(call)
        if len(calls) < 2:
            return [self.accept(deliveries[0])]
        if not all(delivery.retires for delivery in deliveries[: len(calls)]):
            self.check_room()
        found: list[Accepted] = []
        for call, answer in zip(
            calls,
            self.steps.run_in_order("accept", [call.arguments for call in calls]),
            strict=True,
        ):
            if isinstance(answer, redis.RedisError):
                if found:
                    break
                with guarded():
                    raise answer
            found.append(accepted_of(self._packer, call, answer))
        return found

    def _call(self, delivery: Delivery) -> AcceptCall:
        source = self.requests.standing(delivery).source
        text, encoding = stored(delivery.body) if delivery.body else ("", "text")
        packed = self._packer.pack(delivery) if keeps(source, delivery) else None
        request = self.requests.first(delivery, encoding, packed)
        request["letters_most"] = LETTERS_MOST
        request["raw_bytes"] = RAW_BYTES
        if lives := self._lives():
            request["lives"] = lives
        kept = (packed.data, packed.fresh) if packed else (b"", b"")
        return AcceptCall(source.name, packed, (request, text, *kept))

    # claim ----------------------------------------------------------------------------------

    def claim(
        self,
        destination: Destination,
        *,
        flights: int = FLIGHTS,
        lower: int = 0,
        token: str = "",
        starting: bool = False,
    ) -> Step:
        """
        Return the next step of *destination*, with its budget slot.

        Args:
            flights: Concurrent requests allowed.
            lower: How many of them replays and reconciles may use; 0: all but one.
            token: The same token gets the same step; a new one by default.
            starting: The first claim of a job, which clears the wake-up marker.
        """
        request = claims.request_for(
            self._settings, destination, flights, lower, token, clock=self.steps.now
        )
        if starting:
            # Deleted before the outbox is read: a change that arrives in between queues one job too
            # many; the other order would leave it to the sweep.
            answer = claims.claim_anew(self.steps, request, keys.wake(destination.name))
        else:
            answer = claims.claim(self.steps, request)
        return step_of(request["token"], destination.name, answer)

    def claimed(self, request: dict[str, Any], answer: dict[str, Any]) -> Step:
        """Return the step from the *request* and *answer* of a claim behind a `settle`."""
        answer = claims.claim(self.steps, request, answer)
        return step_of(request["token"], request["destination"], answer)

    def settle(
        self,
        batch: Batch,
        batch_outcome: BatchOutcome,
        *,
        call: Call,
        heard: Heard | None = None,
        then: dict[str, Any] | None = None,
    ) -> Settled:
        """
        Carry out the outcomes of *batch*.

        Args:
            call: The answer, or why there was none.
            heard: Rate headers and health, recorded in the same step; None: nothing was sent, or
                they are recorded already.
            then: A `claims.request_for`, run behind it in the same round trip.

        Raises:
            NotSettled: The claim succeeded, but not the settle.
        """
        told = settlement(batch, batch_outcome, self._settings, heard)
        told |= {"token": uuid.uuid4().hex, "weak": self._weak, "reply": asdict(call)}
        told["called"] = heard and called(batch.kind, call.status)
        sizes = {item.record: claims.size_of(item.size, len(item.fields)) for item in batch.items}
        sums, claimed = claims.settle(self.steps, told, sizes, then)
        return Settled(**sums, claimed=claimed)

    def give_back(self, batch: Batch, *, wait: float = 0.0) -> Settled:
        """Release a claim of which nothing was sent."""
        item_outcomes = tuple(ItemOutcome(item.record, wait=wait) for item in batch.items)
        return self.settle(batch, BatchOutcome(item_outcomes, "refusal"), call=GIVEN_BACK)

    # waking ----------------------------------------------------------------------------------

    def job_started(self, destination: str) -> None:
        """Clear the marker of *destination*; call it before the outbox is read."""
        # A change that arrives in between queues one job too many; the other order would leave it
        # to the sweep.
        with guarded():
            self.steps.client.delete(keys.wake(destination))

    def wants_job(self, destination: str) -> bool:
        """Set the marker of *destination*; True: the caller must enqueue a job."""
        with guarded():
            key = keys.wake(destination)
            if clock.is_stale(self.steps.client, key, MARKER_MS):
                self.steps.client.delete(key)
            return bool(self.steps.client.set(key, 1, nx=True, px=MARKER_MS))

    def sweep(self, fetchers: Sequence[str] = ()) -> tuple[tuple[str, ...], float]:
        """
        Return the destinations that need a job, and the seconds until the next stored wake time;
        decide on held retirements whose delay has ended.

        *fetchers*: those of the mappings; `FETCHES` needs a job if one of them has something due.
        """
        destinations = [
            {
                "name": name,
                "collections": [c.name for c in self._settings.collections_of(name)],
                "publishes": destination.publish != "never",
            }
            for name, destination in self._settings.destinations.items()
        ]
        kept = {name: room_of(source) for name, source in self._settings.sources.items()}
        store, places = self._settings.store, self._settings.copies()
        request = {"destinations": destinations, "fetchers": list(fetchers), "kept": kept}
        request |= {"lives": store.lives, "undo": store.undo, "places": places}
        answer = self.steps.run("sweep", request | {"audit_most": audit.MOST})
        wake, held = list(answer["wake"] or ()), HeldDeletes(self.steps, self._settings)
        for collection in answer["held"] or ():
            wake += held.sweep(collection)
        return tuple(wake), answer["ms"] / 1000

    def slice(self) -> Slice:
        """Do the next slice of pending work."""
        return slicing.go_on(self.steps)

    # reading --------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Return the counters of P4, all from one moment."""
        with guarded():
            held = self.steps.client.hgetall(keys.COUNTS)
        return {name: int(held.get(name, 0)) for name in ("accepted", *FATES)}

    @property
    def _weak(self) -> bool:
        return self._settings.store.durability != "always"


def balanced(counts: dict[str, int]) -> bool:
    """Tell whether each accepted field value has exactly one fate (P4)."""
    return counts["accepted"] == sum(counts[fate] for fate in FATES)
