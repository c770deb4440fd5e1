"""
The rate limit budget: one per token, shared by all processes, destinations and kinds of request.

A claim takes its slot in its own step (``rate_limiter.lua``); this is for requests without one.
https://developers.webflow.com/data/reference/rate-limits
"""

from __future__ import annotations

import uuid
from typing import Any

from workers.config.settings import Destination
from workers.model.changes import Lane
from workers.store.scripts import Steps
from workers.store.settlement import rate_told


class Limiter:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def take(self, destination: Destination, lane: Lane = "live") -> float:
        """
        Take a slot and return 0.0, or the seconds after which to try again.

        A *lane* below live leaves the burst to live changes.
        """
        return float(self._run("acquire_slot", destination, lane)["ms"]) / 1000

    def give_back(self, destination: Destination) -> None:
        """Return the slot of a claim of which nothing was sent."""
        self._run("release_slot", destination, "live")

    def _run(self, step: str, destination: Destination, lane: Lane) -> dict[str, Any]:
        return self.steps.run(
            step,
            {
                "token": uuid.uuid4().hex,
                "destination": destination.name,
                "budget": destination.budget,
                "limit": destination.requests_per_minute,
                "lane": lane,
            },
        )

    def learn(
        self,
        destination: Destination,
        *,
        limit: int | None,
        remaining: int | None,
        age: float,
        close: float | None = None,
        called: str = "",
    ) -> None:
        """
        Record the rate headers of an answer.

        Args:
            limit: ``X-RateLimit-Limit``.
            remaining: ``X-RateLimit-Remaining``.
            age: Seconds since the request was sent.
            close: Seconds without further requests; 0: until the window ends; None: budget not
                spent.
            called: The request, for the counters (`settlement.called`), if it is counted by this.
        """
        told = rate_told(destination, limit, remaining, age, close, called=called)
        if told is not None:
            told |= {"destination": destination.name, "called": called or None}
            self.steps.run("learn_rate_limit", told)
