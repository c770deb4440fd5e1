"""The scenes of the day: what goes wrong, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.demo.processes import SandboxSite
from service.demo.simulation import REFUSED_AT
from service.demo.status_client import StatusClient

DOWN = 0.13  # share of the day for which the CMS is down
RETRY_AFTER = 3  # s in the CMS's Retry-After

_CALLS = {"v1": "each product once, however often it changed", "v2": "up to 100 products a call"}
_REFUSES = {"v1": "", "v2": ", and its whole batch with it"}


@dataclass(frozen=True, slots=True)
class Scene:
    """
    One failure, or one remark.

    Args:
        at: Start, as a share of the day.
        act: Triggers it.
        lasts: Duration, as a share of the day.
    """

    at: float
    message: str
    act: Callable[[], object] | None = None
    lasts: float = 0.08


def scenes(site: SandboxSite, system: StatusClient, seconds: float, api: str) -> Sequence[Scene]:
    """Return the scenes of a day of *seconds*, in order."""
    down = max(2.0, DOWN * seconds)
    return (
        Scene(0.0, "The shop opens. Three systems report whatever changes, all signed."),
        Scene(0.12, "They repeat themselves, and send old news after new. That never stops."),
        Scene(
            0.28,
            f"The CMS answers 429: too many requests, come back in {RETRY_AFTER} s.",
            lambda: site.refuse(fault="status", status=429, retry_after=RETRY_AFTER),
        ),
        Scene(
            0.42,
            f"The CMS is down: it answers 503 for {down:.0f} s. The webhooks go on.",
            lambda: site.refuse(fault="status", status=503, seconds=down),
            DOWN,
        ),
        Scene(0.56, f"The CMS is back. What has waited goes out, {_CALLS[api]}."),
        Scene(
            0.66,
            "kill -9 of a worker. The other goes on, and a new one is started.",
            system.kill_worker,
        ),
        Scene(REFUSED_AT, f"A price below zero. The CMS refuses it{_REFUSES[api]}."),
        Scene(0.9, "Instep finds the one bad value; everything beside it arrives.", lasts=0.1),
    )


class Scenario:
    """Plays *scenes* when they are due."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._coming = list(scenes)
        self._now: Scene | None = None

    def play(self, at: float) -> str | None:
        """Play the next scene if it is due at *at*, a share of the day; return its text."""
        if self._now and at > self._now.at + self._now.lasts:
            self._now = None
        if not self._coming or self._coming[0].at > at:
            return None
        self._now = self._coming.pop(0)
        if self._now.act:
            self._now.act()
        return self._now.message

    @property
    def message(self) -> str:
        return self._now.message if self._now else ""
