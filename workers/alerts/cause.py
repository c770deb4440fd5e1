"""Something that an operator wants to hear of, as it was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One thing that is wrong.

    Args:
        kind: One of ``workers.config.settings.ALERT_KINDS``.
        name: Stays the same as long as it lasts, such as "destination site: paused".
        since: When it began; None: unknown.
        reason: Why, in a sentence; it may hold words of the CMS.
        means: What that means for the site.
        do: The next step, as an imperative.
        figures: Numbers whose change is worth an update.
        parts: Names of what it consists of; a new one is news.
        after: Seconds that it must have lasted before it is reported.
    """

    kind: str
    name: str
    since: datetime | None = None
    reason: str = ""
    means: str = ""
    do: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """
    What was observed at one moment.

    Args:
        causes: All that is wrong.
        received: Source → deliveries that it has sent so far; those that are not to be judged by
            their silence now are in *excused*.
        well: Deliveries are kept, and a worker is alive.
    """

    causes: tuple[Cause, ...] = ()
    received: Mapping[str, int] = field(default_factory=dict)
    excused: frozenset[str] = frozenset()
    well: bool = False
