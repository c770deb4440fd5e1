"""``instep check`` on locales: those that no mapping writes, and unknown ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from service.operate.check_fields import rules_of
from workers.errors import Problem
from workers.webflow.site import Locale, field_of, unknown

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.operate.check_site import Sites
    from workers.config.settings import Collection, Destination


def locales(
    configuration: Configuration,
    destination: Destination,
    sites: Sites | str,
    notes: list[str],
) -> tuple[list[Problem], list[Problem]]:
    """
    Return errors and warnings of the locales that are written through *destination*.

    Args:
        sites: The sites of its collections; or why they cannot be read.
    """
    errors: list[Problem] = []
    warnings: list[Problem] = []
    mine = configuration.settings.collections_of(destination.name)
    wanting = [each for each in mine if each.localized or _named_tags(configuration, each)]
    if isinstance(sites, str):
        lacking, why = wanting, sites
    else:
        lacking, why = [each for each in wanting if each.id not in sites], "no site"
        for collection in mine:
            if collection.id in sites:
                known = sites[collection.id].locales
                errors += _unknown(configuration, collection, known)
                errors += _conflicts(configuration, collection, known)
                warnings += _unwritten(configuration, collection, known, notes)
    if lacking:
        errors.append(_unread(configuration, destination, lacking, why))
    return errors, warnings


def _named_tags(configuration: Configuration, collection: Collection) -> set[str]:
    found = (rule.options.locale for rule in rules_of(configuration, collection))
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
    for rule in rules_of(configuration, collection):
        own = rule.options.locale
        if own is not None and unknown([own], locales):
            where = f"{rule.file}: {rule.name}.Meta.locale"
            yield Problem(where, f'"{own}"', f"a locale of the site ({known})", "correct the tag")


def _conflicts(
    configuration: Configuration, collection: Collection, locales: Sequence[Locale]
) -> Iterator[Problem]:
    """Yield a problem for each field that two mappings write in the primary locale."""
    rules, primary = rules_of(configuration, collection), locales[0].tag if locales else ""
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
    configuration: Configuration,
    collection: Collection,
    locales: Sequence[Locale],
    notes: list[str],
) -> Iterator[Problem]:
    """Yield a warning for locales that nothing writes; a note where instep.toml leaves them out."""
    if not rules_of(configuration, collection) or collection.locales == "all":
        return
    if not configuration.mappings.whole:
        return
    named = collection.locales
    shared = {locales[0].tag.lower()} if locales and isinstance(named, str) else set()
    written = _named_tags(configuration, collection) | shared
    written |= set() if isinstance(named, str) else {tag.lower() for tag in named}
    left = ", ".join(locale.tag for locale in locales if locale.tag.lower() not in written)
    if left and collection.locales_given:
        notes.append(f"Collection {collection.name}: no mapping writes the locale {left}")
    elif left:
        yield Problem(
            f"{configuration.settings.path}: collections.{collection.name}.locales",
            f"nothing, while the site has the locale {left}, which no mapping writes",
            'locales = "all", a list of tags, or Meta.locale in a mapping',
            'set one of them; or locales = "primary" to leave the others as they are',
        )
