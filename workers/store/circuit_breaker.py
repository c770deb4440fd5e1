"""
Whether a destination or a collection may be written: the circuit breaker, pause and resume.

They are entries of `keys.destination` and `keys.collection` (``record_health.lua``). Three failures
in a row open the breaker; it probes every 5 s, later every 30 s, and after each probe lets one
request try: a GET that fails must not stop writes that need none.
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
    """
    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

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
    ) -> None:
        """
        Take in what an answer says of *destination*.

        Args:
            flight: The step that has landed.
            suspect: What failed is one item that had failed alone before.
        """
        self._run(
            {
                "destination": destination,
                "event": event,
                "reason": reason,
                "flight": flight,
                "suspect": suspect or None,
            }
        )

    def pause(self, name: str, reason: str, *, by: str = OPERATOR) -> None:
        """
        Send nothing more to the destination or collection *name*; what comes in is kept.

        Args:
            by: ``operator``, or the name of the budget whose token was refused.

        Raises:
            KeyError: There is no such destination or collection.
        """
        self._run({**self._place(name), "event": "pause", "reason": reason, "by": by})

    def resume(self, name: str) -> bool:
        """
        Let *name* be written again.

        Returns:
            Whether the caller is to enqueue a job for `destination_of` it.

        Raises:
            KeyError: There is no such destination or collection.
        """
        return self._run({**self._place(name), "event": "resume"})

    def destination_of(self, name: str) -> str:
        """Return the destination that *name*, a destination or a collection, belongs to."""
        return self._place(name)["destination"]

    def resume_renewed(self) -> list[str]:
        """
        Resume what was paused for a refused token, where the token is another one now.

        Returns:
            The destinations; the caller is to enqueue a job for each.
        """
        renewed = []
        for destination in self.settings.destinations.values():
            with guarded():
                by = self.steps.client.hget(keys.destination(destination.name), "by")
            if by and by not in (OPERATOR, destination.budget):
                self.resume(destination.name)
                renewed.append(destination.name)
        return renewed

    def _place(self, name: str) -> dict[str, str]:
        if name in self.settings.destinations:
            return {"destination": name}
        collection = self.settings.collections[name]
        return {"destination": collection.destination, "collection": name}

    def _run(self, request: dict[str, Any]) -> bool:
        return bool(self.steps.run("record_health", request)["wake"])
