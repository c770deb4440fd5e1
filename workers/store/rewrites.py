"""The rewrites that a reconcile orders, and the index updates from a whole listing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from workers.config.settings import Collection, Settings
from workers.model.changes import HOLD_MOST
from workers.model.run_limits import RunLease, RunLimit
from workers.store.item_index import FRESH_EVERY, missing_message
from workers.store.outbox import INDEX_EVERY, V1_INDEX_EVERY
from workers.store.scripts import Steps

MOST = 100  # records per step, since it blocks all others


@dataclass(frozen=True, slots=True)
class Repair:
    """What to rewrite of one record."""

    record: str
    id: str | None = None  # of its item, as read; None: it has none
    fields: tuple[tuple[str, int], ...] = ()  # slug and arrival number, as compared
    gone: bool = False  # the listing lacks the item: forget its id, and rewrite all of it
    make: bool = False  # create it: a listing showed no item
    staged: bool = False  # the item is held back or was never published: write it staged only
    back: bool = False  # an earlier snapshot, which lacked it, has retired its item
    # What the listing showed: slug → JSON text and type. What is not named is unknown.
    before: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repaired:
    fields: int  # values to be rewritten
    left: tuple[str, ...]  # records that changed since they were compared
    wake: bool  # the caller must enqueue a job
    held: bool = False  # beyond the limit: nothing was done
    lost: bool = False  # another process holds the lock of the run: nothing was done


class Repairs:
    """Every method raises StoreUnavailable if the store does not answer."""

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
        run: str | None = None,
    ) -> Repaired:
        """
        Put *repairs* (at most `MOST`) into the reconcile lane.

        Values that have been overtaken, are being sent, or are in a dead letter are left alone; the
        counters of P4 do not change.

        Args:
            began_ms: Store time at which the listing began.
            hold: Seconds before they may be sent, so that batches fill; at most HOLD_MOST.
            source, as_of_ms: Of the snapshot that has the records marked *back*.
            limit: What the run may create; None: not counted.
            lease: The lock of the run.
            run: Its id (``runs.py``).
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
                "undo": self.settings.store.undo,
                "limit": limit and asdict(limit),
                "lease": lease and asdict(lease),
                "run": run,
                "records": [
                    {
                        "record": one.record,
                        "id": one.id,
                        "fields": [[*pair, one.before.get(pair[0])] for pair in one.fields],
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
        # Lua encodes an empty list as an object.
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
        Record a whole listing of *collection* in its index.

        Args:
            newest: createdOn of the newest item.
            at: The CMS's clock at the first page, in ms.
            began_ms: The store's clock then; 0: unknown.
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
                "newest": newest,
                "at": at,
                "began": began_ms,
                "full_ms": int(seconds * 1000),
                "rest_ms": int(FRESH_EVERY * 1000),
            },
        )

    def replaced(self, collection: Collection, items: Sequence[tuple[str, str]]) -> None:
        """
        Record that a whole listing shows other items for some records.

        *items*: record and id of the items that are missing.
        """
        for start in range(0, len(items), MOST):
            self.steps.run(
                "replaced",
                {
                    "token": uuid.uuid4().hex,
                    "collection": collection.name,
                    "index": self.settings.copy_of(collection),
                    "items": [list(pair) for pair in items[start : start + MOST]],
                },
            )
