"""
GETs that a claimed item waits for, each in the place of the request that its claim is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workers import creations, files
from workers.answers import Answer
from workers.asking import Asker, said
from workers.settings import Collection, Destination
from workers.steps import Batch, Judgement, Verdict

READ_AGAIN = 10.0  # s, and up to twice that: after a look that failed


class ItemReads:
    """
    Reads one item and settles its claim by what is found. In one thread.

    Args:
        spread: Returns a random number in [0, 1), for the jitter of waits.
    """

    def __init__(self, asker: Asker, spread: Callable[[], float]) -> None:
        self._asker = asker
        self._outbox = asker.parts.outbox
        self._spread = spread

    def find_owner(
        self, destination: Destination, collection: Collection, batch: Batch, not_after: float
    ) -> None:
        """Ask who has the slug of a new item."""
        item = batch.items[0]  # it is alone: its limit is one
        outcome = self._asker.ask(
            destination,
            lambda client: client.find_slug(collection.id, item.taken or "", not_after=not_after),
            flight="",
        )
        words = f"slug {item.taken} looked up: {said(outcome)}"
        if isinstance(outcome, Answer) and outcome.status == 200:
            verdict = creations.resolved(collection, item, outcome, spread=self._spread())
            if verdict.passed:
                words = f"slug {item.taken} is that of another item: the next one is tried"
        else:
            wait = READ_AGAIN * (1 + self._spread())
            verdict = Verdict(item.record, wait=wait, taken=item.taken)
        self._outbox.settle(batch, Judgement((verdict,), "refusal"), outcome=words)

    def read_files(
        self,
        destination: Destination,
        collection: Collection,
        batch: Batch,
        unread: Mapping[str, tuple[str, ...]],
        not_after: float,
    ) -> None:
        """Read what files one item holds."""
        item = next(each for each in batch.items if each.record in unread)
        outcome = self._asker.ask(
            destination,
            lambda client: client.get_item(collection.id, item.id, not_after=not_after),
            flight="",
        )
        if isinstance(outcome, Answer) and outcome.status in (200, 404):
            found = outcome.items.get(item.id)
            held = {
                slug: files.remembered(found.fields.get(slug) if found else None)
                for slug in unread[item.record]
            }
            verdict = Verdict(item.record, files=held, missed=unread[item.record])
        else:
            verdict = Verdict(item.record, wait=READ_AGAIN * (1 + self._spread()))
        others = tuple(Verdict(each.record) for each in batch.items if each.record != item.record)
        judgement = Judgement((verdict, *others), "refusal")
        self._outbox.settle(batch, judgement, outcome=f"files read: {said(outcome)}")
