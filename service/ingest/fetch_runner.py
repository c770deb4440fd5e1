"""
One step of the fetch queue: claim an object → read it → map it → accept, in a job of its own.

The read is held to a claim: where that ran out and another took over, nothing of it is kept. What
an exception of a fetcher says:

| Raised | Means |
|---|---|
| ``FetchUnavailable``; no answer; 401, 403, 429, 5xx | the fetcher rests; objects do not suffer |
| ``FetchRefused``; another 4xx; anything else | an attempt at the object, of five |
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import requests

from service.fetchers.base import Fetched, Notice
from service.ingest.event_mapper import FETCHER, TOPICS, VERSION, Reader
from service.mapping.display import plain
from service.mapping.load import Mappings
from service.senders.payload import parse_json
from workers.delivery.context import Parts
from workers.errors import FetchError, FetchUnavailable, StoreUnavailable
from workers.model.attempts import Wait
from workers.model.changes import Delivery, Incoming, Landing
from workers.policy.backoff import backoff
from workers.store.acceptance import Accepted
from workers.store.fetch_queue import ATTEMPTS, LEASE, Claim
from workers.store.slicing import MOST, size_of

HUNG: Final = LEASE - 10.0  # s
SHORTEST_REST: Final = 1.0  # s, where a system says "at once" and does not answer
LONGEST_REST: Final = 3600.0  # s that a fetcher is left alone; a Retry-After beyond is a mistake
MOST_BYTES: Final = 32 * 1024 * 1024  # of what one fetch returns, as JSON
MOST_PAYLOADS: Final = 10_000
LONGEST_CURSOR: Final = 4096  # characters
NO_ROOM: Final = 30.0  # s, and up to twice that: until a store without room is tried again
THROTTLED: Final = 10.0  # s after a 429 that does not say for how long

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What came instead of a result; *rest*: the system said for how many seconds."""

    reason: str
    unavailable: bool = False
    rest: float | None = None


class Runner:
    """
    Carries out fetches, in one thread.

    Args:
        parts: The store's side.
        mappings: With the fetchers that they name.
        hung: Called in a thread when a fetcher has not returned after `HUNG` seconds.
        spread: Returns a random number in [0, 1), for the jitter of backoffs.
    """

    def __init__(
        self,
        parts: Parts,
        mappings: Mappings,
        *,
        hung: Callable[[], None] = lambda: None,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._parts = parts
        self._fetchers = mappings.fetchers
        self._reader = Reader({}, mappings)
        self._hung = hung
        self._spread = spread

    def step(self, more: Callable[[], object]) -> Wait | None:
        """
        Fetch one object.

        Args:
            more: Called before the object is read, while others are due.

        Returns:
            None once it is done; a Wait where nothing is due.

        Raises:
            StoreUnavailable: The claim runs out, and the object is due again.
        """
        self._parts.outbox.check_room()  # before anything is read that could not be kept
        claim = self._parts.fetches.claim(tuple(self._fetchers))
        if isinstance(claim, Wait):
            return claim
        if claim.more:
            with contextlib.suppress(StoreUnavailable):
                more()
        begun = time.monotonic()
        result = self._read(claim)
        if isinstance(result, Fetched):
            values = self._keep(claim, result)
        else:
            values = {"outcome": self._give_up(claim, result), "reason": result.reason}
        seconds = round(time.monotonic() - begun, 3)
        _log.info("fetch", extra={**_about(claim), "seconds": seconds, **values})
        return None

    def _read(self, claim: Claim) -> Fetched | Failure:
        if claim.lost and claim.attempts >= ATTEMPTS:
            return Failure(f"the process ended or hung {claim.attempts} times while it was read")
        notice = Notice(claim.object, claim.payload, claim.id, claim.topic, claim.cursor)
        # The end of a job's time is raised in the fetcher, which may catch it and go on.
        watch = threading.Timer(HUNG, self._hung)
        watch.daemon = True
        watch.start()
        try:
            return checked(self._fetchers[claim.fetcher](notice), claim.cursor)
        # Fetchers are the user's code.
        except Exception as error:
            known = self._parts.settings.fetchers.get(claim.fetcher)
            return failure(error, known.token if known else "", claim)
        finally:
            watch.cancel()

    def _keep(self, claim: Claim, result: Fetched) -> dict[str, Any]:
        """
        Accept what was read, and return what became of it.

        In parts, none of which keeps the store for long; the last one closes the claim. Where it
        is never reached, all is read once more from the old cursor.
        """
        events = tuple(self._map(claim, payload) for payload in result.payloads)
        said: dict[str, Any] = {"payloads": len(events), "field_values": 0, "problems": 0}
        parts = list(_parts(events))
        for n, part in enumerate(parts, 1):
            accepted = self._accept(claim, result, part, last=n == len(parts))
            said["outcome"] = accepted.outcome
            said["field_values"] += accepted.accepted
            said["problems"] += accepted.letters
            if accepted.outcome != "kept":
                break
        return said

    def _map(self, claim: Claim, payload: Any) -> Incoming:
        read = self._reader.fetched(
            claim.source,
            claim.fetcher,
            claim.topics,
            payload,
            version=claim.version,
            topic=claim.topic,
        )
        return read.events[0]

    def _accept(
        self, claim: Claim, result: Fetched, events: tuple[Incoming, ...], *, last: bool
    ) -> Accepted:
        landing = Landing(
            claim.fetcher, claim.object, claim.token, claim.n, result.cursor, result.more, last
        )
        topics = json.dumps(claim.topics)
        delivery = Delivery(
            source=claim.source,
            token=uuid4().hex,
            events=events,
            headers={FETCHER: claim.fetcher, TOPICS: topics, VERSION: claim.version},
            mode="fetched",
            landing=landing,
        )
        try:
            accepted = self._parts.outbox.accept(delivery)
        except StoreUnavailable as error:
            # It may be full, and still take this.
            self._put_off(claim, str(error))
            raise
        for destination in accepted.wake:
            self._parts.wakes.wake(destination)
        return accepted

    def _put_off(self, claim: Claim, reason: str) -> None:
        wait = NO_ROOM * (1 + self._spread())
        self._parts.fetches.failed(claim, plain(reason), kind="full", wait=wait)

    def _give_up(self, claim: Claim, failed: Failure) -> str:
        spread = self._spread()
        if failed.rest is None:
            rest = backoff(claim.failures + 1, base=2.0, cap=60.0, spread=spread)
        else:
            rest = min(max(failed.rest, SHORTEST_REST), LONGEST_REST)
        return self._parts.fetches.failed(
            claim,
            failed.reason,
            kind="unavailable" if failed.unavailable else "failed",
            rest=rest,
            wait=backoff(claim.attempts + 1, base=2.0, cap=300.0, spread=spread),
            asked=failed.rest is not None,
        )


def _about(claim: Claim) -> dict[str, Any]:
    return {"fetcher": claim.fetcher, "source": claim.source, "object": claim.object}


def checked(result: Any, cursor: str | None) -> Fetched:
    """
    Return what a fetcher returned as `Fetched`, its payloads as any that came as JSON.

    Args:
        cursor: That it was given.

    Raises:
        ValueError, TypeError: It is nothing that can be kept, or more than can be.
    """
    if result is None:
        raise ValueError("it returned None: return the payload, or Fetched(()) where nothing is")
    found = result if isinstance(result, Fetched) else Fetched((result,))
    if len(found.payloads) > MOST_PAYLOADS:
        raise ValueError(f"it returned {len(found.payloads)} payloads, more than {MOST_PAYLOADS}")
    if found.cursor is not None and not isinstance(found.cursor, str):
        raise TypeError(f"its cursor is {type(found.cursor).__name__}, no text")
    if len(found.cursor or "") > LONGEST_CURSOR:
        raise ValueError(f"its cursor is longer than {LONGEST_CURSOR} characters")
    if found.more and found.cursor in (None, cursor):
        raise ValueError("it has more to read, but its cursor is where it was")
    texts = [json.dumps(payload).encode() for payload in found.payloads]
    if sum(map(len, texts)) > MOST_BYTES:
        raise ValueError(f"it returned more than {MOST_BYTES} bytes of JSON")
    return replace(found, payloads=tuple(map(parse_json, texts)), more=bool(found.more))


def failure(error: Exception, token: str, claim: Claim) -> Failure:
    """Return what *error* of a fetcher means; *token*, if there is one, is not in its words."""
    found = _failure(error)
    if found is None:
        quoted = bool(token) and token in str(error)  # a traceback repeats the error's words
        _log.error("fetcher failed", exc_info=None if quoted else error, extra=_about(claim))
        found = Failure(f"{type(error).__name__}: {error}")
    words = found.reason.replace(token, "***") if token else found.reason
    return replace(found, reason=plain(words))


def _failure(error: Exception) -> Failure | None:
    """Return the meaning of what is known to happen; None: a mistake in the fetcher, or another."""
    if isinstance(error, FetchUnavailable):
        return Failure(str(error) or "not available", unavailable=True, rest=error.retry_after)
    if isinstance(error, FetchError):
        return Failure(str(error) or "refused")
    answer = getattr(error, "response", None)
    status = getattr(answer, "status_code", None)
    if isinstance(status, int):
        return _answered(status, getattr(answer, "headers", {}))
    # An address that cannot be, or an answer that is no JSON, says nothing of other objects.
    own = isinstance(error, ValueError | requests.TooManyRedirects)
    if isinstance(error, requests.RequestException) and not own:
        return Failure(f"no answer: {type(error).__name__}", unavailable=True)
    if isinstance(error, ConnectionError | TimeoutError):
        return Failure(f"no answer: {type(error).__name__}", unavailable=True)
    return None


def _answered(status: int, headers: Any) -> Failure:
    if status < 500 and status not in (401, 403, 429):
        return Failure(f"the answer {status}")
    seconds = str(headers.get("Retry-After", ""))
    rest = float(seconds) if seconds.isascii() and seconds.isdigit() else None
    if status == 429 and rest is None:
        rest = THROTTLED
    return Failure(f"the answer {status}", unavailable=True, rest=rest)


def _parts(events: tuple[Incoming, ...]) -> Iterator[tuple[Incoming, ...]]:
    """Yield *events* as many at a time as one step takes; one part where there are none."""
    first = size = 0
    for n, event in enumerate(events):
        more = size_of((len(change.fields) for change in event.changes), len(event.left))
        if n > first and size + more > MOST:
            yield events[first:n]
            first, size = n, 0
        size += more
    yield events[first:]
