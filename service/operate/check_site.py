"""The sites of the collections of a destination: whether they are published, and their token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from workers.errors import Problem
from workers.webflow.site import Site

if TYPE_CHECKING:
    from pathlib import Path

    from workers.config.settings import Collection, Destination
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

MOST_SITES = 20  # whose collections are listed to find the site of a collection
NEEDED = ("cms:read", "cms:write")
Ask = Callable[[Callable[["Client"], "Answer"]], "Answer"]
Sites = Mapping[str, Site]  # by id of the collection


def sites_of(ask: Ask, destination: Destination, collections: Sequence[Collection]) -> Sites | str:
    """
    Return collection id → its site; or the reason why no site can be read.

    Raises:
        DestinationError: There was no answer.
    """
    of = (destination.site,) if destination.site else ()
    answer = ask(lambda client: client.list_sites(*of))
    if answer.status != 200:
        return f"status {answer.status} {answer.code or ''}".strip()
    if len(answer.sites) == 1:
        return {collection.id: answer.sites[0] for collection in collections}
    found: dict[str, Site] = {}
    for site in answer.sites[:MOST_SITES]:
        if found.keys() >= {collection.id for collection in collections}:
            break
        listed = ask(lambda client, id=site.id: client.list_sites(id, "collections"))  # type: ignore[misc]
        found |= dict.fromkeys(listed.collections, site)
    return found


def unpublished(file: Path, destination: Destination, sites: Sites) -> Iterator[Problem]:
    """Yield an error for each site that was never published, while its live items are written."""
    if not destination.live:
        return
    for id in dict.fromkeys(site.id for site in sites.values() if site.published is False):
        where = f"{file}: destinations.{destination.name}.live"
        found = f"true, for the site {id}, which was never published"
        do = "publish the site in Webflow, or set live = false to write drafts until then"
        yield Problem(where, found, "a published site: its items have no live copy before", do)


def missing_scopes(
    file: Path, destination: Destination, answer: Answer, notes: list[str]
) -> Iterator[Problem]:
    """Yield an error if *answer*, what the token may do, lacks a scope; else note what it lacks."""
    if answer.scopes is None:
        notes.append(
            f"Destination {destination.name}: scopes not checked, as the token does not tell them "
            f"(status {answer.status}); it needs {' and '.join(NEEDED)}"
        )
        return
    if left := [scope for scope in NEEDED if scope not in answer.scopes]:
        where = f"{file}: destinations.{destination.name}.token"
        found = f"a token with the scopes {', '.join(sorted(answer.scopes)) or 'of nothing'}"
        do = f"create a token that has {' and '.join(left)} too, and set it"
        yield Problem(where, found, f"{' and '.join(NEEDED)}", do)
