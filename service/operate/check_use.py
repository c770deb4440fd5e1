"""What instep.toml configures and nothing uses, and secrets that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workers.errors import Problem

if TYPE_CHECKING:
    from service.config.build import Configuration
    from workers.config.settings import Settings

SOON = timedelta(days=14)


def unread_sources(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each source that no mapping reads."""
    if not configuration.mappings.whole:
        return
    settings = configuration.settings
    read = {rule.options.source for rule in configuration.mappings.rules}
    for name in settings.sources:
        if name not in read:
            do = "write one, or remove the source: its deliveries are answered and have no effect"
            yield Problem(f"{settings.path}: sources.{name}", "no mapping", "a mapping", do)
    for name in settings.pulls:
        if name not in read:
            do = "write one with its name as Meta.source, or remove it: nothing is pulled"
            yield Problem(f"{settings.path}: pulls.{name}", "no mapping", "a mapping", do)


def topicless(configuration: Configuration) -> Iterator[Problem]:
    """Yield an error for each mapping that wants topics of a source whose events have none."""
    for rule in configuration.mappings.rules:
        name = rule.options.source
        if name not in configuration.senders:  # it is pulled: its mappings read every row
            continue
        configured = configuration.senders[name]
        # Other senders have a place of their own for it.
        own = "topic" in configured.kind.options().fields
        if rule.options.topics and own and not configured.senders[0].reader.topic:
            yield rule.problem(
                "Meta.topics",
                f"{', '.join(sorted(rule.options.topics))}, while sources.{name} has no topic",
                "a source whose events have topics: this mapping never applies",
                f'set topic in [sources.{name}], such as topic = "type", or leave topics out',
            )


def unused_mappings(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each class of a mapping that has no source, and that none is made of."""
    for where in configuration.mappings.unused:
        do = "name its source, or remove it"
        yield Problem(f"{where}.Meta.source", "nothing", "the name of a [sources.NAME]", do)


def unwritten_collections(configuration: Configuration) -> Iterator[str]:
    """Yield a note for each collection that no mapping writes: it may be referred to."""
    if not configuration.mappings.whole:
        return
    written = {rule.options.collection for rule in configuration.mappings.rules}
    for name in configuration.settings.collections:
        if name not in written:
            yield f"Collection {name}: no mapping writes it"


def ended_secrets(settings: Settings, now: datetime) -> Iterator[Problem]:
    """Yield an error for each source all of whose secrets have ended."""
    for name, ends in _ends(settings):
        if max(ends) <= now:
            do = "set the secret that the sender uses now: every delivery is refused"
            yield _secret(settings, name, f"secrets that ended at {_shown(max(ends))}", do)


def ending_secrets(settings: Settings, now: datetime) -> Iterator[Problem]:
    """Yield a warning for each source all of whose secrets end soon."""
    for name, ends in _ends(settings):
        if now < max(ends) <= now + SOON:
            do = "add its successor, newest first"
            yield _secret(settings, name, f"none that is valid after {_shown(max(ends))}", do)


def _ends(settings: Settings) -> Iterator[tuple[str, list[datetime]]]:
    """Yield the sources all of whose secrets end, and when."""
    for name, source in settings.sources.items():
        ends = [end for end in source.ends if end is not None]
        if ends and len(ends) == len(source.secrets):
            yield name, ends


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _secret(settings: Settings, name: str, found: str, do: str) -> Problem:
    where = f"{settings.path}: sources.{name}.secrets"
    return Problem(where, found, "a secret that is valid", do)
