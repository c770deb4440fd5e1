"""
What waits to be published, in the store (``unpublished.lua``).

Only Lua steps write it; a round is claimed with ``claim.lua`` and settled with
``settle_publish.lua``, task by task.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workers.config.settings import Collection, Destination, Settings
from workers.model.publishing import CHECKS, Member, Noted, Outcome, Round
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import FieldRecord, slug_of, unpacked
from workers.store.scripts import Steps

MOST = 1000  # items of a collection that one round looks at
BATCH = 100  # records of one step


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of an item that a listing shows."""

    record: str
    member: Member | None  # None: it waits for nothing
    written: str | None  # lastUpdated of the answer to our last write
    # Something of it is to be sent, or on its way, perhaps since it is unknown what a request has
    # done: an edit that nobody has answered may be ours.
    unsettled: bool = False
    ours: bool = False  # Instep has made it


@dataclass(frozen=True, slots=True)
class Progress:
    """
    What one task of a round has come to.

    Args:
        round: What is left of it.
        collection: That *outcomes* are of.
        wait: Seconds until the next task, or, at the end, before another round at the soonest.
        after: The round behind its next task, if that publishes the site.
        sent: Something was published.
        held: Why the site is not published; "": nothing is against it; None: as before.
        failed: The same of requests that the CMS refused.
        full: All edits up to this lastUpdated were published with the site.
    """

    round: Round
    collection: str = ""
    outcomes: Sequence[Outcome] = ()
    wait: float = 0.0
    after: Round | None = None
    sent: bool = False
    held: str | None = None
    failed: str | None = None
    full: str | None = None


class Publishing:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._client: Any = steps.client  # typed as if it might not decode
        self._steps = steps
        self._settings = settings

    def site_of(self, destination: Destination) -> tuple[str, str]:
        """Return the id of the site, and up to when it was published whole; "": unknown."""
        with guarded():
            site, full = self._client.hmget(keys.publishing(destination.name), ["site", "full"])
        if destination.site and destination.site != site:
            return destination.site, ""
        return site or "", full or ""

    def due(self, collection: Collection, now_ms: int) -> list[Member]:
        """Return the first of the items of *collection* that may be published."""
        with guarded():
            names = self._client.zrange(
                keys.unpublished(collection.name),
                "-inf",
                now_ms,
                byscore=True,
                offset=0,
                num=MOST,
            )
        return [*self.members(collection, names).values()]

    def known(self, collection: Collection, ids: Iterable[str]) -> dict[str, Known]:
        """Return item id → what is known of the item."""
        wanted = [*dict.fromkeys(ids)]
        if not wanted:
            return {}
        index = keys.item_keys(collection.name, self._settings.copy_of(collection))
        with guarded():
            found = self._client.hmget(index, wanted)
            # Where events carry ids, an item is its own record.
            records = [name or id for id, name in zip(wanted, found, strict=True)]
            with self._client.pipeline(transaction=False) as pipeline:
                for record in records:
                    pipeline.hmget(
                        keys.item(collection.name, record), ["updated", "claim", "lane", "ours"]
                    )
                held = pipeline.execute()
        members = self.members(collection, records)
        return {
            id: Known(record, members.get(record), updated, bool(claim or lane), bool(ours))
            for id, record, (updated, claim, lane, ours) in zip(wanted, records, held, strict=True)
        }

    def settle(self, destination: Destination, token: str, progress: Progress) -> dict[str, Any]:
        """
        Store what one task has come to; whatever is claimed by another caller stays as it is.

        Returns:
            ``{"settled", "lost"}``
        """
        round = progress.round
        own = self._settings.collections.get(progress.collection)
        return self._steps.run(
            "settle_publish",
            {
                "token": uuid.uuid4().hex,
                "claim": token,
                "destination": destination.name,
                "collection": progress.collection,
                "index": self._settings.copy_of(own) if own else False,
                "publish": destination.publish,
                "live": destination.live,
                "collections": [
                    each.name for each in self._settings.collections_of(destination.name)
                ],
                "outcomes": [_told(each) for each in progress.outcomes],
                "work": round.text(),
                "ended": not round.tasks,
                "checks": bool(round.tasks) and round.tasks[0].kind in CHECKS,
                "after": progress.after and progress.after.text(),
                "wait_ms": int(progress.wait * 1000),
                "sent": progress.sent,
                "site": round.site or None,
                "held": progress.held,
                "failed": progress.failed,
                "full": progress.full,
            },
        )

    def note(self, collection: Collection, found: Sequence[Noted]) -> None:
        """Have what a listing has *found* published, or held until a person decides."""
        if not found:
            return
        self._steps.run(
            "note_staged",
            {
                "token": uuid.uuid4().hex,
                "destination": collection.destination,
                "collection": collection.name,
                "found": [
                    {
                        "record": each.record,
                        "id": each.id,
                        "at": each.at,
                        "way": "s" if each.by_site else "i",
                        "new": each.new,
                        "edited": each.edited,
                        "edits": dict(each.edits) or None,
                        "draft": each.draft,
                    }
                    for each in found
                ],
            },
        )

    def release(self, collection: Collection, records: Sequence[str]) -> list[str]:
        """
        Have the items of *records* published with what somebody else has edited of them.

        Returns:
            The records that did not wait for that.
        """
        request = {"destination": collection.destination, "collection": collection.name}
        left: list[str] = []
        for start in range(0, len(records), BATCH):
            part = [*records[start : start + BATCH]]
            answer = self._steps.run(
                "release_staged", request | {"token": uuid.uuid4().hex, "records": part}
            )
            left += answer["left"] or []
        return left

    def held(self, collection: Collection, most: int | None = None) -> list[str]:
        """
        Return the records of *collection* that wait for a person, in no order; at most *most*.
        """
        with guarded():
            held = self._client.sscan_iter(keys.unpublished_held(collection.name), count=1000)
            return [*islice(held, most)]

    def drafts(self, collection: Collection) -> list[str]:
        """Return the records of *collection* that wait since an editor holds them as drafts."""
        with guarded():
            scanned = self._client.hscan_iter(keys.unpublished_of(collection.name), count=1000)
            members = (Member.parse(record, text, "items") for record, text in scanned)
            return sorted({each.record for each in members if each.state == "d"})

    def doubted(self, collection: Collection, records: Sequence[str]) -> set[str]:
        """
        Return those of *records* of which a dead letter holds a value, and a request before it had
        no answer: it may have written the item since.
        """
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(keys.item(collection.name, record))
            held = pipeline.execute()
        return {record for record, stored in zip(records, held, strict=True) if _is_doubted(stored)}

    def members(self, collection: Collection, records: Sequence[str]) -> dict[str, Member]:
        """Return record → what waits to be published of it, of those of which anything does."""
        if not records:
            return {}
        with guarded():
            texts = self._client.hmget(keys.unpublished_of(collection.name), [*records])
        publish = self._settings.destinations[collection.destination].publish
        return {
            record: Member.parse(record, text, publish)
            for record, text in zip(records, texts, strict=True)
            if text
        }


def _is_doubted(stored: Mapping[str, str]) -> bool:
    fields = (FieldRecord.parse(text) for name, text in unpacked(stored).items() if slug_of(name))
    return any(each.state == "dead" and each.repair_at is not None for each in fields)


def _told(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "record": outcome.record,
        "at": outcome.at,
        "act": outcome.act,
        "state": outcome.state,
        "why": outcome.why or None,
        "locales": list(outcome.locales) or None,
        "edited": outcome.edited or None,
        "edits": dict(outcome.edits) or None,
        "status": outcome.status or None,
        "wait_ms": int(outcome.wait * 1000),
    }
