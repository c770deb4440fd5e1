"""
Carry out a round of publishing, task by task: each is one request, from claim to settle.

`workers.policy.publish` decides what comes next, `publish_items` what a page says of the items. A
request whose answer never comes needs no care of its own: what was published is seen in the listing
behind it, and a publish of the site is noted before it is sent, so that it is looked for and not
repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.config.settings import Collection, Destination
from workers.delivery import publish_counts, site_publish
from workers.delivery.context import Context
from workers.delivery.reads import CmsReader, is_limited, summary
from workers.delivery.site_publish import Call, again, is_good
from workers.model.attempts import Publish
from workers.model.publishing import CHECKS, Outcome, Round, Task, seen_for
from workers.policy import publish, publish_items
from workers.store.publishing import Known, Progress
from workers.webflow.client import PAGE
from workers.webflow.item_answers import Answer, ItemView


class Publisher:
    """Used by one Deliverer, in its thread; StoreUnavailable if the store does not answer."""

    def __init__(self, reader: CmsReader, context: Context) -> None:
        self._reader = reader
        self._context = context
        self._store = context.publishing

    def carry_out(self, destination: Destination, step: Publish, not_after: float) -> None:
        """Carry out the next task of the round of *destination*."""
        round = publish.advance(Round.parse(step.work)) if step.work else Round()
        if not step.work or _is_stale(round, step.age, destination):
            round = publish.advance(self._begin(destination, step.at))
        if not round.tasks:
            self._give_back(destination, step.token)
            self._settle(destination, step.token, Progress(round, held="", failed=""))
            return
        task = round.tasks[0]
        call = Call(self._reader, destination, step.token, not_after)
        progress = self._carry_out(call, round, task, step.at)
        progress = _completed(progress, task, step.at, destination.requests_per_minute)
        self._settle(destination, step.token, progress)

    def _begin(self, destination: Destination, now_ms: int) -> Round:
        """Return a new round for what waits."""
        waiting = {}
        for collection in self._collections(destination):
            if found := publish.waiting_of(self._store.due(collection, now_ms)):
                waiting[collection.id] = found
        site, full = self._store.site_of(destination)
        round = publish.begin(waiting, site=site, full=full, others=destination.publish_others)
        return replace(round, under=publish.under(destination))

    def _collections(self, destination: Destination) -> tuple[Collection, ...]:
        return self._context.settings.collections_of(destination.name)

    def _carry_out(self, call: Call, round: Round, task: Task, now_ms: int) -> Progress:
        match task.kind:
            case "find":
                return site_publish.find(call, round)
            case "search":
                own = {each.id for each in self._collections(call.destination)}
                return site_publish.search(call, round, task, own)
            case "site":
                return site_publish.read(call, round)
            case "collections":
                return site_publish.list_collections(call, round, task, now_ms)
            case "send":
                return self._send(call, round, task, now_ms)
            case "publish":
                return site_publish.publish_site(call, round)
            case "confirm":
                return site_publish.confirm(call, round)
            case _:
                return self._read(call, round, task, now_ms)

    # pages ----------------------------------------------------------------------------------

    def _read(self, call: Call, round: Round, task: Task, now_ms: int) -> Progress:
        """Read a page; look for what was published by counts where those are fewer calls."""
        collection = self._collection_of(call.destination, task.of)
        if collection is None or task.kind not in CHECKS or task.offset:
            return self._look(call, round, task, now_ms)
        due = self._store.due(collection, now_ms)
        if not publish_counts.is_counted(round, task, collection, due):
            return self._look(call, round, replace(task, kind="check"), now_ms)
        if task.kind == "left":
            return publish_counts.see_left(call, round, task, collection, due)
        return publish_counts.count_taken(call, round, task, collection)

    def _look(self, call: Call, round: Round, task: Task, now_ms: int) -> Progress:
        """Read a page of a collection, and compare the staged copies of its items with the live."""
        collection = self._collection_of(call.destination, task.of)
        locales = round.locales or self._locales(collection)
        outcome = call.ask(
            lambda client: client.list_items(
                task.of,
                offset=task.offset,
                since=task.since or None,
                edited=True,
                where={"cmsLocaleId": locales} if locales else None,
                not_after=call.not_after,
            ),
            "list",
            collection=collection,
            harmless=collection is None,  # nothing is written there
        )
        if not is_good(outcome):
            return again(round, outcome, of=f"{round.names.get(task.of, task.of)} cannot be listed")
        views = outcome.variants
        known = self._store.known(collection, [view.id for view in views]) if collection else {}
        members = [each.member for each in known.values() if each.member]
        others = call.destination.publish_others
        unsettled = {each.record for each in known.values() if each.unsettled}
        found = [
            each
            for each in publish_items.outcomes(
                members, views, round, others=others, localized=_is_localized(collection)
            )
            if each.state != "e" or each.record not in unsettled
        ]
        edited = [each.record for each in found if each.state == "e"]
        if collection and edited:
            found = publish_items.unsure(found, self._store.doubted(collection, edited))
        theirs = {
            v.id for v in views if task.kind == "list" and _is_other(v, known.get(v.id), round)
        }
        doubted = {id for id in theirs if id in known and known[id].unsettled}
        if _goes_on(outcome, task):
            told = {each.record for each in found}
            waits = (id for id, each in known.items() if each.member and each.record not in told)
            rest = publish.next_page(round, PAGE, waits)
        else:
            rest = publish.last_page(round)
            found += self._absent(collection, round, task, views, now_ms)
        if task.kind != "check":
            foreign = len(theirs - doubted)
            rest = publish.counted(rest, task.of, found, foreign, doubted=bool(doubted))
        return Progress(rest, collection.name if collection else "", found)

    def _absent(
        self,
        collection: Collection | None,
        round: Round,
        task: Task,
        views: Sequence[ItemView],
        now_ms: int,
    ) -> list[Outcome]:
        """Return the outcomes of the items that no page has shown."""
        if collection is None or task.kind == "check":
            return []
        seen = {*round.unsure, *(view.id for view in views)}
        due = self._store.due(collection, now_ms)
        return publish_items.absent(due, seen, whole=not task.offset)

    def _collection_of(self, destination: Destination, id: str) -> Collection | None:
        # Another destination may write to the same site.
        own = destination.base_url
        settings = self._context.settings
        for each in settings.collections.values():
            if each.id == id and settings.destinations[each.destination].base_url == own:
                return each
        return None

    def _locales(self, collection: Collection | None) -> str:
        if collection is None or not collection.localized:
            return ""
        known = self._context.locales.known(collection).locales
        return ",".join(locale.id for locale in known or ())

    # publishes ------------------------------------------------------------------------------

    def _send(self, call: Call, round: Round, task: Task, now_ms: int) -> Progress:
        """Publish up to 100 items of a collection."""
        collection = self._collection_of(call.destination, task.of)
        due = self._store.due(collection, now_ms) if collection else []
        ready = [each for each in due if each.state == "r" and not each.by_site]
        members = ready[: publish.BATCH]
        if collection is None or not members:
            self._give_back(call.destination, call.token)
            return Progress(round.rest)
        localized = any(each.locales for each in members)
        named = [(each.id, each.locales) if localized else each.id for each in members]
        outcome = call.ask(
            lambda client: client.publish(task.of, named, not_after=call.not_after),  # type: ignore[arg-type]
            "publish",
            collection=collection,
        )
        call.log(outcome, collection=collection.name, items=len(members))
        rest = round.rest if len(ready) == len(members) else round
        rest = replace(rest, sent=tuple(dict.fromkeys((*rest.sent, task.of))))
        if is_good(outcome):
            found = publish_items.sent(members, outcome.published, outcome.errors)
            return Progress(rest, collection.name, found, sent=True, failed="")
        if isinstance(outcome, Answer) and not is_limited(outcome) and outcome.status < 500:
            failed = f"items of {collection.name}: {summary(outcome)}"
            return Progress(replace(round, tasks=()), wait=publish_items.AGAIN, failed=failed)
        # It may have been published: the look behind it shows that.
        return Progress(rest, sent=True)

    # the end --------------------------------------------------------------------------------

    def _settle(self, destination: Destination, token: str, progress: Progress) -> None:
        self._store.settle(destination, token, progress)

    def _give_back(self, destination: Destination, token: str) -> None:
        """Undo the effects of a claim without a request."""
        self._context.limiter.give_back(destination)
        self._context.breaker.record(destination.name, "read", flight=token)


def _is_localized(collection: Collection | None) -> bool:
    return collection is not None and collection.localized


def _goes_on(page: Answer, task: Task) -> bool:
    """Tell whether another page follows *page*."""
    number = len(page.variants)
    if page.total is None:
        return number >= PAGE
    return number > 0 and task.offset + number < page.total


def _is_other(view: ItemView, known: Known | None, round: Round) -> bool:
    """Tell whether a publish of the site would take along what is not as Instep has written it."""
    if not publish_items.is_queued(view, round.published):
        return False
    if known is None:
        return True
    return not publish_items.is_ours(view, known.member, known.written, made=known.ours)


def _completed(progress: Progress, done: Task, now_ms: int, per_minute: int) -> Progress:
    """Add to *progress* what follows from it: which task is next, when, and what is held."""
    rest = publish.relisted(publish.advance(progress.round), now_ms)
    rest = replace(rest, calls=rest.calls + 1)
    before, after = (_publishes(each) for each in (progress.round, rest))
    held = progress.held
    if before and not after:
        held = publish.held(progress.round.others)
    wait = progress.wait or publish.pause_before(rest, done)
    if not rest.tasks:
        least = publish_items.AGAIN if held else publish.rest_after(rest, per_minute)
        wait = max(wait, least)
    failed = progress.failed
    if not rest.tasks and failed is None:
        # A round that ends well and was for no publish of the site is held by nothing either.
        failed, held = "", held or ""
    behind = publish.asked_for(rest) if rest.tasks and rest.tasks[0].kind == "publish" else None
    held = "" if behind else held
    return replace(progress, round=rest, wait=wait, after=behind, held=held, failed=failed)


def _is_stale(round: Round, age: float, destination: Destination) -> bool:
    """Tell whether what was seen of the items that are to be sent is too old, or outdated."""
    if not round.tasks:
        return False
    seen = seen_for(destination.requests_per_minute)
    is_old = round.tasks[0].kind == "send" and age > seen
    return is_old or publish.is_outdated(round, destination)


def _publishes(round: Round) -> bool:
    return any(task.kind == "publish" for task in round.tasks)
