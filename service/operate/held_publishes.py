"""Items that Instep does not publish since somebody else has edited them: listed, and let out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.operate.moments import moment
from workers.delivery.context import Context
from workers.store.audit import Audit
from workers.webflow.item_keys import normal_record

MOST: Final = 1000  # that are listed


def list_held(context: Context, collection: str) -> Sequence[Mapping[str, Any]]:
    """
    Return at most `MOST` of *collection*, by key: ``{key, item, edited, since}``.

    *edited*: lastUpdated of the edit, as it was first seen; *since*: when Instep has staged it.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    own = context.settings.collections[collection]
    records = sorted(context.publishing.held(own, MOST))
    found = context.publishing.members(own, records)
    return [
        {
            "key": record,
            "item": member.id,
            "edited": member.edited,
            "since": moment(member.since),
        }
        for record, member in found.items()
    ]


def all_held(context: Context, collection: str) -> list[str]:
    """Return the keys of all of *collection*; raises StoreUnavailable if the store is away."""
    return sorted({*context.publishing.held(context.settings.collections[collection])})


def let_out(
    context: Context, collection: str, keys: Sequence[str], by: str
) -> tuple[int, Sequence[str]]:
    """
    Have the items of *keys* published with what others have edited of them; return how many, and
    the keys of which nothing waited for that.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    own = context.settings.collections[collection]
    records = [*dict.fromkeys(normal_record(key, len(own.keys) or 1) for key in keys)]
    left = context.publishing.release(own, records)
    done = len(records) - len(left)
    if done:
        target = f"{collection} {records[0]}" if len(records) == 1 else collection
        Audit(context.steps).record(by, "publish", target, items=done)
        context.wakes.wake(own.destination)
    return done, left
