"""The snapshot of a run: named by the command, or by instep.toml."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from service.config.build import Configuration
from service.reconcile.options import ReconcileOptions
from service.reconcile.snapshot.file_records import from_file
from service.reconcile.snapshot.records import Records, Shape
from workers.config.settings import Collection, Settings
from workers.errors import ConfigurationInvalid, Problem


def opened(
    configuration: Configuration, collection: Collection, options: ReconcileOptions, stdin: BinaryIO
) -> Records:
    """
    Return the records that *options*, or else instep.toml, names; nothing of them is read yet.

    Raises:
        ConfigurationInvalid: None is named, or two are, or the address of a database is none.
    """
    if options.file and options.sql:
        raise _usage("FILE and --sql", "one of them", "give one snapshot")
    own, shape = collection.reconcile, _shape(options)
    if not (options.file or options.sql or options.under):
        shape = replace(shape, under=own.under)
    now = datetime.now(UTC)
    if options.sql:
        return _database(*options.sql, now, shape)
    if not options.file and own.sql is not None and own.query is not None:
        try:
            return _database(own.sql, own.query, now, shape)
        except ConfigurationInvalid as error:
            raise _placed(error, configuration.settings, collection) from None
    file = options.file or (own.file and str(configuration.settings.path.parent / own.file))
    if not file:
        do = f"give one, or set file or sql in [collections.{collection.name}.reconcile]"
        raise _usage("no FILE", "a snapshot of the source", do)
    return from_file(
        file, now=now, form=options.form, shape=shape, as_of=options.as_of, stdin=stdin
    )


def wrong_addresses(settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield problems of the database URLs in instep.toml, without connecting."""
    for collection in settings.collections.values():
        own = collection.reconcile
        if own.sql is not None and own.query is not None:
            from service.reconcile.snapshot.sql import SqlRecords

            try:
                SqlRecords(own.sql, own.query, now=datetime.now(UTC), environ=environ)
            except ConfigurationInvalid as error:
                yield from _placed(error, settings, collection).problems


def _shape(options: ReconcileOptions) -> Shape:
    return Shape(options.under, options.delimiter, options.list_, options.encoding)


def _database(url: str, query: str, now: datetime, shape: Shape) -> Records:
    from service.reconcile.snapshot.sql import SqlRecords

    return SqlRecords(url, query, now=now, environ=os.environ, shape=shape)


def _placed(
    error: ConfigurationInvalid, settings: Settings, collection: Collection
) -> ConfigurationInvalid:
    """Return *error*, which is about --sql, for instep.toml."""
    where = f"{settings.path}: collections.{collection.name}.reconcile.sql"
    return ConfigurationInvalid([replace(each, where=where) for each in error.problems])


def _usage(found: str, expected: str, do: str) -> ConfigurationInvalid:
    return ConfigurationInvalid([Problem("instep reconcile", found, expected, do)])
