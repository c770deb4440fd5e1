"""The whole configuration: settings, a sender for each source, fetchers and mappings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from service import fetchers, senders
from service.config.inherited import inherited
from service.config.pull_paths import wrong_paths
from service.fetchers.base import Fetcher
from service.mapping.load import Mappings
from service.mapping.load import load as load_mappings
from service.senders.configured_sender import ConfiguredSender
from workers.config.loader import Draft, fill, read
from workers.config.settings import Settings
from workers.errors import ConfigurationInvalid, MappingsInvalid, Problem


@dataclass(frozen=True, slots=True)
class Configuration:
    """The checked configuration, fixed at the start."""

    settings: Settings
    senders: Mapping[str, ConfiguredSender]  # by name of the source
    mappings: Mappings


def of_process() -> Configuration:
    """
    Return what the process has left that forked this one, else ``build`` of the environment.

    To that ``.env`` is added first: the user's own functions look for their tokens there.
    """
    fill(os.environ)
    return inherited(Configuration) or build(os.environ)


def build(environ: Mapping[str, str]) -> Configuration:
    """
    Read the configuration that *environ* names, and the files that it names in turn.

    Raises:
        ConfigurationInvalid: With every problem of instep.toml, the senders, the fetchers and the
            mappings; `MappingsInvalid` if only the mappings have any.
    """
    configuration, problems = readable(environ)
    if problems:
        raise MappingsInvalid(problems)
    return configuration


def readable(environ: Mapping[str, str]) -> tuple[Configuration, list[Problem]]:
    """
    Return ``build`` of *environ* with the mappings that can be read, and the problems of the rest.

    Raises:
        ConfigurationInvalid: With every problem, if there is one elsewhere than in the mappings.
    """
    draft = read(environ)
    problems = list(draft.problems)
    proven = _senders(draft, problems)
    readers = _fetchers(draft, problems)
    problems += (draft.located(each) for each in wrong_paths(draft.sound_pulls()))
    topics = {name: sender.kind.topics for name, sender in proven.items()}
    unread: list[Problem] = []
    mappings = load_mappings(draft.settings, readers, topics, unread)
    if problems:
        raise ConfigurationInvalid(_once([*problems, *unread]))
    return Configuration(_windowed(draft.settings, proven), proven, mappings), _once(unread)


def without_mappings(environ: Mapping[str, str]) -> Configuration:
    """
    Return ``build`` of *environ*, but for the mappings, which may not be written yet.

    Raises:
        ConfigurationInvalid: With every problem of instep.toml and the senders.
    """
    draft = read(environ)
    problems = list(draft.problems)
    proven = _senders(draft, problems)
    if problems:
        raise ConfigurationInvalid(_once(problems))
    return Configuration(_windowed(draft.settings, proven), proven, Mappings([]))


def _senders(draft: Draft, problems: list[Problem]) -> dict[str, ConfiguredSender]:
    """Build the valid sources; the problems of the others go to *problems*."""
    built: dict[str, ConfiguredSender] = {}
    for source in draft.sound_sources():
        try:
            built[source.name] = senders.build(source, public_url=draft.settings.public_url)
        except ConfigurationInvalid as error:
            problems += map(draft.located, error.problems)
    return built


def _fetchers(draft: Draft, problems: list[Problem]) -> dict[str, Fetcher]:
    built: dict[str, Fetcher] = {}
    for fetcher in draft.sound_fetchers():
        try:
            built[fetcher.name] = fetchers.build(fetcher)
        except ConfigurationInvalid as error:
            problems += map(draft.located, error.problems)
    return built


def _windowed(settings: Settings, built: Mapping[str, ConfiguredSender]) -> Settings:
    """Return *settings*; a source without a dedupe window or size gets its sender's."""
    sources = {
        name: replace(
            source,
            dedupe_hours=source.dedupe_hours or built[name].kind.dedupe_hours,
            max_body=built[name].max_body,
        )
        for name, source in settings.sources.items()
    }
    return replace(settings, sources=sources)


def _once(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))
