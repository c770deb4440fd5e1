"""
What an answer of the CMS means for the items of a batch: one table, one function.

An item fails only on an answer to a request that carried it alone and, for a 5xx or a timeout, only
while the destination is otherwise healthy: an outage fails no item.

https://developers.webflow.com/data/reference/error-handling
https://developers.webflow.com/data/v1.0.0/reference/errors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Literal

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.model.attempts import Batch, BatchOutcome, ClaimedItem, ItemOutcome
from workers.policy import create as creations
from workers.policy import (
    isolation,
    localized,
    messages,
    publication,
    refusals,
    retire,
    schema_doubts,
    update,
)
from workers.policy.backoff import backoff as backoff
from workers.policy.case import Case, summary
from workers.webflow.item_answers import Answer
from workers.webflow.schema import UNKNOWN, Schema

LONGEST_CLOSURE = 3600.0  # s: a Retry-After beyond that is a mistake


class Action(Enum):
    """What to do about an answer."""

    SETTLE = auto()  # compare field by field; fields that match are written
    REFUSE = auto()  # alone: the named fields fail; in a batch: isolate
    CONFLICT = auto()  # alone: retry once, then as REFUSE
    SHRINK = auto()  # alone: as REFUSE; in a batch: halve it
    MISSING = auto()  # alone: look the item up again, once; in a batch: isolate
    STAGE = auto()  # alone: staged only from now on; in a batch: isolate
    SNOOZE = auto()  # close the budget; not an attempt
    PAUSE = auto()  # the destination, until an operator resumes it
    PAUSE_COLLECTION = auto()
    AWAIT_PUBLISH = auto()  # pause the collection, but try one item now and then
    AWAIT_ROOM = auto()  # the same, for creations only
    BACK_OFF = auto()  # suspect the destination


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table."""

    statuses: range
    action: Action
    names: str = ""  # pattern of the whole code (v2) or error name (v1)
    words: str = ""  # pattern in the message about the whole request
    general: bool = False  # only if no field is named; ignores quoted values
    creates: bool = False  # only for requests that create items
    advice: str = ""  # what the operator should do

    def takes(self, answer: Answer, *, create: bool = False) -> bool:
        if answer.status not in self.statuses or self.creates > create:
            return False
        if self.names and not messages.is_named(self.names, answer.code):
            return False
        if self.general and messages.names_field(answer):
            return False
        text = messages.said_in(answer)
        text = messages.unquoted(text) if self.general else text
        return not self.words or messages.says(self.words, text)


def _only(status: int) -> range:
    return range(status, status + 1)


_REFUSALS = range(400, 500)
_RESUME = "run instep resume"
_TOKEN = (
    "set a token that the CMS takes and restart, or give it the scopes cms:read and cms:write and "
    f"{_RESUME}"
)
_VERSION = f"set its api and base_url to a version that the CMS serves (v2), then {_RESUME}"
_REDIRECT = f"set its base_url to where the CMS is, then {_RESUME}"

# The first match wins: messages before codes before statuses. v1 answers 400 to some errors for
# which v2 has a status, and tells them apart by the error's name.
RULES = (
    Rule(range(200, 300), Action.SETTLE),
    Rule(range(300, 400), Action.PAUSE, advice=_REDIRECT),  # never followed
    Rule(_only(429), Action.SNOOZE),
    Rule(_REFUSALS, Action.SNOOZE, names=messages.RATE_NAMES),
    Rule(_REFUSALS, Action.AWAIT_ROOM, words=messages.NO_ROOM, general=True, creates=True),
    Rule(_only(409), Action.AWAIT_PUBLISH, words=messages.NOT_PUBLISHED),
    Rule(_only(400), Action.AWAIT_PUBLISH, names="Conflict", words=messages.NOT_PUBLISHED),
    Rule(_only(409), Action.STAGE, words=messages.HELD_BACK),
    Rule(_only(400), Action.STAGE, names="Conflict", words=messages.HELD_BACK),
    Rule(_only(400), Action.STAGE, words=r"\bnever been published"),
    Rule(_only(404), Action.PAUSE, words=messages.NO_ROUTE, advice=_VERSION),
    # Before the next: the host of a file may ask for an authorisation of its own.
    Rule(_only(400), Action.REFUSE, words=messages.FILE, general=True),
    Rule(_REFUSALS, Action.PAUSE, words=messages.OLD_VERSION, general=True, advice=_VERSION),
    Rule(_REFUSALS, Action.PAUSE, words=messages.NO_AUTHORISATION, general=True, advice=_TOKEN),
    Rule(_REFUSALS, Action.AWAIT_PUBLISH, names=messages.PUBLISH_NAMES),
    Rule(_REFUSALS, Action.PAUSE, names=messages.VERSION_NAMES, advice=_VERSION),
    Rule(_REFUSALS, Action.PAUSE, names=messages.AUTHORISATION_NAMES, advice=_TOKEN),
    Rule(_REFUSALS, Action.PAUSE_COLLECTION, names="collection_?not_?found"),
    Rule(_only(404), Action.PAUSE_COLLECTION, words=messages.NO_COLLECTION),
    Rule(_only(401), Action.PAUSE, advice=_TOKEN),
    Rule(_only(403), Action.PAUSE, advice=_TOKEN),
    Rule(_only(407), Action.PAUSE, advice="see the proxy, then run instep resume"),
    Rule(_only(410), Action.PAUSE, advice=_VERSION),
    Rule(_only(404), Action.MISSING),
    Rule(_only(409), Action.CONFLICT),
    Rule(_only(413), Action.SHRINK),
    Rule(_REFUSALS, Action.REFUSE),
)

_VERDICTS: Mapping[Action, Callable[[Case, ClaimedItem], ItemOutcome]] = {
    Action.SETTLE: update.settle,
    Action.REFUSE: refusals.refused,
    Action.CONFLICT: refusals.conflicting,
    Action.SHRINK: refusals.shrunk,
    Action.MISSING: update.missing,
    Action.STAGE: publication.staged,
    Action.SNOOZE: refusals.keep,
    Action.PAUSE: refusals.keep,
    Action.PAUSE_COLLECTION: refusals.keep,
    Action.AWAIT_PUBLISH: refusals.keep,
    Action.AWAIT_ROOM: refusals.keep,
    Action.BACK_OFF: update.backed_off,
}
# A new item has no id that could be missing, and no live copy that could be held back.
_CREATIONS: Mapping[Action, Callable[[Case, ClaimedItem], ItemOutcome]] = {
    **_VERDICTS,
    Action.SETTLE: creations.created,
    Action.REFUSE: creations.refused,
    Action.CONFLICT: creations.conflicting,
    Action.STAGE: creations.refused,
    Action.BACK_OFF: creations.backed_off,
}
# An item that is missing already is retired.
_RETIREMENTS: Mapping[Action, Callable[[Case, ClaimedItem], ItemOutcome]] = {
    **_VERDICTS,
    Action.SETTLE: retire.done,
    Action.REFUSE: retire.refused,
    Action.CONFLICT: retire.refused,
    Action.MISSING: retire.missing,
    Action.STAGE: retire.held_back,
    Action.BACK_OFF: retire.backed_off,
}
_ISOLATED = frozenset({Action.REFUSE, Action.CONFLICT, Action.MISSING, Action.STAGE})
_FAILURE = Rule(range(0), Action.BACK_OFF)
_HEALTH: Mapping[Action, Literal["success", "failure"]] = {
    Action.SETTLE: "success",
    Action.BACK_OFF: "failure",
}


def rule_for(outcome: Answer | DestinationError, *, create: bool = False) -> Rule:
    """Return the first row that matches *outcome*."""
    if isinstance(outcome, DestinationError):
        return _FAILURE
    return next((rule for rule in RULES if rule.takes(outcome, create=create)), _FAILURE)


def action_for(outcome: Answer | DestinationError, *, create: bool = False) -> Action:
    """Return the action for *outcome*; *create*: of a request that creates items."""
    return rule_for(outcome, create=create).action


def pause_for(outcome: Answer | DestinationError) -> str | None:
    """Return why the destination must be paused, with advice; None: it need not be."""
    rule = rule_for(outcome)
    return f"{summary(outcome)}; {rule.advice}" if rule.action is Action.PAUSE else None


def judge(
    batch: Batch,
    outcome: Answer | DestinationError,
    *,
    destination: Destination,
    collection: Collection,
    sent: Mapping[str, Mapping[str, Any]],
    spread: float,
    schema: Schema = UNKNOWN,
) -> BatchOutcome:
    """
    Return one outcome per item of *batch*, and what *outcome* means for destination and collection.

    Args:
        sent: Record → slug → value. Fields missing from it stay pending.
        spread: Random number in [0, 1), for the jitter of a backoff.
        schema: Of the collection, as last read.
    """
    rule = rule_for(outcome, create=batch.create)
    action = rule.action
    case = Case(batch, outcome, destination, collection, sent, spread, schema)
    if action in _ISOLATED and isinstance(outcome, Answer) and not batch.alone:
        case = replace(case, parts=_parts(case, outcome))
    if batch.create and action is Action.MISSING:
        action = Action.PAUSE_COLLECTION  # only the collection can be missing
    decide = _table(batch)[action]
    if batch.publish and action is Action.SETTLE:
        decide = publication.published
    item_outcomes = tuple(
        localized.decide(decide, case, item) if item.variants else decide(case, item)
        for item in batch.items
    )
    return BatchOutcome(
        item_outcomes=item_outcomes,
        health=_HEALTH.get(action, "refusal"),
        pause=f"{case.summary}; {rule.advice}" if action is Action.PAUSE else None,
        pause_collection=case.summary if action is Action.PAUSE_COLLECTION else None,
        heard=case.answer is not None,
        create_most=0 if batch.alone else case.halved,
        no_room=case.summary if action is Action.AWAIT_ROOM else None,
        not_published=case.summary if action is Action.AWAIT_PUBLISH else None,
        close_budget=_closure(case) if action is Action.SNOOZE else None,
        at=case.answer.at if case.answer else None,
        drop_schema=schema_doubts.contradicts(case)
        or any(each.by_new_schema for each in item_outcomes),
        mark_schema_stale=schema_doubts.doubts(case) if action is Action.REFUSE else "no",
    )


def _parts(case: Case, answer: Answer) -> Mapping[str, str]:
    """Return record → part in which it is sent again."""
    if schema_doubts.spoils_batch(case):
        return {item.record: isolation.ANEW for item in case.batch.items}
    return isolation.parts(case, answer)


def _table(batch: Batch) -> Mapping[Action, Callable[[Case, ClaimedItem], ItemOutcome]]:
    if batch.retire:
        return _RETIREMENTS
    return _CREATIONS if batch.create else _VERDICTS


def _closure(case: Case) -> float:
    asked = case.answer.retry_after if case.answer else None
    return min(asked or 0.0, LONGEST_CLOSURE)
