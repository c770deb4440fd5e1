"""
Losses: acknowledged data that the store may lack, until a reconcile has proven each collection.

Written by ``losses.lua``. A loss is a dictionary with ``id`` and ``kind``:

=======  ===========================================================================================
kind     What happened =======
=========================================================================================== cut
the end of a damaged file was cut off (``workers/embedded/repair.py``): ``file``, ``bytes``,
``written``, ``copy`` older    the store holds less than before: ``held``, ``had``, numbers of
accepted values copied   INSTEP_DATA was restored, or moved, by copying: ``seen``, accepted values
by then =======
===========================================================================================
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from workers.errors import Problem
from workers.store import keys
from workers.store.connection import guarded
from workers.store.scripts import Steps


class Losses:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def note(self, loss: Mapping[str, Any]) -> None:
        """Record *loss*, once per id; earlier confirmations no longer count."""
        self._steps.run("loss", dict(loss))

    def number(self) -> int:
        """Return the number of the newest loss; a reconcile that starts now covers it."""
        with guarded():
            return int(self._steps.client.get(keys.LOSSES_NUMBER) or 0)

    def proven(
        self,
        collection: str,
        number: int,
        collections: Iterable[str],
        *,
        as_of_ms: float = math.inf,
    ) -> None:
        """
        Record that a reconcile has proven *collection*.

        Args:
            number: The `number` from before it read the CMS.
            collections: All collections; a loss proven in each of them is deleted.
            as_of_ms: Time of the snapshot, ms since 1970: it proves nothing about later losses.
        """
        client = self._steps.client
        with guarded():
            held = client.hgetall(keys.LOSSES)
            if not held:
                return
            later = [int(n) for n, text in held.items() if _until(json.loads(text)) > as_of_ms]
            number = min([number, *(each - 1 for each in later)])
            number = max(number, int(client.hget(keys.LOSSES_PROVEN, collection) or 0))
            client.hset(keys.LOSSES_PROVEN, collection, number)
            proven = client.hgetall(keys.LOSSES_PROVEN)
            least = min((int(proven.get(name, 0)) for name in collections), default=number)
            done = [name for name in client.hkeys(keys.LOSSES) if int(name) <= least]
            if done:
                client.hdel(keys.LOSSES, *done)

    def open(self, collections: Iterable[str]) -> list[dict[str, Any]]:
        """Return the losses, oldest first, each with its ``unproven`` collections."""
        with guarded(), self._steps.client.pipeline(transaction=True) as pipeline:
            pipeline.hgetall(keys.LOSSES)
            pipeline.hgetall(keys.LOSSES_PROVEN)
            held, proven = pipeline.execute()
        names = list(collections)
        found = []
        for number, text in sorted(held.items(), key=lambda each: int(each[0])):
            unproven = [name for name in names if int(proven.get(name, 0)) < int(number)]
            if unproven:
                found.append(_shown(json.loads(text), unproven))
        return found


def _until(loss: Mapping[str, Any]) -> float:
    """Return the latest arrival of the lost data, ms since 1970."""
    if "written" in loss:  # in whole seconds
        return datetime.fromisoformat(loss["written"]).timestamp() * 1000 + 1000
    return float(loss["at"])


def _shown(loss: dict[str, Any], unproven: list[str]) -> dict[str, Any]:
    at = datetime.fromtimestamp(loss.pop("at") / 1000, UTC).isoformat(timespec="seconds")
    shown = {name: value for name, value in loss.items() if name != "id"}
    return {"at": at, **shown, "message": message(loss), "unproven": unproven}


def message(loss: Mapping[str, Any]) -> str:
    if loss["kind"] == "cut":
        return (
            f"{loss['bytes']} bytes at the end of {loss['file']} (written last at "
            f"{loss['written']}) could not be read and were cut off; a copy is {loss['copy']}. "
            "The values accepted last may be missing"
        )
    if loss["kind"] == "older":
        return (
            f"the store holds {loss['held']} accepted values, after {loss['had']} before: an older "
            "copy was restored. Everything since then is missing"
        )
    return (
        f"INSTEP_DATA was restored or copied from elsewhere, with {loss['seen']} accepted values. "
        "Everything after the copy is missing"
    )


def problem(loss: Mapping[str, Any]) -> Problem:
    """Return the Problem of *loss*, as returned by `Losses.open`."""
    names = ", ".join(loss["unproven"])
    return Problem(
        f"store: since {loss['at']}",
        loss["message"],
        "a reconcile since then that has proven each collection",
        f"run `instep reconcile` for {names}",
    )
