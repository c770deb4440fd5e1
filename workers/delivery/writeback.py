"""
Tells elsewhere what became of records, as ``[writeback.NAME]`` asks.

In threads of a supervisor, one for each write-back and a few for its requests: a slow target takes
no worker from the CMS, and holds up no other. What is told was claimed in the store, so that a
process that is killed at any moment has another repeat it, with the same id.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from workers.config.alerts_schema import key_of
from workers.config.writeback import WriteBack
from workers.errors import (
    ConfigurationInvalid,
    OutgoingDenied,
    OutgoingError,
    OutgoingRefused,
    StoreUnavailable,
)
from workers.model.writeback import Told, body_for, url_for
from workers.model.writeback_attempts import Answer, Claim, Owed
from workers.outgoing import http_request
from workers.outgoing.http_request import Address, Reply
from workers.outgoing.message_signature import signed_headers
from workers.outgoing.sql_address import address
from workers.outgoing.sql_statement import SqlTarget
from workers.policy import writeback as policy
from workers.store.complaint import Complaint
from workers.store.writeback import WriteBacks

LOOK: Final = 0.5  # s between two looks, while nothing is due
AT_ONCE: Final = 4  # requests of one write-back
SECONDS: Final = 10.0  # that a target may take
# s after its claim in which a message may begin: what has begun ends well before the claim does
BEGIN: Final = 8.0

_log = logging.getLogger(__name__)
Send = Callable[[Told], Answer]


class Target(Protocol):
    """Where messages go."""

    at_once: int  # messages

    def opened(self) -> Any:
        """Return a context whose value sends a message; it raises OutgoingError."""


class HttpTarget:
    """*request*: as ``http_request.request``; *clock*: seconds since 1970."""

    at_once = AT_ONCE

    def __init__(
        self,
        own: WriteBack,
        request: Callable[..., Reply] = http_request.request,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._own = own
        self._request = request
        self._clock = clock

    @contextmanager
    def opened(self) -> Iterator[Send]:
        yield self._send

    def _send(self, told: Told) -> Answer:
        own = self._own
        try:
            where = Address(url_for(own.url or "", told))
        except ValueError as error:
            return policy.unfit(own, str(error))
        body = told.whole() if own.body is None else body_for(own.body, told)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        headers |= {"webhook-id": told.id, "idempotency-key": told.id}
        if own.secret:
            at = datetime.fromtimestamp(self._clock(), UTC)
            headers |= signed_headers(key_of(own.secret), told.id, body, now=at)
        reply = self._request(
            own.method,
            where,
            body=body,
            headers=headers | dict(own.headers),
            secrets=own.hidden,
            seconds=SECONDS,
        )
        text = f"{own.method} {where}: {reply}"
        return policy.judge(own, reply.status, text, reply.retry_after)


class DatabaseTarget:
    """A database, over one connection at a time."""

    at_once = 1

    def __init__(self, own: WriteBack) -> None:
        self._own = own

    @contextmanager
    def opened(self) -> Iterator[Send]:
        where = f"writeback.{self._own.name}.sql"
        # Filled in by the reader of the configuration: it has no variables any more.
        target = SqlTarget(address(self._own.sql or "", {}, where), self._own.statement or "")
        with target.connected() as connection:
            yield lambda told: self._tell(target, connection, told)

    def _tell(self, target: SqlTarget, connection: Any, told: Told) -> Answer:
        try:
            rows = target.execute(connection, told.values() | {"at": told.at})
        except OutgoingRefused as error:
            return policy.refused(self._own, str(error), error.code)
        return Answer("told") if rows else policy.not_there(self._own)


def target_of(own: WriteBack) -> Target:
    return HttpTarget(own) if own.url else DatabaseTarget(own)


class Teller:
    """
    Carries out one write-back.

    Args:
        target: By default that of *own*.
        spread: Returns random numbers in [0, 1); *ticks*: monotonic seconds.
    """

    def __init__(
        self,
        store: WriteBacks,
        own: WriteBack,
        *,
        target: Target | None = None,
        spread: Callable[[], float] = random.random,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._own = own
        self._target = target or target_of(own)
        self._spread = spread
        self._ticks = ticks

    def step(self, ends: Callable[[], bool] = lambda: False) -> float | None:
        """
        Tell what is due; return the seconds until there may be more, None: nothing waits.

        *ends*: whether no further message is to begin.

        Raises:
            StoreUnavailable: The store did not answer; what was told is told again.
        """
        begin_by = self._ticks() + BEGIN
        claim = self._store.claim(self._own)
        if not claim.token:
            return claim.seconds
        answers = self._tell(claim, lambda: ends() or self._ticks() > begin_by)
        failures = self._store.failures(self._own) if _is_away(answers) else 0
        timed = {
            each.record: policy.timed(
                answers[each.record],
                attempts=each.attempts,
                failures=failures,
                spread=self._spread(),
            )
            for each in claim.owed
        }
        told = self._store.settle(self._own, claim, timed)
        self._log(claim, timed, told)
        return 0.0

    def _tell(self, claim: Claim, ends: Callable[[], bool]) -> dict[str, Answer]:
        try:
            with self._target.opened() as send:
                return self._send_all(send, claim, ends)
        except OutgoingDenied as error:
            answer = policy.closed(self._own, str(error))
        except (OutgoingError, ConfigurationInvalid) as error:
            answer = policy.no_answer(self._own, str(error), sent=False)
        return {each.record: answer for each in claim.owed}

    def _send_all(self, send: Send, claim: Claim, ends: Callable[[], bool]) -> dict[str, Answer]:
        stopped = threading.Event()

        def one(owed: Owed) -> Answer:
            # After an answer that speaks of the target no other is asked for.
            if stopped.is_set() or ends():
                return Answer("unsent")
            if owed.attempts >= self._own.attempts:
                return policy.given_up(self._own)
            answer = self._one(send, owed)
            if answer.pause or answer.outcome == "away":
                stopped.set()
            return answer

        if self._target.at_once == 1 or len(claim.owed) == 1:
            return {each.record: one(each) for each in claim.owed}
        with ThreadPoolExecutor(self._target.at_once) as pool:
            return dict(zip([e.record for e in claim.owed], pool.map(one, claim.owed), strict=True))

    def _one(self, send: Send, owed: Owed) -> Answer:
        try:
            return send(policy.told_of(self._own, owed))
        except OutgoingDenied as error:
            return policy.closed(self._own, str(error))
        except OutgoingError as error:
            return policy.no_answer(self._own, str(error), sent=error.sent)

    def _log(self, claim: Claim, answers: dict[str, Answer], told: int) -> None:
        failed = [each for each in answers.values() if each.outcome not in ("told", "unsent")]
        extra = {"writeback": self._own.name, "told": told, "records": len(claim.owed)}
        if failed:
            _log.warning("not written back", extra=extra | {"reason": failed[0].message})
        else:
            _log.info("written back", extra=extra)


def _is_away(answers: dict[str, Answer]) -> bool:
    return any(each.outcome == "away" for each in answers.values())


def tell_forever(
    tellers: dict[str, Teller],
    stop: threading.Event,
    *,
    sound: Callable[[], None] = lambda: None,
) -> None:
    """
    Tell what is due until *stop*.

    *sound*: raises StoreUnavailable if the store is not safe enough to claim anything.
    """
    threads = [
        threading.Thread(
            target=_tell, args=(each, stop, sound), name=f"write-back {n}", daemon=True
        )
        for n, each in tellers.items()
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(1.0):
        pass
    for thread in threads:
        thread.join(SECONDS)


def _tell(teller: Teller, stop: threading.Event, sound: Callable[[], None]) -> None:
    away = Complaint(_log, "write-back without the store")
    wait = 0.0
    while not stop.wait(wait):
        try:
            sound()
            seconds = teller.step(stop.is_set)
            wait = LOOK if seconds is None else min(LOOK, seconds)
            away.over()
        except StoreUnavailable as error:
            away.tell(str(error))
            wait = 1.0
        except Exception:
            # The claim runs out, and counts as an attempt: one record never stops the others.
            _log.exception("write-back failed")
            wait = 1.0
