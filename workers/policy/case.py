"""
A batch and what came of its request: what every outcome is taken from. Pure.
"""

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
    """A batch, what came of it, and what an outcome depends on."""

    batch: Batch
    outcome: Answer | DestinationError
    destination: Destination
    collection: Collection
    sent: Mapping[str, Mapping[str, Any]]
    spread: float
    schema: Schema = UNKNOWN
    # Record → in which part of the batch it goes again (``workers.policy.isolation``).
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> Answer | None:
        return self.outcome if isinstance(self.outcome, Answer) else None

    @property
    def summary(self) -> str:
        return summary(self.outcome)

    @property
    def named(self) -> set[str]:
        """Slugs of the fields that the CMS names, in whatever variant."""
        told = {problem.path for problem in self.answer.problems} if self.answer else set()
        return told | {s for sent in self.sent.values() for s in sent if field_of(s) in told}

    @property
    def halved(self) -> int:
        return max(1, self.batch.entries // 2)

    def values(self, item: ClaimedItem) -> Mapping[str, Any]:
        """Return slug → value of what was sent of *item*."""
        sent = self.sent.get(item.record, {})
        # A new item has the primary variant alone, and names no locale.
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
        """Return the failure of *slugs*, with the CMS's words; none where there are no slugs."""
        slugs = tuple(slugs)
        answer = self.answer
        if problems is None:
            problems = answer.problems if answer else ()
        if not message:
            message = answer.message if answer and answer.message else self.summary
        status, code = (answer.status, answer.code) if answer else (None, None)
        return (FieldFailure(kind, slugs, message, status, code, problems),) if slugs else ()

    def not_applied(self, missed: Mapping[str, str]) -> tuple[FieldFailure, ...]:
        """Return the failure of what the item does not show: slug → what it holds, in words."""
        return self.failure(
            "not-applied",
            missed,
            message="answered 200, and the item does not show what was sent",
            problems=tuple(FieldProblem(slug, words) for slug, words in missed.items()),
        )


def summary(outcome: Answer | DestinationError) -> str:
    """Return what the CMS said, in one line, or why it said nothing."""
    if isinstance(outcome, DestinationError):
        return str(outcome)
    name = f"{outcome.status} {outcome.code}" if outcome.code else str(outcome.status)
    return f"{name}: {outcome.message}" if outcome.message else name
