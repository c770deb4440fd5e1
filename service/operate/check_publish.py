"""What a publish of the site takes along, and no API shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from workers.errors import Problem
from workers.webflow.site import field_of

if TYPE_CHECKING:
    from service.config.build import Configuration
    from workers.config.settings import Destination

DO: Final = (
    'publish the Designer\'s changes first, or set publish_window, or publish = "items" with '
    'on_delete = "unpublish"'
)


def designer_changes(configuration: Configuration) -> Iterator[Problem]:
    """
    Yield a warning for each destination that may publish its site.

    A publish takes along unpublished changes of the Designer, which the Data API does not show.
    """
    settings = configuration.settings
    for name, destination in settings.destinations.items():
        if destination.publish == "site":
            found = 'publish = "site"'
        elif destination.publish == "items" and _archives(configuration, destination):
            found = 'publish = "items", and items that are archived'
        else:
            continue
        found += ": a publish of the site takes along every unpublished change of the Designer"
        expected = "nobody at work in the Designer: the API does not show such changes"
        yield Problem(f"{settings.path}: destinations.{name}.publish", found, expected, DO)


def _archives(configuration: Configuration, destination: Destination) -> bool:
    """Tell whether items are archived, which only a publish of the site takes off it."""
    own = {each.name: each for each in configuration.settings.collections_of(destination.name)}
    if any(each.reconcile.orphans == "archive" for each in own.values()):
        return True
    return any(
        rule.options.on_delete == "archive"
        or any(field_of(target.slug) == "_archived" for target in rule.targets)
        for rule in configuration.mappings.rules
        if rule.options.collection in own
    )
