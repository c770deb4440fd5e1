"""Rewrites the store's files, so that nothing erased remains in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import redis

from workers.store.connection import guarded

_PAUSE: Final = 0.05  # s between polls
_MOST: Final = 3600.0  # s that a rewrite may take

Told = Callable[[int, int], object]


def rewrite(
    client: redis.Redis,
    told: Told = lambda *_: None,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> str | None:
    """
    Rewrite the append-only file, and the snapshot if the store makes any.

    Returns:
        Why a file may still hold erased data; None: none does.
    """
    with guarded():
        info = client.info("persistence")
    if int(info.get("aof_enabled", 0)):
        # A running rewrite may have begun before the erasure.
        if not _ended(client, told, sleep):
            return "its append-only file is still being written"
        try:
            with guarded():
                client.bgrewriteaof()
        except Exception as error:
            if not isinstance(error.__cause__, redis.ResponseError):
                raise
            return f"its append-only file could not be rewritten: {error.__cause__}"
        if not _ended(client, told, sleep):
            return "its append-only file is still being written"
        with guarded():
            if client.info("persistence").get("aof_last_bgrewrite_status") != "ok":
                return "its append-only file could not be rewritten: see the store's log"
    return _snapshot(client, told, sleep) if _snapshots(client) else None


def _snapshots(client: redis.Redis) -> bool:
    try:
        found = client.config_get("save")
    except redis.ResponseError:
        return False
    return bool(found.get("save"))


def _snapshot(client: redis.Redis, told: Told, sleep: Callable[[float], object]) -> str | None:
    with guarded():
        client.bgsave()
    if not _ended(client, told, sleep):
        return "its snapshot is still being written"
    with guarded():
        good = client.info("persistence").get("rdb_last_bgsave_status") == "ok"
    return None if good else "its snapshot could not be rewritten: see the store's log"


def _ended(client: redis.Redis, told: Told, sleep: Callable[[float], object]) -> bool:
    ends = time.monotonic() + _MOST
    while time.monotonic() < ends:
        with guarded():
            info: dict[str, Any] = client.info("persistence")
        going = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
        if not any(int(info.get(name, 0)) for name in going):
            return True
        done, total = info.get("current_save_keys_processed"), info.get("current_save_keys_total")
        told(int(done or 0), int(total or 0))
        sleep(_PAUSE)
    return False
