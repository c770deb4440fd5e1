"""
The check behind a publish of the site by two counts, however many items it has taken.

Of what was edited since the oldest write, it asks first how many were published since the look
began, then for the page of those that were published longest ago. If that page shows all that are
missing in the first number, and none of ours, ours are live. Where it does not, as where the CMS
takes no notice of the filter or of the order, the pages of the listing are read instead: that an
item is not shown proves nothing alone, and it is unknown which filters show one that has no time.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from workers.config.settings import Collection
from workers.delivery.site_publish import Call, again, is_good
from workers.delivery.site_publish import Outcome as CallOutcome
from workers.model.publishing import Member, Outcome, Round, Task
from workers.store.publishing import Progress
from workers.webflow.client import PAGE
from workers.webflow.item_answers import ItemView

UNTOLD = -1  # what was counted does not tell it: pages are read
_OLDEST_FIRST = {"sortBy": "lastPublished", "sortOrder": "asc"}


def is_counted(round: Round, task: Task, collection: Collection, members: Sequence[Member]) -> bool:
    """Tell whether two counts take fewer requests than the pages of *collection*."""
    if collection.localized:
        return False  # an item has an entry for each locale that is written
    told = round.confirmed and round.since and round.taken != UNTOLD
    return bool(told) and len(_ours(round, task, members)) > 2 * PAGE


def count_taken(call: Call, round: Round, task: Task, collection: Collection) -> Progress:
    """Ask how many items were published since the look began."""
    outcome = _list(call, task, collection, {"lastPublished[gte]": round.since})
    if not is_good(outcome):
        return again(round, outcome)
    views = outcome.variants
    if not views or not outcome.total or any(not _is_since(view, round) for view in views):
        return _by_pages(round, task)
    rest = replace(round.rest, taken=outcome.total)
    return Progress(rest.before(replace(task, kind="left")))


def see_left(
    call: Call, round: Round, task: Task, collection: Collection, members: Sequence[Member]
) -> Progress:
    """Ask which were not: the others of *members*, those that are due, are live."""
    outcome = _list(call, task, collection, _OLDEST_FIRST)
    if not is_good(outcome):
        return again(round, outcome)
    left = {view.id for view in outcome.variants if not _is_since(view, round)}
    ours = _ours(round, task, members)
    whole = round.taken + len(left) == outcome.total
    if not whole or any(each.id in left for each in ours):
        return _by_pages(round, task)
    found = [Outcome(each.record, each.at, "done") for each in ours]
    return Progress(round.rest, collection.name, found)


def _ours(round: Round, task: Task, members: Sequence[Member]) -> list[Member]:
    """Return what the look has shown as ready, and the counts are about."""
    return [
        each
        for each in members
        if each.state == "r" and not each.new and task.since <= each.at < round.since
    ]


def _is_since(view: ItemView, round: Round) -> bool:
    return (view.published or "") >= round.since


def _by_pages(round: Round, task: Task) -> Progress:
    return Progress(replace(round.rest, taken=UNTOLD).before(replace(task, kind="check")))


def _list(call: Call, task: Task, collection: Collection, query: Mapping[str, str]) -> CallOutcome:
    where = {"lastUpdated[gte]": task.since} if task.since else {}
    return call.ask(
        lambda client: client.find_items(task.of, {**where, **query}, not_after=call.not_after),
        "list",
        collection=collection,
    )
