"""
Several secrets of one source: each has a sender of its own, which takes no other.

So that it is known which one matched, and when its time is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from service.senders.base import Answer, Event, Given, Kind, Sender
from workers.errors import SignatureInvalid


@dataclass(frozen=True, slots=True)
class Configured:
    """
    The sender of one source, with all of its secrets.

    Args:
        kind: What it is.
        senders: One for each secret, newest first.
        ends: When each secret ceases to be taken; None: never.
        secrets: The same, as text.
        marks: The same, as they are counted.
    """

    kind: Kind = field(repr=False)
    senders: tuple[Sender, ...]
    ends: tuple[datetime | None, ...]
    secrets: tuple[str, ...] = field(repr=False)
    marks: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """Names that ``events`` reads; none carries a proof."""
        return self.senders[0].headers

    @property
    def answer(self) -> Answer | None:
        """What the sender wants to hear; None: anything."""
        return self.kind.answer

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        """
        Return the place of the secret, from 1, under which the request is proven.

        Raises:
            SignatureInvalid: There is none, or its time is over.
        """
        refusal = SignatureInvalid("the time of every secret is over")
        for place, (sender, end) in enumerate(zip(self.senders, self.ends, strict=True), start=1):
            if end is not None and now >= end:
                continue
            try:
                sender.verify(headers, body, now=now)
                return place
            except SignatureInvalid as error:
                refusal = error
        raise refusal

    def mark(self, place: int) -> str | None:
        """Return by what the secret at *place* is counted; None where there are no secrets."""
        return self.marks[place - 1] if self.marks else None

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        """
        Yield what a proven request says.

        Raises:
            PayloadInvalid: The body cannot be read at all.
        """
        return self.senders[0].events(headers, body)

    def kept(self, body: bytes) -> bytes:
        """Return *body* as a dead letter may keep it: without a secret in it."""
        return self.kind.conceal(body, self.secrets) if self.kind.conceal else body


def configured(kind: Kind, given: Given) -> Configured:
    """
    Return the sender of *given*, whose options are loaded.

    Raises:
        ConfigurationInvalid: With every problem that the sender finds.
    """
    whole = kind.build(given)  # of all secrets at once: their problems are told together
    source = given.source
    senders = tuple(
        kind.build(replace(given, source=replace(source, secrets=(secret,))))
        for secret in source.secrets
    )
    ends = source.ends or tuple(None for _ in senders)
    return Configured(kind, senders or (whole,), ends or (None,), source.secrets, source.marks)
