"""
What an answer of the CMS means for the items of a batch: one table, one function. Pure.

No item is condemned by the answer to a batch: it dies only by an answer to a request that carried
it alone, and for a 5xx or a timeout only while the destination is otherwise healthy. So an outage
kills nothing.

https://developers.webflow.com/data/reference/error-handling
https://developers.webflow.com/data/v1.0.0/reference/errors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal

from workers import creations, retirements, verdicts
from workers.answers import Answer
from workers.errors import DestinationError
from workers.settings import Collection, Destination
from workers.steps import Batch, ClaimedItem, Judgement, Verdict
from workers.verdicts import Case
from workers.waits import backoff as backoff

LONGEST_CLOSURE = 3600.0  # s: a Retry-After beyond that is a mistake


class Action(Enum):
    """What is done about an answer."""

    SETTLE = auto()  # compare field by field; what shows is written
    REFUSE = auto()  # alone: the named fields die; in a batch: isolate
    MISSING = auto()  # alone: look the item up again, once; in a batch: isolate
    STAGE = auto()  # alone: from now on staged only; in a batch: isolate
    SNOOZE = auto()  # close the budget; not an attempt
    PAUSE = auto()  # the destination, until an operator resumes it
    PAUSE_COLLECTION = auto()
    BACK_OFF = auto()  # the destination is the suspect


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A row of the table.

    Args:
        statuses: The HTTP statuses that it is for.
        action: What is done.
        code: Matches the whole code (v2) or name (v1) of the error.
        words: Is found in the message.
    """

    statuses: range
    action: Action
    code: str = ""
    words: str = ""

    def takes(self, answer: Answer) -> bool:
        return (
            answer.status in self.statuses
            and (not self.code or bool(re.fullmatch(self.code, answer.code or "")))
            and (not self.words or bool(re.search(self.words, answer.message, re.IGNORECASE)))
        )


def _only(status: int) -> range:
    return range(status, status + 1)


_REFUSALS = range(400, 500)
_NO_COLLECTION = r"^(?!.*\bitems?\b).*\b(?:collection|site)\b"
# Said of a whole collection: no item can be written until somebody publishes the site or upgrades.
_PARKED = (
    r"(?:structure|schema) (?:has )?changed"
    r"|\bsite\b[^.]*?(?:\bnot\b|n't)[^.]*?\bpublish"
    r"|published to (?:only some|multiple) domains"
    r"|\bcurrent plan\b|\bplan limit|\bitem limit"
)
# Said of what no schema shows: whether a file can be fetched, an item or a slug is there.
_BESIDES_SCHEMA = r"import|not found|already in database|'url' field"
# Said by a rule that the schema shows: as it was last read, it let the value pass.
_BY_RULE = (
    r"cannot be cleared|too (?:short|long|small|large)|not allowed|single line|to match"
    r"|Expected value to be"
)
_HELD_BACK = r"never been published|not (?:been |yet )*published|\bunpublished|\bdraft|\barchived"

# The first row that takes an answer decides. v1 answers some of what v2 gives a status of its own
# with 400, and says which by the error's name.
RULES = (
    Rule(range(200, 300), Action.SETTLE),
    Rule(range(300, 400), Action.PAUSE),  # a redirect is never followed: the address is wrong
    Rule(_only(429), Action.SNOOZE),
    Rule(_REFUSALS, Action.SNOOZE, code="RateLimit|too_many_requests"),
    Rule(_only(401), Action.PAUSE),
    Rule(_only(403), Action.PAUSE),
    Rule(_only(407), Action.PAUSE),  # a proxy of ours
    Rule(
        _REFUSALS,
        Action.PAUSE,
        code="InvalidAPIVersion|UnsupportedVersion|unsupported_version|invalid_auth_version"
        "|invalid_credentials|RouteNotFoundError",
    ),
    Rule(
        _REFUSALS,
        Action.PAUSE_COLLECTION,
        code="CollectionSchemaChangedError|InconsistentPublicationsError|collection_not_found",
    ),
    Rule(_only(404), Action.PAUSE_COLLECTION, words=_NO_COLLECTION),
    Rule(_only(404), Action.MISSING),
    Rule(_only(409), Action.PAUSE_COLLECTION, words=_PARKED),
    Rule(_only(400), Action.PAUSE_COLLECTION, code="Conflict", words=_PARKED),
    Rule(_only(409), Action.STAGE, words=_HELD_BACK),
    Rule(_only(400), Action.STAGE, code="Conflict", words=_HELD_BACK),
    Rule(_only(400), Action.STAGE, words=r"\bnever been published"),
    Rule(_REFUSALS, Action.REFUSE),  # 413 too: a batch is halved, one item is refused
)

_VERDICTS: Mapping[Action, Callable[[Case, ClaimedItem], Verdict]] = {
    Action.SETTLE: verdicts.settled,
    Action.REFUSE: verdicts.refused,
    Action.MISSING: verdicts.missing,
    Action.STAGE: verdicts.staged,
    Action.SNOOZE: verdicts.kept,
    Action.PAUSE: verdicts.kept,
    Action.PAUSE_COLLECTION: verdicts.kept,
    Action.BACK_OFF: verdicts.backed_off,
}
# Where an item was to be created: it has no id to be missing by, and no live copy to be held back.
_CREATIONS: Mapping[Action, Callable[[Case, ClaimedItem], Verdict]] = {
    **_VERDICTS,
    Action.SETTLE: creations.created,
    Action.REFUSE: creations.refused,
    Action.STAGE: creations.refused,
    Action.BACK_OFF: creations.backed_off,
}
# Where items were to be taken away: that one is not there is what was wanted.
_RETIREMENTS: Mapping[Action, Callable[[Case, ClaimedItem], Verdict]] = {
    **_VERDICTS,
    Action.SETTLE: retirements.done,
    Action.REFUSE: retirements.refused,
    Action.MISSING: retirements.missing,
    Action.STAGE: retirements.held_back,
    Action.BACK_OFF: retirements.backed_off,
}
_HEALTH: Mapping[Action, Literal["success", "failure"]] = {
    Action.SETTLE: "success",
    Action.BACK_OFF: "failure",
}


def action_for(outcome: Answer | DestinationError) -> Action:
    """Return what is done about *outcome*: the first row of the table that takes it."""
    if isinstance(outcome, DestinationError):
        return Action.BACK_OFF
    return next((rule.action for rule in RULES if rule.takes(outcome)), Action.BACK_OFF)


def judge(
    batch: Batch,
    outcome: Answer | DestinationError,
    *,
    destination: Destination,
    collection: Collection,
    sent: Mapping[str, Mapping[str, Any]],
    spread: float,
) -> Judgement:
    """
    Return one verdict per item of *batch*, and what *outcome* says of all that it shares.

    Args:
        batch: What was claimed.
        outcome: The answer to its request, or why there is none.
        destination: Where it was sent.
        collection: Of the batch.
        sent: Record → slug → value as it was sent. A field that is not in it is left pending.
        spread: Random number in [0, 1), for the jitter of a backoff.
    """
    case = Case(batch, outcome, destination, collection, sent, spread)
    action = action_for(outcome)
    if batch.create and action is Action.MISSING:
        action = Action.PAUSE_COLLECTION  # nothing else was named that could be
    decide = _table(batch)[action]
    if batch.publish and action is Action.SETTLE:
        decide = verdicts.published
    said = case.said
    return Judgement(
        verdicts=tuple(decide(case, item) for item in batch.items),
        health=_HEALTH.get(action, "refusal"),
        pause=said if action is Action.PAUSE else None,
        pause_collection=said if action is Action.PAUSE_COLLECTION else None,
        close_budget=_closure(case) if action is Action.SNOOZE else None,
        drop_schema=_contradicts_schema(case),
        doubt_schema=_doubts_schema(case) if action is Action.REFUSE else "no",
    )


def _table(batch: Batch) -> Mapping[Action, Callable[[Case, ClaimedItem], Verdict]]:
    if batch.retire:
        return _RETIREMENTS
    return _CREATIONS if batch.create else _VERDICTS


def _closure(case: Case) -> float:
    asked = case.answer.retry_after if case.answer else None
    return min(asked or 0.0, LONGEST_CLOSURE)


def _doubts_schema(case: Case) -> Literal["no", "soon", "at-once"]:
    """Tell whether a field is refused that passed the schema as it was last read."""
    told = (
        [problem.message for problem in case.answer.problems if problem.path] if case.answer else []
    )
    if any(re.search(_BY_RULE, text) for text in told):
        return "at-once"
    return "soon" if any(not re.search(_BESIDES_SCHEMA, text) for text in told) else "no"


def _contradicts_schema(case: Case) -> bool:
    """Tell whether the answer says that a field is not what the schema says, or not there."""
    answer = case.answer
    if answer is None or not 400 <= answer.status < 500:
        return False
    texts = [answer.message, *(problem.message for problem in answer.problems)]
    if any(re.search("not described in schema|(?:schema|structure) .*changed", t) for t in texts):
        return True
    options = {
        field.slug
        for item in case.batch.items
        for field in item.fields
        if case.type_of(field).needs_schema
    }
    return any(problem.path in options for problem in answer.problems)
