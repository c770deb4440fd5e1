"""A batch and the answer to its request: the input of every item outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.fields.types import TYPES, FieldType
from workers.model.attempts import Batch, ClaimedField, ClaimedItem, FieldFailure
from workers.model.changes import FieldProblem
from workers.webflow.item_answers import Answer
from workers.webflow.schema import UNKNOWN, Schema
from workers.webflow.site import field_of


@dataclass(frozen=True, slots=True)
class Case:
    """A batch, the answer to its request, and what else an item outcome depends on."""

    batch: Batch
    outcome: Answer | DestinationError
    destination: Destination
    collection: Collection
    sent: Mapping[str, Mapping[str, Any]]
    spread: float
    schema: Schema = UNKNOWN
    # Record → part of the batch in which it is sent again (``workers.policy.isolation``).
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> Answer | None:
        return self.outcome if isinstance(self.outcome, Answer) else None

    @property
    def summary(self) -> str:
        return summary(self.outcome)

    @property
    def named(self) -> set[str]:
        """Slugs of the fields that the CMS names, in any variant."""
        told = {problem.path for problem in self.answer.problems} if self.answer else set()
        return told | {s for sent in self.sent.values() for s in sent if field_of(s) in told}

    @property
    def halved(self) -> int:
        return max(1, self.batch.entries // 2)

    def values(self, item: ClaimedItem) -> Mapping[str, Any]:
        """Return slug → value sent for *item*."""
        sent = self.sent.get(item.record, {})
        # A new item has only the primary variant: no locale in its slugs.
        wire = field_of if self.batch.create else str
        return {f.slug: sent[wire(f.slug)] for f in item.fields if wire(f.slug) in sent}

    def type_of(self, field: ClaimedField) -> FieldType:
        return TYPES.get(field.type, TYPES["plain"])

    def failure(
        self,
        kind: Literal["refused", "exhausted", "missing", "not-applied"],
        slugs: Iterable[str],
        *,
        message: str = "",
        problems: tuple[FieldProblem, ...] | None = None,
    ) -> tuple[FieldFailure, ...]:
        """Return the failure of *slugs*, with the message of the CMS; empty without *slugs*."""
        slugs = tuple(slugs)
        answer = self.answer
        if problems is None:
            problems = answer.problems if answer else ()
        if not message:
            message = answer.message if answer and answer.message else self.summary
        status, code = (answer.status, answer.code) if answer else (None, None)
        return (FieldFailure(kind, slugs, message, status, code, problems),) if slugs else ()

    def not_applied(self, missed: Mapping[str, str]) -> tuple[FieldFailure, ...]:
        """Return the failure of *missed*: slug → what the item holds instead."""
        return self.failure(
            "not-applied",
            missed,
            message="answered 200, and the item does not show what was sent",
            problems=tuple(FieldProblem(slug, words) for slug, words in missed.items()),
        )


def summary(outcome: Answer | DestinationError) -> str:
    """Return the answer, or why there is none, in one line."""
    if isinstance(outcome, DestinationError):
        return str(outcome)
    name = f"{outcome.status} {outcome.code}" if outcome.code else str(outcome.status)
    return f"{name}: {outcome.message}" if outcome.message else name
