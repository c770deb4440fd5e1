"""The values of a write-back that its claim returns and its settle takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from workers.model.writeback import Event

Outcome = Literal["told", "failed", "dead", "away", "unsent"]


@dataclass(frozen=True, slots=True)
class Held:
    """
    What the store holds of a record.

    Args:
        id: Of its item; None: it has none.
        slug: As last written or answered; "": not known.
        status: Of its item, see `workers.model.item_status`.
        staged: Only its staged copy is written.
        retired: How it was retired, as `workers.config.settings.RETIREMENTS`; "": it was not.
        page: Where its live page is; None: it has none, or it is not known.
        problem: Of its newest dead letter; None: it has none.
    """

    id: str | None
    slug: str = ""
    status: str = ""
    staged: bool = False
    retired: str = ""
    page: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """
    A claimed record of which something is to be told.

    Args:
        key: As its source wrote it.
        sequence: Of the event; rises.
        at: When the event happened.
        attempts: That failed, or had no answer.
    """

    record: str
    key: str
    event: Event
    sequence: int
    at: datetime
    attempts: int
    held: Held


@dataclass(frozen=True, slots=True)
class Claim:
    """
    What is to be told now.

    Args:
        token: Of the claim; "": nothing is to be told now.
        seconds: Until there may be something; None: nothing waits.
    """

    token: str = ""
    owed: tuple[Owed, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What became of one message.

    Args:
        outcome: told; failed: an attempt; dead: no attempt helps; away: the target is at fault;
            unsent: nothing was told.
        wait: Seconds until the next attempt, if it counts as one.
        rest: Seconds that the target rests; *asked*: it has asked for that.
        pause: Why nothing more is to be told there; None: more is.
        sent: Something of it may have reached the target: it may be this record that it cannot
            answer.
    """

    outcome: Outcome
    message: str = ""
    status: int | None = None
    code: str | None = None
    wait: float = 0.0
    rest: float = 0.0
    asked: bool = False
    pause: str | None = None
    sent: bool = True
