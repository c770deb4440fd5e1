"""What is published, and when: pure decisions about a round of publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from workers.config.settings import Destination
from workers.model.publishing import CHECKS, SEEN, Member, Outcome, Round, Task
from workers.webflow.site import Site

CHECK = 5.0  # s from a publish of items to the look whether they are live
CONFIRM = 15.0  # s from a publish of the site to that look: it is queued there
SOON = 10.0  # s before a request that had no usable answer is repeated
SITE_EVERY = 60.0  # s between two publishes of one site
BATCH = 100  # items in one publish
SHARE = 5  # one call of the budget in so many is for publishing
LONGEST = 300.0  # s between two rounds for that


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one collection: by the item, by a publish of the site; the oldest write."""

    by_item: bool
    by_site: bool
    since: str


def under(destination: Destination) -> str:
    """Return the keys that a round goes by: with others, what it has found counts no more."""
    keys = (destination.publish, destination.publish_others, destination.publish_domains)
    return " ".join(map(str, keys))


def is_outdated(round: Round, destination: Destination) -> bool:
    """Tell whether *round* was to publish otherwise than *destination* is to; checks go on."""
    return round.tasks[0].kind not in CHECKS and round.under != under(destination)


def begin(waiting: Mapping[str, Waiting], *, site: str, full: str, others: bool) -> Round:
    """
    Return a new round.

    Args:
        waiting: Collection id → what waits there.
        site: Id of the site; "": unknown.
        full: All that was edited up to then was published with the site by us; "": unknown.
        others: What others have queued may go along.
    """
    by_item = {of: each.since for of, each in waiting.items() if each.by_item}
    tasks = [task for of, since in by_item.items() for task in (_look(of, since), Task("send", of))]
    tasks += [Task("check", of, since=since) for of, since in by_item.items()]
    own = {of: each.since for of, each in waiting.items() if each.by_site}
    if own:
        tasks += [] if site else [Task("find")]
        tasks += [Task("site")]
        if others:
            tasks += [_look(of, since) for of, since in own.items()]
        else:
            # Not from the site's own lastPublished: whether a publish of a single page moves that
            # is unknown, and an edit before it would be overlooked.
            oldest = min([full, *own.values()]) if full else ""
            tasks += [Task("collections", since=oldest)]
        tasks += [Task("publish"), Task("confirm")]
        tasks += [Task("check", of, since=since) for of, since in own.items()]
    return Round(tuple(tasks), site)


def _look(of: str, since: str) -> Task:
    return Task("look", of, since=since)


def advance(round: Round) -> Round:
    """Drop the next tasks as far as there is nothing to do for them."""
    while round.tasks and _is_idle(round, round.tasks[0]):
        round = round.rest
    return round


def _is_idle(round: Round, task: Task) -> bool:
    if task.kind == "send":
        return not round.ready.get(task.of)
    if task.kind == "publish":
        return not round.own or bool(round.others) or round.doubted
    if task.kind == "confirm":
        return not round.asked
    if task.kind == "check":
        return not (round.asked or task.of in round.sent)
    return False


def pause_before(round: Round, done: Task) -> float:
    """Return the seconds between the task *done* and the next one of *round*."""
    if not round.tasks or round.tasks[0].kind not in CHECKS or done.kind in CHECKS:
        return 0.0
    return CONFIRM if done.kind == "publish" else CHECK


def relisted(round: Round, now_ms: int) -> Round:
    """
    Return *round*, whose next task may publish the site: where its lists took long, what was edited
    meanwhile is listed before that, once.
    """
    if not round.tasks or round.tasks[0].kind != "publish" or not round.listed or round.again:
        return round
    if now_ms - round.listed <= 1000 * SEEN:
        return round
    since = early(round.since) if round.since else ""
    return replace(round.before(Task("collections", since=since)), again=True)


def rest_after(round: Round, requests_per_minute: int) -> float:
    """Return the seconds before the next round: the larger the site, the seldomer it is read."""
    return min(LONGEST, SHARE * round.calls * 60 / requests_per_minute)


def asked_for(round: Round) -> Round:
    """Return *round*, whose next task publishes the site, as it is behind that."""
    return replace(round.rest, asked=True)


def of_site(round: Round, site: Site, wanted: Sequence[str]) -> Round:
    """Return *round* with what is known of its site; *wanted*: ids of domains; empty: all."""
    return replace(
        round,
        site=site.id,
        domains=tuple(wanted) or site.domain_ids,
        subdomain=not wanted,
        locales=",".join(locale.id for locale in site.locales),
        published=site.published or "",
    )


def early(published: str) -> str:
    """
    Return a minute before *published*, a time as the CMS writes it: what was edited while a publish
    of the site was under way may have missed it.
    """
    moment = datetime.fromisoformat(published) - timedelta(seconds=60)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def held(others: Mapping[str, int]) -> str:
    """Return why the site is not published; "": nothing is against it."""
    if not others:
        return ""
    total = sum(others.values())
    parts = [
        f"{number} {'item' if number == 1 else 'items'} in {name}"
        for name, number in others.items()
    ]
    was = "was" if total == 1 else "were"
    return f"{' and '.join(parts)} {was} edited by somebody else and would go live with it"


def counted(
    round: Round, collection: str, found: Iterable[Outcome], foreign: int, *, doubted: bool = False
) -> Round:
    """
    Return *round* with what a page of *collection*, an id, has shown.

    Args:
        foreign: Queued items on it that are not ours.
        doubted: There are others, of which that is not known yet.
    """
    ready = sum(1 for each in found if each.state == "r")
    others = dict(round.others)
    if foreign:
        name = round.names.get(collection, collection)
        others[name] = others.get(name, 0) + foreign
    return replace(
        round,
        own=round.own + ready,
        ready={**round.ready, collection: round.ready.get(collection, 0) + ready},
        others=others,
        doubted=round.doubted or doubted,
    )


def next_page(round: Round, size: int, unsure: Iterable[str]) -> Round:
    """
    Return *round* with the page of *size* items behind the one that was read as its next task.

    *unsure*: ids of the items on that page that wait and stay as they are.
    """
    task = round.tasks[0]
    following = round.rest.before(replace(task, offset=task.offset + size))
    return replace(following, unsure=(*round.unsure, *unsure))


def last_page(round: Round) -> Round:
    """Return *round* behind the last page of a listing."""
    return replace(round.rest, unsure=())


def waiting_of(members: Iterable[Member]) -> Waiting | None:
    """Return what waits of *members*, those of one collection that are due; None: nothing."""
    known = [*members]
    if not known:
        return None
    return Waiting(
        any(not each.by_site for each in known),
        any(each.by_site for each in known),
        # A variant may have been written before another one was last.
        min(each.first or each.at for each in known),
    )
