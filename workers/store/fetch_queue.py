"""
Objects that notices named and that are to be fetched: which waits, who reads it, what became of it.

Every method is one Lua step (``fetch_queue.lua``).

asked = merged + done + dead + waiting, at any moment: each notice that asks for an object is merged
into one that waits, read, or a dead letter.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from workers.config.settings import Settings
from workers.model.attempts import Wait
from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

ATTEMPTS = 5  # of one object that cannot be read, before its notice is a dead letter
LEASE = 90.0  # s that a claim holds; a job ends well before
LEFT = 60.0  # s that an object is due and nobody claims one, before status says so
COUNTS = ("asked", "merged", "done", "dead")


@dataclass(frozen=True, slots=True)
class Claim:
    """
    One object that is to be fetched now, held for `LEASE` seconds.

    Args:
        n: Number of its newest notice.
        version: Of what is read: the time of this claim, and the state read is as new at least.
        payload: Of the newest notice.
        id: Its event id.
        topic: Its topic.
        topics: Of all its notices since it was last read.
        cursor: What its last fetch returned.
        attempts: That failed, counted so far.
        failures: How often in a row the fetcher was unavailable.
        lost: Its last claim ran out: the process ended, or hung.
        more: Other objects are due as well.
    """

    token: str
    fetcher: str
    source: str
    object: str
    n: int
    version: str
    payload: Any
    id: str | None = None
    topic: str | None = None
    topics: tuple[str, ...] = ()
    cursor: str | None = None
    attempts: int = 0
    failures: int = 0
    lost: bool = False
    more: bool = False


class Fetches:
    """
    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def claim(self, fetchers: Sequence[str]) -> Claim | Wait:
        """Return the next object that one of *fetchers* is to read, or when to come back."""
        token = uuid.uuid4().hex
        request = {"token": token, "fetchers": list(fetchers), "lease_ms": int(LEASE * 1000)}
        answer = self.steps.run("claim_fetch", request)
        if "fetcher" not in answer:
            ms = answer["ms"]
            return Wait(None if ms is False else ms / 1000)
        payload = json.loads(answer.pop("payload"))
        topics = tuple(answer.pop("topics") or ())
        return Claim(token=token, payload=payload, topics=topics, **answer)

    def failed(
        self,
        claim: Claim,
        reason: str,
        *,
        kind: Literal["unavailable", "failed", "full"],
        rest: float = 0.0,
        wait: float = 0.0,
        asked: bool = False,
    ) -> str:
        """
        Give *claim* back without a result.

        Args:
            kind: unavailable: the fetcher rests, and nothing is held against the object; failed:
                an attempt at it; full: there was no room for what was read.
            rest: Seconds that the fetcher rests.
            wait: Seconds that this object alone waits.
            asked: The system itself said how long it is to be left alone.

        Returns:
            ``resting``, ``later``, ``dead``, or ``lost``: the claim had run out.
        """
        answer = self.steps.run(
            "fail_fetch",
            {
                "token": uuid.uuid4().hex,
                "claim": claim.token,
                "n": claim.n,
                "fetcher": claim.fetcher,
                "source": claim.source,
                "object": claim.object,
                "kind": kind,
                "rest_ms": int(rest * 1000),
                "wait_ms": int(wait * 1000),
                "asked": asked,
                "attempts": ATTEMPTS,
                "problems": [{"path": "fetch", "message": f"{claim.object}: {reason}"}],
                "reason": reason,
            },
        )
        return str(answer["outcome"])

    def status(self) -> dict[str, dict[str, Any]]:
        """
        Return ``{NAME: {state, reason, waiting, oldest_seconds, asked, merged, done, dead}}``.

        *outage*: the fetcher rests after a failure; *waiting*: objects that failed wait for their
        next attempt, or nothing fetches what is due.
        """
        client = self.steps.client
        with guarded():
            names = sorted({*self.settings.fetchers, *map(str, client.smembers(keys.FETCHERS))})
            with client.pipeline(transaction=True) as pipeline:
                pipeline.time()
                pipeline.get(keys.CLOCK)
                for name in names:
                    pipeline.hgetall(keys.fetcher(name))
                    pipeline.zcard(keys.fetches(name, "waiting"))
                    pipeline.zrange(keys.fetches(name, "waiting"), 0, 0, withscores=True)
                    pipeline.scard(keys.fetches(name, "failing"))
                    pipeline.zrange(keys.fetches(name), 0, 0, withscores=True)
                found = iter(pipeline.execute())
        seconds, micros = next(found)
        now = (int(seconds) + int(micros) / 1e6) * 1000 + self.steps.clock_offset_ms
        now += clock.behind_ms(next(found))
        return {name: _shown(*islice(found, 5), now=now) for name in names}


def _shown(
    held: dict[str, str],
    waiting: int,
    oldest: list[tuple[str, float]],
    failing: int,
    due: list[tuple[str, float]],
    *,
    now: float,
) -> dict[str, Any]:
    outage = int(held.get("failures", 0)) > 0 and waiting > 0
    # Since a claim takes the first that is due, a long backlog does not look like this.
    till = max(due[0][1] if due else now, float(held.get("claimed", 0)) / 1000)
    left = now - till > LEFT * 1000
    state = "outage" if outage else "waiting" if failing or left else "flowing"
    reason = "nothing fetches what is due" if left and not outage else held.get("reason", "")
    return {
        "state": state,
        "reason": "" if state == "flowing" else reason,
        "waiting": waiting,
        "oldest_seconds": round(max(0.0, now - oldest[0][1]) / 1000, 3) if oldest else 0.0,
        **{name: int(held.get(name, 0)) for name in COUNTS},
    }


def balanced(shown: dict[str, Any]) -> bool:
    """Whether each notice that a fetcher was asked by has exactly one fate."""
    fates = (shown[name] for name in ("merged", "done", "dead", "waiting"))
    return bool(shown["asked"] == sum(fates))
