"""The items of a collection: how many, and whether each has a key of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.errors import Problem
from workers.webflow.item_answers import ItemView
from workers.webflow.item_keys import kept_key, key_of

if TYPE_CHECKING:
    from service.operate.check_site import Ask
    from workers.config.settings import Collection, Settings
    from workers.store.scripts import Steps
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer
    from workers.webflow.schema import Schema

MOST_PAGES = 10  # that are read of all collections of a destination together, or one of each
SHOWN = 10  # keys of a collection with several items
Keys = dict[str, list[str]]  # key → ids of its items, the oldest first


@dataclass(slots=True)
class Listed:
    """
    What the first pages of a collection show.

    Args:
        total: Items that it has; None: the CMS does not say.
        read: Items that were read.
        keyless: Of these, without a key.
        ended: Why no more was read; "": it was all, or enough.
    """

    total: int | None = None
    read: int = 0
    keyless: int = 0
    keys: Keys = field(default_factory=dict)
    ended: str = ""


def listed(ask: Ask, collection: Collection, schema: Schema, pages: int) -> Listed:
    """Read up to *pages* pages of items; raises DestinationError if there is no answer."""
    found, views = Listed(), list[ItemView]()
    for _ in range(pages):

        def call(client: Client, offset: int = found.read) -> Answer:
            return client.list_items(collection.id, offset=offset)

        answer = ask(call)
        if answer.status != 200:
            found.ended = f"status {answer.status}"
            break
        found.total = answer.total
        found.read += len(answer.items)
        views += answer.items.values()
        if not answer.items or found.read >= (answer.total or 0):
            break
    for view in sorted(views, key=lambda each: each.created or ""):  # v1 lists the newest first
        if (key := key_of(collection, view.fields)) is None:
            found.keyless += 1
        else:
            found.keys.setdefault(kept_key(collection, key, schema), []).append(view.id)
    return found


def note(collection: Collection, found: Listed) -> str:
    """Return what *found* says of *collection*, in a sentence."""
    if found.ended:
        return f"Collection {collection.name}: its items could not be read ({found.ended})"
    total = found.read if found.total is None else found.total
    text = f"Collection {collection.name}: {total} items"
    if total > found.read:
        text += f", of which the keys of {found.read} were compared"
    if found.keyless:
        text += f"; {found.keyless} have no key in {', '.join(collection.keys)}"
    return text


def stored_duplicates(settings: Settings, steps: Steps, collection: Collection) -> Keys:
    """Return the keys that earlier listings have found in several items."""
    from workers.store.item_index import Items

    found = Items(steps, settings).duplicates(collection)
    return {key: list(ids) for key, ids in found.items()}


def duplicates(name: str, keys: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield a warning for each key that several items have."""
    where = f"collection {name}"
    found = {key: ids for key, ids in keys.items() if len(ids) > 1}
    for key, ids in list(found.items())[:SHOWN]:
        do = f"give the others keys of their own, or delete them: {ids[0]} is written"
        yield Problem(where, f"key {key} in items {', '.join(ids)}", "one item for each key", do)
    if len(found) > SHOWN:
        do = f"begin with the {SHOWN} above"
        yield Problem(where, f"{len(found)} such keys in all", "one item for each key", do)


def waits(settings: Settings, steps: Steps, totals: Mapping[str, int]) -> Iterator[Problem]:
    """
    Yield an error for each collection that the CMS has told to have no room, or to be unpublished.

    Args:
        totals: Collection → items that it has.
    """
    from workers.store import keys
    from workers.store.collection_waits import PLAN_LIMIT, waits_of
    from workers.store.connection import guarded

    for name in settings.collections:
        with guarded():
            held: Any = steps.client.hgetall(keys.collection(name))
        for wait in waits_of(held, 0.0, pending=0, roomless=0):
            where = f"collection {name}"
            if wait["reason"] == PLAN_LIMIT:
                full = f"{totals[name]} items, and " if name in totals else ""
                found = f"{full}no room for more: {wait['message']}"
                do = "delete items, or take a larger plan: none is created until then"
                yield Problem(where, found, "room in the plan of the site", do)
            else:
                do = "publish the site: nothing of the collection is written until then"
                yield Problem(where, wait["message"], "a published site", do)
