"""The keys of the undo log (``lua/lib/undo_log.lua``); all others: ``keys.py``."""

from __future__ import annotations

from workers.store.keys import PREFIX

UNDO = f"{PREFIX}undo"  # hash: ``<ms>-<token>`` → what one step has written
UNDO_IDS = f"{UNDO}:ids"  # list: these, oldest first
UNDO_STATE = f"{UNDO}:state"  # hash: bytes, dropped, till
