"""GETs for localized sites: their locales, and the variants of items. Each is a step of its own."""

from __future__ import annotations

from collections.abc import Callable

from workers.config.settings import Destination
from workers.delivery.reads import CmsReader, summary
from workers.errors import DestinationError
from workers.model.attempts import Lookup
from workers.webflow.item_answers import Answer
from workers.webflow.site import Site


def read_for(lookup: Lookup) -> Callable[[CmsReader, Destination, Lookup, float], None] | None:
    """Return the function for *lookup*, if it is one of these."""
    return read if lookup.kind in ("site", "variants") else None


def read(reader: CmsReader, destination: Destination, lookup: Lookup, not_after: float) -> None:
    """
    Read the locales of a site, or a page of variants; StoreUnavailable if the store does not
    answer.
    """
    if lookup.kind == "variants":
        _read_variants(reader, destination, lookup, not_after)
    else:
        _read_site(reader, destination, lookup, not_after)


def _read_variants(
    reader: CmsReader, destination: Destination, lookup: Lookup, not_after: float
) -> None:
    collection = reader.context.settings.collections[lookup.collection]
    outcome = reader.ask(
        destination,
        lambda client: client.list_items(
            collection.id,
            offset=lookup.offset,
            where={"cmsLocaleId": lookup.locales},
            not_after=not_after,
        ),
        kind="list",
        collection=collection,
    )
    page = outcome if isinstance(outcome, Answer) and outcome.status == 200 else None
    reader.context.locales.ingest_page(lookup, page)


def _read_site(
    reader: CmsReader, destination: Destination, lookup: Lookup, not_after: float
) -> None:
    """Read the site; if the token sees several, search them one by one."""
    collection = reader.context.settings.collections[lookup.collection]
    known = reader.context.locales.known(collection)
    of: tuple[str, ...] = (destination.site,) if destination.site else ()
    searching = bool(known.sites) and not of
    if searching:
        of = (known.sites[known.turn].id, "collections")
    outcome = reader.ask(
        destination,
        lambda client: client.list_sites(*of, not_after=not_after),
        kind="site",
        flight=lookup.token,
        # Not needed by writes: a token without this right may still write.
        harmless=True,
    )
    if not isinstance(outcome, Answer) or outcome.status != 200:
        reader.context.locales.fail(lookup, reason(outcome), soon=_passes(outcome))
    elif searching:
        _go_on(reader, lookup, known.sites, known.turn, collection.id in outcome.collections)
    elif len(outcome.sites) == 1:
        reader.context.locales.keep(lookup, outcome.sites[0])
    elif outcome.sites:
        reader.context.locales.search(lookup, outcome.sites, 0)
    else:
        reader.context.locales.fail(lookup, "the token sees no site", soon=False)


def _go_on(
    reader: CmsReader, lookup: Lookup, sites: tuple[Site, ...], turn: int, found: bool
) -> None:
    if found:
        reader.context.locales.keep(lookup, sites[turn])
    elif turn + 1 < len(sites):
        reader.context.locales.search(lookup, sites, turn + 1)
    else:
        words = f"none of the {len(sites)} sites that the token sees has the collection"
        reader.context.locales.fail(lookup, words, soon=False)


def _passes(outcome: Answer | DestinationError) -> bool:
    return not isinstance(outcome, Answer) or outcome.status == 429 or outcome.status >= 500


def reason(outcome: Answer | DestinationError) -> str:
    """Return why the locales could not be read, and what to do."""
    if isinstance(outcome, Answer) and outcome.status in (401, 403):
        return f"{summary(outcome)}: give the token the scope sites:read"
    if isinstance(outcome, Answer) and outcome.status == 404:
        return f"{summary(outcome)}: correct the site of the destination"
    return summary(outcome)
