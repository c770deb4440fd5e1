"""The targets of write-backs: drivers and databases. Addresses are not asked: requests tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.config.settings import Settings
from workers.config.writeback import WriteBack
from workers.errors import ConfigurationInvalid, OutgoingDenied, OutgoingError, Problem
from workers.outgoing.sql_address import address
from workers.outgoing.sql_statement import SqlTarget


def targets(settings: Settings, notes: list[str]) -> Iterator[Problem]:
    """Yield a problem for each write-back whose database cannot be used; each is connected to."""
    for own in settings.writebacks.values():
        if own.sql is None:
            notes.append(f"Write-back {own.name}: its address is not asked, a request would tell")
            continue
        try:
            yield from _database(settings, own, notes)
        except ConfigurationInvalid as error:
            yield from (
                replace(problem, where=f"{settings.path}: {problem.where}")
                for problem in error.problems
            )


def _database(settings: Settings, own: WriteBack, notes: list[str]) -> Iterator[Problem]:
    where = f"writeback.{own.name}.sql"
    target = SqlTarget(address(own.sql or "", {}, where), own.statement or "")
    try:
        with target.connected():
            notes.append(f"Write-back {own.name}: its database answers")
    except OutgoingDenied as error:
        do = "correct the user and password in the address"
        yield Problem(f"{settings.path}: {where}", str(error), "a database that lets it in", do)
    except OutgoingError as error:
        do = "correct the address, or start the database"
        yield Problem(f"{settings.path}: {where}", str(error), "a database that answers", do)
