"""The calls that came in: counts by route and status, and the latest ones in full."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 10_000  # calls


@dataclass(slots=True)
class Call:
    """
    One call of either API.

    Args:
        at: Seconds since 1970.
        items: Number of items in its body or path.
        status: None while it is open, 0 if the connection ended without an answer.
    """

    at: float
    route: str
    path: str
    items: int = 0
    status: int | None = None
    fault: str = "none"


class Calls:
    """All calls since the start, or since `clear`."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self.clear()

    def clear(self) -> None:
        self.routes: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.written = 0  # items
        self.last: float | None = None
        self._recent: deque[Call] = deque(maxlen=KEPT)

    def begin(self, route: str, path: str) -> Call:
        call = Call(self._now(), route, path)
        self.routes[route] += 1
        self.last = call.at
        self._recent.append(call)
        return call

    def end(self, call: Call, status: int) -> None:
        """Count the answer of a call; *status* 0: none."""
        call.status = status
        self.statuses[status] += 1

    def as_dict(self, recent: int = 0) -> dict[str, Any]:
        """Return the counts, and the *recent* latest calls, oldest first."""
        return {
            "total": self.routes.total(),
            "routes": dict(self.routes),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "rate_limited": self.statuses[429],
            "items_written": self.written,
            "last": self.last,
            "recent": [asdict(call) for call in list(self._recent)[-recent:]] if recent else [],
        }
