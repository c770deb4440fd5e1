"""
What a write-back tells of a record, and what the answer of its target means.

The target is at fault for what says nothing of a record (no answer, 408, 425, 429, 5xx): then it
rests as a whole and no attempt counts, unless others were told meanwhile
(``settle_writebacks.lua``).
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from workers.config.writeback import WriteBack
from workers.model.writeback import Told
from workers.model.writeback_attempts import Answer, Held, Owed
from workers.policy.backoff import backoff

BASE: Final = 2.0  # s: ceiling of the first wait
CAP: Final = 300.0  # s: longest wait of a record
REST: Final = 60.0  # s: longest rest of a target that is at fault
ASKED: Final = 3600.0  # s that its Retry-After may ask for
_RETIRED: Final = MappingProxyType(
    {"archive": "archived", "draft": "draft", "unpublish": "unpublished"}
)
_AWAY: Final = frozenset({408, 425, 429})
_CLOSED: Final = frozenset({401, 403, 410})


def told_of(target: WriteBack, owed: Owed) -> Told:
    """Return the message about *owed*; a repeat of it has the same id."""
    held = owed.held
    return Told(
        id=f"wb_{target.name}_{owed.sequence}",
        event=owed.event,
        collection=target.collection,
        key=owed.key,
        item=held.id,
        slug=held.slug or None,
        url=held.page,
        state=state_of(held),
        problem=held.problem,
        at=owed.at,
        sequence=owed.sequence,
    )


def state_of(held: Held) -> str:
    """Return how the item is in the CMS, as far as answers have shown it."""
    if held.id is None:
        return "deleted" if held.retired == "delete" else "none"
    flags, published, *_ = (*held.status.split("|"), "")
    # Also of one that was unpublished first: a creation that is undone is archived then.
    if "a" in flags:
        return "archived"
    if held.retired:
        return _RETIRED[held.retired]
    if "d" in flags:
        return "draft"
    return "live" if published and not held.staged else "staged"


def judge(target: WriteBack, status: int, text: str, retry_after: float | None) -> Answer:
    """
    Return what the answer of an HTTP target means.

    Args:
        text: The answer in a line, without secrets.
        retry_after: Seconds that it asks to wait.
    """
    message = f"write-back {target.name}: {text}"
    if 200 <= status < 300:
        return Answer("told", status=status)
    if status in _CLOSED or 300 <= status < 400:
        return Answer("unsent", message, status, pause=text)
    if status in _AWAY or status >= 500:
        return Answer(
            "away",
            message,
            status,
            rest=min(retry_after or 0.0, ASKED),
            asked=status in (429, 503) and retry_after is not None,
        )
    return Answer("failed", message, status)


def no_answer(target: WriteBack, reason: str, *, sent: bool) -> Answer:
    """Return what it means that no answer came; *sent*: it may have been told."""
    return Answer("away", f"write-back {target.name}: {reason}", sent=sent)


def refused(target: WriteBack, reason: str, code: str | None = None) -> Answer:
    """Return what it means that a database refuses the statement for a record."""
    return Answer("failed", f"write-back {target.name}: {reason}", code=code)


def closed(target: WriteBack, reason: str) -> Answer:
    """Return what it means that a database lets Instep not in."""
    return Answer("unsent", f"write-back {target.name}: {reason}", pause=reason)


def not_there(target: WriteBack) -> Answer:
    """Return what it means that a statement has changed no row."""
    reason = "the statement changed no row: the record is not there"
    return Answer("dead", f"write-back {target.name}: {reason}")


def given_up(target: WriteBack) -> Answer:
    """Return what it means that no attempt is left: the last ones had no answer to be seen."""
    reason = "no answer: the processes that told it ended, or were too slow"
    return Answer("dead", f"write-back {target.name}: {reason}")


def unfit(target: WriteBack, reason: str) -> Answer:
    """Return what it means that no message can be made of a record."""
    return Answer("dead", f"write-back {target.name}: {reason}")


def timed(answer: Answer, *, attempts: int, failures: int, spread: float) -> Answer:
    """
    Return *answer* with its waits.

    Args:
        attempts: Failed ones before this.
        failures: Of the target, in a row before this.
        spread: Random number in [0, 1).
    """
    if answer.outcome == "away":
        rest = answer.rest if answer.asked else _rest(failures, spread)
        wait = backoff(attempts + 1, base=BASE, cap=CAP, spread=spread)
        return replace(answer, rest=rest, wait=wait)
    if answer.outcome == "failed":
        return replace(answer, wait=backoff(attempts + 1, base=BASE, cap=CAP, spread=spread))
    return answer


def _rest(failures: int, spread: float) -> float:
    # Half of it at least: a target that is down is not asked again at once.
    return (0.5 + spread / 2) * min(REST, BASE * 2.0 ** min(failures, 10))
