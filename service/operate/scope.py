"""What an access of instep.toml may see: its destinations, and what belongs to them."""

from __future__ import annotations

from collections.abc import Collection as Names
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.config.build import Configuration
    from workers.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Scope:
    """
    Names that may be seen.

    Args:
        whole: Everything may be seen, also what belongs to no destination.
        sources: Those whose mappings reach one of the *collections*.
        shared: Those of the *sources* whose mappings reach other collections too.
    """

    whole: bool
    destinations: frozenset[str]
    collections: frozenset[str]
    sources: frozenset[str]
    shared: frozenset[str] = frozenset()


def whole_scope(settings: Settings) -> Scope:
    """Return the scope of everything."""
    return Scope(
        True,
        frozenset(settings.destinations),
        frozenset(settings.collections),
        frozenset(settings.all_sources),
    )


def scope_of(configuration: Configuration, destinations: Names[str]) -> Scope:
    """Return what concerns *destinations*; empty: everything."""
    settings = configuration.settings
    if not destinations:
        return whole_scope(settings)
    collections = frozenset(
        each.name for each in settings.collections.values() if each.destination in destinations
    )
    options = [rule.options for rule in configuration.mappings.rules]
    sources = frozenset(each.source for each in options if each.collection in collections)
    others = {each.source for each in options if each.collection not in collections}
    return Scope(False, frozenset(destinations), collections, sources, sources & others)
