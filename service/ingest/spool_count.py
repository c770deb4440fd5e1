"""
How much the spools hold: of this machine by their files, of others by what they reported.

``waiting`` does not need the store, so that it works while that is away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from service.ingest import frames
from service.ingest.spool import folder_of
from service.ingest.spool_file import paths
from workers.store import spool_marks


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that were acknowledged but are not in the store yet, and their size."""

    deliveries: int = 0
    bytes: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"deliveries": self.deliveries, "bytes": self.bytes}


def waiting(data: Path) -> Waiting:
    """Return what the spools of this machine hold under INSTEP_DATA *data*."""
    found = [_of_file(path) for path in paths(folder_of(data))]
    return Waiting(sum(each.deliveries for each in found), sum(each.bytes for each in found))


def all_waiting(data: Path, client: redis.Redis) -> Waiting:
    """
    Return what the spools of all machines hold, as far as they could report it; raises
    StoreUnavailable if the store did not answer.
    """
    here, (deliveries, size) = waiting(data), spool_marks.of_others(client)
    return Waiting(here.deliveries + deliveries, here.bytes + size)


def _of_file(path: Path) -> frames.Summary:
    # It may have been drained and removed meanwhile.
    with contextlib.suppress(OSError), path.open("rb") as file:
        found = frames.summary_of(file.read(frames.HEAD))
        return found or _counted(path.read_bytes())
    return frames.Summary()


def _counted(text: bytes) -> frames.Summary:
    """Count the frames of a file whose summary is torn."""
    mark = frames.mark_of(text)
    places = frames.scan(text, mark) if mark else ()
    found = [each for each in places if isinstance(each, frames.Frame)]
    return frames.Summary(0, len(found), sum(each.end - each.start for each in found))


def with_spool(status: Mapping[str, Any], data: Path, client: redis.Redis) -> dict[str, Any]:
    """Return *status* with what the spools of all machines hold; raises StoreUnavailable."""
    return {**status, "spool": all_waiting(data, client).as_dict()}
