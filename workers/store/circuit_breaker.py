"""
The circuit breaker, pause and resume of destinations and collections.

State is in `keys.destination` and `keys.collection` (``record_health.lua``). Three failures in a
row open the breaker; it asks every 5 s, later every 30 s. After a good probe any request may try;
after a bad one the next to ask is a single batch: a failing GET must not stop writes that need
none.
"""

from __future__ import annotations

from typing import Any, Literal

from workers.config.settings import Settings
from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

Event = Literal["success", "refusal", "failure", "read", "probe-good", "probe-bad"]
OPERATOR = "operator"


class Breaker:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def record(
        self,
        destination: str,
        event: Event,
        *,
        reason: str = "",
        flight: str = "",
        suspect: bool = False,
        called: str = "",
    ) -> None:
        """
        Record an *event* of *destination*.

        Args:
            flight: Token of the request that has ended.
            suspect: An item failed that had failed alone before.
            called: The request that was answered, for the counters: `settlement.called`.
        """
        self._run(
            {
                "destination": destination,
                "event": event,
                "reason": reason,
                "flight": flight,
                "suspect": suspect or None,
                "called": called or None,
            }
        )

    def pause(
        self,
        name: str,
        reason: str,
        *,
        by: str = OPERATOR,
        who: str = "",
        seconds: float | None = None,
    ) -> None:
        """
        Send nothing more to the destination or collection *name*; new changes are stored.

        Args:
            by: ``operator``, or the budget of the refused token.
            who: The operator, as in the audit list.
            seconds: The sweep resumes it after that; None: never.

        Raises:
            KeyError: There is no such destination or collection.
        """
        self._run(
            {**self._place(name), "event": "pause", "reason": reason, "by": by}
            | {"who": who or None, "for_ms": seconds and round(1000 * seconds)}
        )

    def resume(self, name: str) -> bool:
        """
        Resume *name*; True if the caller must enqueue a job for `destination_of` it.

        Raises:
            KeyError: There is no such destination or collection.
        """
        return self._run({**self._place(name), "event": "resume"})

    def destination_of(self, name: str) -> str:
        """Return the destination of *name*, a destination or a collection."""
        return self._place(name)["destination"]

    def resume_renewed(self) -> list[str]:
        """
        Resume the destinations that were paused for a refused token and have a new one.

        Returns the destinations; the caller enqueues a job for each.
        """
        renewed = []
        for destination in self.settings.destinations.values():
            with guarded():
                by = self.steps.client.hget(keys.destination(destination.name), "by")
            if by and by not in (OPERATOR, destination.budget):
                self.resume(f"destination:{destination.name}")
                renewed.append(destination.name)
        return renewed

    def _place(self, name: str) -> dict[str, str]:
        """Return what *name* means: "destination:NAME", "collection:NAME" or NAME alone."""
        kind, _, name = name.rpartition(":")
        if name in self.settings.destinations and kind != "collection":
            return {"destination": name}
        collection = self.settings.collections[name]
        return {"destination": collection.destination, "collection": name}

    def _run(self, request: dict[str, Any]) -> bool:
        return bool(self.steps.run("record_health", request)["wake"])
