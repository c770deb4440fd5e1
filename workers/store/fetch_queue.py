"""
The queue of objects to fetch, named by notices. Every method is one Lua step (``fetch_queue.lua``).

At any moment asked = merged + done + dead + waiting: each notice is merged into one that waits, has
been read, or is a dead letter.
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

ATTEMPTS = 5  # failed reads before the notice becomes a dead letter
LEASE = 90.0  # s that a claim is held; a job ends well before
NOTHING_FETCHES = "nothing fetches what is due"
LEFT = 60.0  # s that objects may be due without a claim before status reports it
COUNTS = ("asked", "merged", "done", "dead")


@dataclass(frozen=True, slots=True)
class Claim:
    """One object to fetch now, held for `LEASE` seconds."""

    token: str
    fetcher: str
    source: str
    object: str
    n: int  # number of its newest notice
    version: str  # time of this claim: the state read is at least as new
    payload: Any  # of the newest notice
    id: str | None = None  # event id
    topic: str | None = None
    topics: tuple[str, ...] = ()  # of all its notices since the last read
    cursor: str | None = None  # returned by its last fetch
    attempts: int = 0  # failed ones
    failures: int = 0  # how often in a row the fetcher was unavailable
    lost: bool = False  # its last claim expired: the process died or hung
    more: bool = False  # further objects are due


class Fetches:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def claim(self, fetchers: Sequence[str]) -> Claim | Wait:
        """Claim the next object for one of *fetchers*, or return when to come back."""
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
        Return *claim* without a result.

        Args:
            kind: unavailable: the fetcher rests, which is no attempt; failed: an attempt; full: the
                store has no room for the object.
            rest: Seconds that the fetcher rests.
            wait: Seconds that only this object waits.
            asked: The system asked for the pause.

        Returns:
            ``resting``, ``later``, ``dead``, or ``lost``: the claim had expired.
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

        State *outage*: the fetcher rests after a failure; *waiting*: failed objects wait for their
        next attempt, or due ones are not fetched.
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
    # A claim takes the oldest, so a long backlog that is being worked on does not count.
    till = max(due[0][1] if due else now, float(held.get("claimed", 0)) / 1000)
    left = now - till > LEFT * 1000
    state = "outage" if outage else "waiting" if failing or left else "flowing"
    reason = NOTHING_FETCHES if left and not outage else held.get("reason", "")
    return {
        "state": state,
        "reason": "" if state == "flowing" else reason,
        "waiting": waiting,
        "oldest_seconds": round(max(0.0, now - oldest[0][1]) / 1000, 3) if oldest else 0.0,
        **{name: int(held.get(name, 0)) for name in COUNTS},
    }


def balanced(shown: dict[str, Any]) -> bool:
    """Tell whether each notice is accounted for once."""
    fates = (shown[name] for name in ("merged", "done", "dead", "waiting"))
    return bool(shown["asked"] == sum(fates))
