"""Plays the CMS: what it answers, and what its own webhooks tell."""

import dataclasses
from datetime import timedelta

from tests.support.outbox_driver import EPOCH, at, event
from workers.model.changes import canonical


def iso(seconds):
    """The lastUpdated of what the CMS did *seconds* into 2025."""
    moment = EPOCH + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tell(bench, fields, seconds, *, record="i1", seen=None, id=None, **options):
    """The CMS tells that an item held *fields*; returns what becomes of each value."""
    plain = event(record, fields, version=at(seconds), id=id, **options)
    (change,) = plain.changes
    values = tuple(
        dataclasses.replace(one, seen=seen and canonical(seen)) if seen else one
        for one in change.fields
    )
    echo = dataclasses.replace(change, fields=values, echo=at(seconds))
    bench.accept(dataclasses.replace(plain, changes=(echo,)), source="shop")
    return bench.told()


def write(bench, value, version, updated, *, slug="stock", seen=None, **options):
    """A source's value goes out, and the CMS answers."""
    bench.accept(event("i1", {slug: value}, version=at(version), **options))
    bench.write(bench.batch(), updated=iso(updated), seen={slug: canonical(seen)} if seen else {})
