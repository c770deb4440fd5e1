"""
One step of the fetch queue: claim an object → read it → map it → accept, in a job of its own.

A read is bound to its claim: if the claim ran out and another job took over, the result is dropped.
The exceptions of a fetcher:

| Raised | Means |
|---|---|
| ``FetchUnavailable``; no answer; 401, 403, 429, 5xx | the fetcher rests; not an attempt |
| ``FetchRefused``; another 4xx; anything else | one of five attempts at the object |
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
from service.ingest.event_log import log_unmapped
from service.ingest.event_mapper import FETCHER, TOPICS, VERSION, Reader
from service.mapping.display import plain
from service.mapping.load import Mappings
from service.senders.payload import parse_json
from workers.delivery.context import Context
from workers.errors import FetchError, FetchUnavailable, StoreUnavailable
from workers.model.attempts import Wait
from workers.model.changes import Delivery, Incoming, Landing
from workers.policy.backoff import backoff
from workers.store.acceptance import Accepted
from workers.store.fetch_queue import ATTEMPTS, LEASE, Claim
from workers.store.slicing import MOST, size_of

HUNG: Final = LEASE - 10.0  # s
SHORTEST_REST: Final = 1.0  # s, for a Retry-After of 0 from a system that does not answer
LONGEST_REST: Final = 3600.0  # s that a fetcher rests; a longer Retry-After is a mistake
MOST_BYTES: Final = 32 * 1024 * 1024  # size of one fetch's result, as JSON
MOST_PAYLOADS: Final = 10_000
LONGEST_CURSOR: Final = 4096  # characters
NO_ROOM: Final = 30.0  # s, and up to twice that, until a full store is tried again
THROTTLED: Final = 10.0  # s after a 429 without a Retry-After

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result; *rest*: seconds that the system asked for."""

    reason: str
    unavailable: bool = False
    rest: float | None = None


class Runner:
    """
    Carries out fetches, in one thread.

    Args:
        hung: Called in another thread if a fetcher has not returned after `HUNG` seconds.
        spread: Returns a random number in [0, 1), for the jitter of backoffs.
    """

    def __init__(
        self,
        context: Context,
        mappings: Mappings,
        *,
        hung: Callable[[], None] = lambda: None,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._context = context
        self._fetchers = mappings.fetchers
        self._reader = Reader({}, mappings)
        self._hung = hung
        self._spread = spread

    def step(self, more: Callable[[], object]) -> Wait | None:
        """
        Fetch one object; return a Wait if none is due.

        Args:
            more: Called before the object is read if others are due.

        Raises:
            StoreUnavailable: The object is due again when its claim runs out.
        """
        self._context.outbox.check_room()  # before anything is read that could not be kept
        claim = self._context.fetches.claim(tuple(self._fetchers))
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
        # The timeout of the job is raised inside the fetcher, which may catch it and go on.
        watch = threading.Timer(HUNG, self._hung)
        watch.daemon = True
        watch.start()
        try:
            return checked(self._fetchers[claim.fetcher](notice), claim.cursor)
        # Fetchers are the user's code.
        except Exception as error:
            known = self._context.settings.fetchers.get(claim.fetcher)
            return failure(error, known.token if known else "", claim)
        finally:
            watch.cancel()

    def _keep(self, claim: Claim, result: Fetched) -> dict[str, Any]:
        """
        Accept the result in parts that occupy the store only briefly; return the outcome.

        The last part closes the claim. If that is never reached, everything is read again from the
        old cursor.
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
            accepted = self._context.outbox.accept(delivery)
        except StoreUnavailable as error:
            # It may be full, and still take this.
            self._put_off(claim, str(error))
            raise
        log_unmapped(delivery, accepted)
        for destination in accepted.wake:
            self._context.wakes.wake(destination)
        return accepted

    def _put_off(self, claim: Claim, reason: str) -> None:
        wait = NO_ROOM * (1 + self._spread())
        self._context.fetches.failed(claim, plain(reason), kind="full", wait=wait)

    def _give_up(self, claim: Claim, failed: Failure) -> str:
        spread = self._spread()
        if failed.rest is None:
            rest = backoff(claim.failures + 1, base=2.0, cap=60.0, spread=spread)
        else:
            rest = min(max(failed.rest, SHORTEST_REST), LONGEST_REST)
        return self._context.fetches.failed(
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
    Return the result of a fetcher as `Fetched`, its payloads as if they had come as JSON.

    Args:
        cursor: The one that the fetcher was given.

    Raises:
        ValueError, TypeError: It cannot be kept, or is too large.
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
    """Return the meaning of a fetcher's *error*, with *token* masked."""
    found = _failure(error)
    if found is None:
        quoted = bool(token) and token in str(error)  # a traceback repeats the message
        _log.error("fetcher failed", exc_info=None if quoted else error, extra=_about(claim))
        found = Failure(f"{type(error).__name__}: {error}")
    words = found.reason.replace(token, "***") if token else found.reason
    return replace(found, reason=plain(words))


def _failure(error: Exception) -> Failure | None:
    """Return the meaning of an expected error; None: any other, such as a bug in the fetcher."""
    if isinstance(error, FetchUnavailable):
        return Failure(str(error) or "not available", unavailable=True, rest=error.retry_after)
    if isinstance(error, FetchError):
        return Failure(str(error) or "refused")
    answer = getattr(error, "response", None)
    status = getattr(answer, "status_code", None)
    if isinstance(status, int):
        return _answered(status, getattr(answer, "headers", {}))
    # A bad URL, or an answer that is not JSON, says nothing about other objects.
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
    """Yield *events* in groups that fit one step; one empty group if there are none."""
    first = size = 0
    for n, event in enumerate(events):
        more = size_of((len(change.fields) for change in event.changes), len(event.left))
        if n > first and size + more > MOST:
            yield events[first:n]
            first, size = n, 0
        size += more
    yield events[first:]
