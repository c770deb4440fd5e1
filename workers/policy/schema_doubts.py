"""
What a refusal says against the schema of the collection, as it was last read.

The ids of options are looked up there: where a field of options was made anew, the old ids are
refused, and what was sent with them goes once more by the schema as it is then.
"""

from __future__ import annotations

import re
from typing import Literal

from workers.model.attempts import ClaimedItem
from workers.policy.case import Case
from workers.webflow.site import field_of

FRESH_MS = 60_000  # a schema that was read since then is blamed only for options that are named

# Errors that no schema predicts: whether a file can be fetched, or an item or slug exists.
_BESIDES_SCHEMA = r"import|not found|already in database|'url' field"
# Errors of a rule in the schema, which let the value pass as last read.
_BY_RULE = (
    r"cannot be cleared|too (?:short|long|small|large)|not allowed|single line|to match"
    r"|Expected value to be"
)


def contradicts(case: Case) -> bool:
    """Tell whether the answer contradicts the schema: another type, or no such field."""
    answer = case.answer
    if answer is None or not 400 <= answer.status < 500:
        return False
    texts = [answer.message, *(problem.message for problem in answer.problems)]
    if any(re.search("not described in schema|(?:schema|structure) .*changed", t) for t in texts):
        return True
    told = {problem.path for problem in answer.problems}
    return any(not told.isdisjoint(_options(case, item)) for item in case.batch.items)


def doubts(case: Case) -> Literal["no", "soon", "at-once"]:
    """Tell whether a field was refused that the schema allowed, and how soon it is read again."""
    # Fields that were not sent prove nothing: the item may have broken the rule before.
    sent = {slug for item in case.batch.items for slug in case.values(item)}
    problems = case.answer.problems if case.answer else ()
    told = [problem.message for problem in problems if problem.path in sent]
    if any(re.search(_BY_RULE, text) for text in told):
        return "at-once"
    return "soon" if any(not re.search(_BESIDES_SCHEMA, text) for text in told) else "no"


def spoils_batch(case: Case) -> bool:
    """Tell whether all of a refused batch go again by a new schema: none of them need be bad."""
    if any(item.by_new_schema for item in case.batch.items):
        return False
    return _is_old(case) and contradicts(case)


def spoils(case: Case, item: ClaimedItem, named: set[str]) -> bool:
    """
    Tell whether *item*, refused alone, goes again by a new schema: once.

    Args:
        named: Slugs of the fields that the refusal is about; empty: nobody knows.
    """
    if item.by_new_schema or not case.schema.read:
        return False
    sent = {slug for slug in case.values(item) if field_of(slug) in _options(case, item)}
    return not sent.isdisjoint(named) or bool(sent and not named and _is_old(case))


def _is_old(case: Case) -> bool:
    return bool(case.schema.read) and case.batch.at - case.schema.read > FRESH_MS


def _options(case: Case, item: ClaimedItem) -> set[str]:
    """Return the fields of *item* whose values are looked up in the schema."""
    return {field_of(field.slug) for field in item.fields if case.type_of(field).needs_schema}
