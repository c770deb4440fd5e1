"""Findings and changes in portions of one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from service.reconcile.plan.causes import Finding
from workers.model.changes import Change, Incoming
from workers.store import slicing
from workers.store.rewrites import MOST


def chunks(found: Iterable[tuple[Finding, str]], most: int = MOST) -> Iterator[list[list[Finding]]]:
    """Yield the findings of *most* records at a time, grouped by record."""
    chunk: list[list[Finding]] = []
    for _, own in groupby((finding for finding, _ in found), key=lambda each: each.record):
        chunk.append(list(own))
        if len(chunk) == most:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def parts(changes: Iterable[Sequence[Change]]) -> Iterator[tuple[Incoming, ...]]:
    """
    Yield an event for each record with *changes*, in deliveries that are not split into slices:
    their outcomes are checked as soon as they are accepted.
    """
    part: list[Incoming] = []
    size = 0
    for own in changes:
        more = slicing.size_of(len(change.fields) for change in own)
        if part and size + more > slicing.MOST:
            yield tuple(part)
            part, size = [], 0
        if own:
            part.append(Incoming(None, None, len(part), tuple(own)))
            size += more
    if part:
        yield tuple(part)
