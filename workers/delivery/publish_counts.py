"""
The check behind a publish of the site by two counts, however many items it has taken.

Of what was edited since the oldest write, it asks first for what was published since the look
began, then for what was not. What is ours, was ready then and is not shown now is live, if both
numbers account for all of it. Where they do not, or the CMS takes no notice of the time, the pages
of the listing are read instead: that an item is not shown proves nothing alone.

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


def is_counted(round: Round, collection: Collection | None, members: Sequence[Member]) -> bool:
    """Tell whether two counts take fewer requests than the pages of *collection*."""
    if collection is None or collection.localized:
        return False  # an item has an entry for each locale that is written
    told = round.confirmed and round.since and round.taken != UNTOLD
    return bool(told) and len(_ours(round, members)) > 2 * PAGE


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
    outcome = _list(call, task, collection, {"lastPublished[lte]": round.since})
    if not is_good(outcome):
        return again(round, outcome)
    views, ours = outcome.variants, _ours(round, members)
    shown = {view.id for view in views}
    whole = outcome.total == len(views) and round.taken + len(views) >= len(ours)
    if not whole or any(each.id in shown for each in ours):
        return _by_pages(round, task)
    found = [Outcome(each.record, each.at, "done") for each in ours]
    return Progress(round.rest, collection.name, found)


def _ours(round: Round, members: Sequence[Member]) -> list[Member]:
    """Return what the look has shown as ready; no filter may show what was never published."""
    return [
        each for each in members if each.state == "r" and not each.new and each.at < round.since
    ]


def _is_since(view: ItemView, round: Round) -> bool:
    return (view.published or "") >= round.since


def _by_pages(round: Round, task: Task) -> Progress:
    return Progress(replace(round.rest, taken=UNTOLD).before(replace(task, kind="check")))


def _list(call: Call, task: Task, collection: Collection, where: Mapping[str, str]) -> CallOutcome:
    return call.ask(
        lambda client: client.list_items(
            task.of, since=task.since or None, edited=True, where=where, not_after=call.not_after
        ),
        "list",
        collection=collection,
    )
