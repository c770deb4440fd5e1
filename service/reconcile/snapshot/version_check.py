"""Mappings without a version, in collections that are reconciled beside live events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.config.build import Configuration
from service.mapping.compiled import Rule
from service.reconcile.snapshot.mapping_choice import chosen
from service.reconcile.snapshot.snapshot_time import FILE_MARGIN, MARGIN
from workers.config.settings import Collection
from workers.errors import ConfigurationInvalid, Problem

_EXPECTED = (
    "Meta.version, the path to the time or number of a row's last change: without it a row counts "
    f"as new as the snapshot, and a value that an event changed in the {MARGIN:g} s before (in the "
    f"{FILE_MARGIN / 3600:g} hours before, for a file without --as-of) cannot be compared: the "
    "difference is reported and left alone"
)


def in_configuration(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each such mapping whose rows instep.toml names, or pulls."""
    yield from _pulled(configuration)
    for collection in configuration.settings.collections.values():
        if collection.reconcile.file or collection.reconcile.sql:
            try:
                rules = chosen(configuration.mappings, collection.name).rules
            except ConfigurationInvalid:  # of several sources, or none: the run reports it
                continue
            yield from versionless(configuration, collection, rules)


def _pulled(configuration: Configuration) -> Iterator[Problem]:
    """Yield a warning for each mapping of a pull, in collections that get events as well."""
    rules, pulls = configuration.mappings.rules, configuration.settings.pulls
    senders = {
        r.options.collection: r.options.source for r in rules if r.options.source not in pulls
    }
    for rule in rules:
        options = rule.options
        if options.source in pulls and options.version is None and options.collection in senders:
            other = senders[options.collection]
            where = f"{rule.file}: {rule.name}.Meta.version"
            found = f"none, although {options.collection} also receives events of {other}"
            do = "name the path to it in Meta.version, if the source has one"
            yield Problem(where, found, _EXPECTED, do)


def versionless(
    configuration: Configuration, collection: Collection, rules: Sequence[Rule]
) -> Iterator[Problem]:
    """Yield a warning for each of *rules*, which read rows of *collection*, without a version."""
    for rule in rules:
        # If the source numbers its changes, a row has the number that the field holds.
        sender = configuration.senders.get(rule.options.source)
        sequenced = sender is not None and sender.kind.sequenced
        if rule.options.version is None and not sequenced:
            found = f"none, although {collection.name} also receives events"
            do = "add that column to the query or the export, and name it in Meta.version"
            yield Problem(
                f"{rule.file}: {rule.name}.Meta.version",
                f"{found} of {rule.options.source}",
                _EXPECTED,
                do,
            )
