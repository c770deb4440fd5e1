"""``instep check`` on locales: those that no mapping writes, and unknown ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from service.operate.cms_request import ask_by
from workers.errors import DestinationError, Problem
from workers.webflow.site import Locale, Site, field_of, unknown

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.mapping.compiled import Rule
    from workers.config.settings import Collection, Destination
    from workers.store.rate_limiter import Limiter
    from workers.webflow.client import Client
    from workers.webflow.item_answers import Answer

MOST_SITES = 20  # whose collections are listed to find the site of a collection
Ask = Callable[[Callable[["Client"], "Answer"]], "Answer"]


def locales(
    configuration: Configuration,
    destination: Destination,
    limiter: Limiter | None,
    notes: list[str],
) -> Iterator[Problem]:
    """Yield the problems of the locales that are written through *destination*."""
    mine = configuration.settings.collections_of(destination.name)
    wanting = [each for each in mine if each.localized or _named_tags(configuration, each)]
    if destination.api == "v1" or not any(_rules(configuration, each) for each in mine):
        return  # there are no locales, or nothing is written at all

    def ask(call: Callable[[Client], Answer]) -> Answer:
        return ask_by(destination, limiter, call, kind="site")

    try:
        found = _sites(ask, destination, mine)
    except DestinationError:
        return  # reported already
    if isinstance(found, str):
        lacking, why = wanting, found
    else:
        lacking, why = [each for each in wanting if each.id not in found], "no site"
        for collection in mine:
            if collection.id in found:
                known = found[collection.id].locales
                yield from _unknown(configuration, collection, known)
                yield from _conflicts(configuration, collection, known)
                notes += _unwritten(configuration, collection, known)
    if lacking:
        yield _unread(configuration, destination, lacking, why)


def _sites(
    ask: Ask, destination: Destination, collections: Sequence[Collection]
) -> dict[str, Site] | str:
    """Return collection id → its site; or the reason why no site can be read."""
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


def _rules(configuration: Configuration, collection: Collection) -> list[Rule]:
    rules = configuration.mappings.rules
    return [rule for rule in rules if rule.options.collection == collection.name]


def _named_tags(configuration: Configuration, collection: Collection) -> set[str]:
    found = (rule.options.locale for rule in _rules(configuration, collection))
    return {tag.lower() for tag in found if tag is not None}


def _unread(
    configuration: Configuration,
    destination: Destination,
    wanting: Sequence[Collection],
    found: str,
) -> Problem:
    names = ", ".join(collection.name for collection in wanting)
    where = f"{configuration.settings.path}: destinations.{destination.name}"
    until = "until then only the primary locale is written"
    if destination.site:
        return Problem(
            f"{where}.site",
            f"{found} for site {destination.site}, whose locales are needed: {names}",
            "the id of the site, and a token that may read it",
            f"correct the id, or give the token the scope sites:read; {until}",
        )
    return Problem(
        f"{where}.token",
        f"{found} for the site, whose locales are needed: {names}",
        "a token that may read its site, and the site of each collection",
        f"give it the scope sites:read, or name the site's id: site = …; {until}",
    )


def _unknown(
    configuration: Configuration, collection: Collection, locales: Sequence[Locale]
) -> Iterator[Problem]:
    known = ", ".join(locale.tag for locale in locales) or "none: the site is not localized"
    where = f"{configuration.settings.path}: collections.{collection.name}.locales"
    for tag in unknown(collection.locales, locales):
        yield Problem(where, f'"{tag}"', f"a locale of the site ({known})", "correct the tag")
    for rule in _rules(configuration, collection):
        own = rule.options.locale
        if own is not None and unknown([own], locales):
            where = f"{rule.file}: {rule.name}.Meta.locale"
            yield Problem(where, f'"{own}"', f"a locale of the site ({known})", "correct the tag")


def _conflicts(
    configuration: Configuration, collection: Collection, locales: Sequence[Locale]
) -> Iterator[Problem]:
    """Yield a problem for each field that two mappings write in the primary locale."""
    rules, primary = _rules(configuration, collection), locales[0].tag if locales else ""
    shared = {
        target.slug: rule for rule in rules if not rule.options.locale for target in rule.targets
    }
    for rule in rules:
        if (rule.options.locale or "").lower() != primary.lower() or not primary:
            continue
        for target in rule.targets:
            if other := shared.get(field_of(target.slug)):
                yield Problem(
                    f"{rule.file}: {rule.name}.{target.attribute}",
                    f"{field_of(target.slug)} in the primary locale {primary}, "
                    f"which {other.name} ({other.file}) writes too",
                    "one mapping for each field of each variant",
                    f"set Meta.locale in both, or in neither of {rule.name} and {other.name}",
                )


def _unwritten(
    configuration: Configuration, collection: Collection, locales: Sequence[Locale]
) -> Iterator[str]:
    if not _rules(configuration, collection) or collection.locales == "all":
        return
    named = collection.locales
    shared = {locales[0].tag.lower()} if locales and isinstance(named, str) else set()
    written = _named_tags(configuration, collection) | shared
    written |= set() if isinstance(named, str) else {tag.lower() for tag in named}
    left = ", ".join(locale.tag for locale in locales if locale.tag.lower() not in written)
    if left:
        yield (
            f"Collection {collection.name}: no mapping writes the locale {left}; set "
            'locales = "all" or a list of tags, or Meta.locale in a mapping'
        )
