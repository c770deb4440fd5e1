"""The sites of the collections of a destination: whether they are published, and their token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workers.errors import DestinationError, Problem
from workers.model.nearest import nearest
from workers.webflow.site import Site

if TYPE_CHECKING:
    from pathlib import Path

    from workers.config.settings import Collection, Destination
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

SHOWN = 10  # collections in a message
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
        listed = _collections_of(ask, site)
        found |= dict.fromkeys(listed.collections, site)
    return found


def visible(ask: Ask, destination: Destination) -> dict[str, str]:
    """Return the collections that the token can see, id → name; none: it may not list them."""
    of = (destination.site,) if destination.site else ()
    found: dict[str, str] = {}
    try:
        for site in ask(lambda client: client.list_sites(*of)).sites[:MOST_SITES]:
            listed = _collections_of(ask, site).collections
            found |= {id: each.name for id, each in listed.items()}
    except DestinationError:
        return {}
    return found


def _collections_of(ask: Ask, site: Site) -> Answer:
    return ask(lambda client: client.list_sites(site.id, "collections"))


def with_nearest(problem: Problem, collection: Collection, seen: Mapping[str, str]) -> Problem:
    """Return *problem*, of the id of *collection*, with the collection in *seen* that is meant."""
    if not seen:
        return problem
    shown = ", ".join(f"{name} ({id})" for id, name in [*seen.items()][:SHOWN])
    near = nearest(collection.name, seen.values())
    id = next((id for id, name in seen.items() if name == near), None)
    return replace(
        problem,
        expected=f"one that the token can see: {shown}{', …' if len(seen) > SHOWN else ''}",
        do=f"write {id}, the collection {near}" if near else problem.do,
    )


def unpublished(file: Path, destination: Destination, sites: Sites) -> Iterator[Problem]:
    """Yield an error for each site that was never published, while its live items are written."""
    if not destination.live:
        return
    for id in dict.fromkeys(site.id for site in sites.values() if site.published == ""):
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
