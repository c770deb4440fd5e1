"""
What a reconcile has the outbox write once more, and what a whole listing tells its index.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from workers.config.settings import Collection, Settings
from workers.model.changes import HOLD_MOST
from workers.model.run_limits import RunLease, RunLimit
from workers.store.item_index import FRESH_EVERY, missing_message
from workers.store.outbox import INDEX_EVERY, V1_INDEX_EVERY
from workers.store.scripts import Steps

MOST = 100  # records of one step: it holds up every other


@dataclass(frozen=True, slots=True)
class Repair:
    """
    What is to be written once more of one record.

    Args:
        id: Of its item, as read; None: it has none.
        fields: Slug and arrival number, as compared; of others nothing is done.
        gone: The listing does not show the item: its id is forgotten, and all of it is written.
        make: There is none, and it is to be created, by a listing that showed none.
        staged: The listing shows it held back or never published: it is written staged only.
        back: The snapshot has it, and an earlier one that lacked it has retired its item.
    """

    record: str
    id: str | None = None
    fields: tuple[tuple[str, int], ...] = ()
    gone: bool = False
    make: bool = False
    staged: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class Repaired:
    """
    Args:
        fields: Values that are written once more.
        left: Records of which nothing was done: they had changed since they were compared.
        wake: The caller is to enqueue a job for the destination.
        held: The limit does not allow it: nothing was done.
        lost: Another holds the lock of the run: nothing was done.
    """

    fields: int
    left: tuple[str, ...]
    wake: bool
    held: bool = False
    lost: bool = False


class Repairs:
    """
    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def repair(
        self,
        collection: Collection,
        repairs: Sequence[Repair],
        *,
        began_ms: int = 0,
        hold: float = 0.0,
        source: str = "",
        as_of_ms: int = 0,
        limit: RunLimit | None = None,
        lease: RunLease | None = None,
    ) -> Repaired:
        """
        Have *repairs* (`MOST` at most) written, in the reconcile lane.

        A value that has been overtaken since is left alone, one that is on its way or in a dead
        letter too; the counters of P4 do not move.

        Args:
            began_ms: The store's clock when the listing began that showed what is gone.
            hold: Seconds before they may be sent, so that batches fill; at most HOLD_MOST.
            source, as_of_ms: Of the snapshot that has what is *back*.
            limit: What the run may create; None: they are not counted.
            lease: The lock of the run.
        """
        answer = self.steps.run(
            "rewrite",
            {
                "token": uuid.uuid4().hex,
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "destination": collection.destination,
                "batch": self.settings.destinations[collection.destination].batch,
                "hold_ms": int(1000 * min(hold, HOLD_MOST)),
                "began": began_ms,
                "source": source,
                "as_of_ms": as_of_ms,
                "limit": limit and asdict(limit),
                "lease": lease and asdict(lease),
                "records": [
                    {
                        "record": one.record,
                        "id": one.id,
                        "fields": [list(pair) for pair in one.fields],
                        "gone": one.gone,
                        "make": one.make,
                        "staged": one.staged,
                        "back": one.back,
                    }
                    for one in repairs
                ],
            },
        )
        if answer.get("held") or answer.get("lost"):
            held, lost = bool(answer.get("held")), bool(answer.get("lost"))
            return Repaired(0, (), wake=False, held=held, lost=lost)
        # An empty table of Lua is an object in JSON.
        return Repaired(answer["fields"], tuple(answer["left"] or ()), bool(answer["wake"]))

    def listed(
        self,
        collection: Collection,
        newest: str | None,
        items: int,
        at: int | None = None,
        began_ms: int = 0,
    ) -> None:
        """
        Tell the index that all of *collection* was listed.

        Args:
            newest: The createdOn of the newest item.
            at: The CMS's clock, ms, as it read the first page.
            began_ms: The store's, when that was asked for; 0: nobody knows.
        """
        destination = self.settings.destinations[collection.destination]
        pages = -(-items // 100)
        seconds = max(INDEX_EVERY, 10 * pages * 60 / destination.requests_per_minute)
        if destination.api == "v1":
            seconds = V1_INDEX_EVERY
        self.steps.run(
            "finish_listing",
            {
                "token": uuid.uuid4().hex,
                "collection": collection.name,
                "index": self.settings.copy_of(collection),
                "missing": collection.missing,
                "message": missing_message(collection),
                "history": self.settings.store.history,
                "newest": newest,
                "at": at,
                "began": began_ms,
                "full_ms": int(seconds * 1000),
                "rest_ms": int(FRESH_EVERY * 1000),
            },
        )

    def replaced(self, collection: Collection, items: Sequence[tuple[str, str]]) -> None:
        """
        Tell the index that a listing of the whole shows records with other items than it knows.

        Args:
            items: Record and id (`MOST` at most at once) of the items that it does not show.
        """
        for start in range(0, len(items), MOST):
            self.steps.run(
                "replaced",
                {
                    "token": uuid.uuid4().hex,
                    "collection": collection.name,
                    "index": self.settings.copy_of(collection),
                    "items": [list(pair) for pair in items[start : start + MOST]],
                    "history": self.settings.store.history,
                },
            )
