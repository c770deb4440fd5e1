"""The tasks of a round of publishing that are about the site: find, read, publish and confirm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

from workers.config.settings import Collection, Destination
from workers.delivery.locale_reads import reason
from workers.delivery.reads import CmsReader, is_limited, summary
from workers.errors import DestinationError
from workers.model.publishing import Round, Task
from workers.model.versions import text_of_moment
from workers.policy import publish, publish_items
from workers.store.publishing import Progress
from workers.webflow.client import Client
from workers.webflow.item_answers import Answer

Outcome = Answer | DestinationError

_log = logging.getLogger(__name__)


class Call:
    """Sends the request of one task."""

    def __init__(
        self, reader: CmsReader, destination: Destination, token: str, not_after: float
    ) -> None:
        self._reader = reader
        self.destination = destination
        self.token = token
        self.not_after = not_after

    def ask(
        self,
        ask: Callable[[Client], Answer],
        kind: str,
        *,
        collection: Collection | None = None,
        harmless: bool = False,
        own_limit: bool = False,
    ) -> Outcome:
        return self._reader.ask(
            self.destination,
            ask,
            kind=kind,
            flight=self.token,
            collection=collection,
            harmless=harmless,
            own_limit=own_limit,
        )

    def log(self, outcome: Outcome, **what: object) -> None:
        """Log what a publish has come to."""
        told = {"destination": self.destination.name, "outcome": summary(outcome), **what}
        _log.info("publish", extra=told)

    def ask_site(self, *of: str) -> Outcome:
        # Not needed by writes: a token without this right may still write.
        return self.ask(
            lambda client: client.list_sites(*of, not_after=self.not_after), "site", harmless=True
        )


def find(call: Call, round: Round) -> Progress:
    """Find the site: the only one that the token sees, or one of several."""
    outcome = call.ask_site()
    if not is_good(outcome):
        return again(round, outcome)
    sites = outcome.sites
    if len(sites) == 1:
        return Progress(replace(round.rest, site=sites[0].id))
    if not sites:
        return _given_up(round, "the token sees no site: give it the scope sites:read")
    return Progress(round.rest.before(*(Task("search", site.id) for site in sites)))


def search(call: Call, round: Round, task: Task, own: set[str]) -> Progress:
    """Ask whether a site has one of the collections *own*, ids."""
    outcome = call.ask_site(task.of, "collections")
    if not is_good(outcome):
        return again(round, outcome)
    if not own.isdisjoint(outcome.collections):
        rest = tuple(each for each in round.tasks if each.kind != "search")
        return Progress(replace(round, tasks=rest, site=task.of))
    if any(each.kind == "search" for each in round.tasks[1:]):
        return Progress(round.rest)
    return _given_up(round, "no site that the token sees has the collections: set site")


def read(call: Call, round: Round) -> Progress:
    outcome = call.ask_site(round.site)
    if not is_good(outcome) or not outcome.sites:
        return again(round, outcome)
    wanted = call.destination.publish_domains
    return Progress(publish.of_site(round.rest, outcome.sites[0], wanted))


def list_collections(call: Call, round: Round, task: Task, now_ms: int) -> Progress:
    """Have every collection of the site read, also those that Instep does not write to."""
    outcome = call.ask_site(round.site, "collections")
    if not is_good(outcome):
        return again(round, outcome)
    names = {id: each.name for id, each in outcome.collections.items()}
    pages = (Task("list", id, since=task.since) for id in names)
    since = text_of_moment(outcome.at) or ""
    rest = replace(round.rest.before(*pages), names=names, listed=now_ms, since=since)
    return Progress(rest)


def publish_site(call: Call, round: Round) -> Progress:
    """Publish the site; the store has noted that, and the round is the one behind it already."""
    outcome = call.ask(
        lambda client: client.publish_site(
            round.site, round.domains, subdomain=round.subdomain, not_after=call.not_after
        ),
        "site-publish",
        harmless=True,
        own_limit=True,
    )
    call.log(outcome, site=round.site)
    rest = publish.asked_for(round)
    if isinstance(outcome, Answer) and 300 <= outcome.status < 500:
        if is_limited(outcome):
            return Progress(replace(rest, tasks=()), wait=publish.SITE_EVERY)
        return _given_up(rest, _refusal(outcome))
    return Progress(rest, failed="" if is_good(outcome) else None)


def _refusal(outcome: Answer) -> str:
    """Return why the site was not published, and what to do."""
    if outcome.status in (401, 403):
        return f"{summary(outcome)}: give the token the scope sites:write"
    return f"{summary(outcome)}: correct site or publish_domains of the destination"


def confirm(call: Call, round: Round) -> Progress:
    """Ask whether the site was published, whatever came of the request."""
    outcome = call.ask_site(round.site)
    if not is_good(outcome) or not outcome.sites:
        return again(round, outcome)
    shown = outcome.sites[0].published or ""
    if shown <= round.published:
        # Not yet, or never: another round finds out, no sooner than a minute after this one.
        return Progress(round.rest)
    rest = replace(round.rest, confirmed=True, published=shown)
    return Progress(rest, full=publish.early(shown))


def is_good(outcome: Outcome) -> TypeGuard[Answer]:
    return isinstance(outcome, Answer) and outcome.status < 300


def again(round: Round, outcome: Outcome, *, of: str = "") -> Progress:
    """Repeat the task soon; or end the round, if the CMS refuses it. *of*: what was asked."""
    if isinstance(outcome, Answer) and 300 <= outcome.status < 500 and not is_limited(outcome):
        return _given_up(round, f"{of}: {summary(outcome)}" if of else reason(outcome))
    return Progress(round, wait=publish.SOON)


def _given_up(round: Round, why: str) -> Progress:
    return Progress(replace(round, tasks=()), wait=publish_items.AGAIN, failed=why)
