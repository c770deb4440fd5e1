"""
The Lua steps, loaded from ``workers/lua``: one file is one atomic step.

A step names the shared files that it needs in a line ``--! uses state budget``; their text is put
before its own, behind the ``#!lua`` line. Nothing is ever formatted into a script.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import redis

from workers.store import guarded

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@cache
def text_of(step: str) -> str:
    """
    Return the whole text of *step*, e.g. ``"accept"``.

    Raises:
        FileNotFoundError: There is no such step.
    """
    folder = files("workers") / "lua"
    head, _, body = (folder / f"{step}.lua").read_text(encoding="utf-8").partition("\n")
    uses = next((line for line in body.splitlines() if line.startswith("--! uses ")), "")
    shared = [(folder / f"{name}.lua").read_text(encoding="utf-8") for name in uses.split()[2:]]
    return "\n".join([head, *shared, body])


class Steps:
    """
    Runs the steps on one store.

    Args:
        client: Decodes responses; has explicit timeouts.
        clock_offset_ms: Added to the store's clock; 0 but in tests, which so move time.

    Raises (every call):
        StoreUnavailable: The store did not answer in time, or refused to keep anything.
    """

    def __init__(self, client: redis.Redis, *, clock_offset_ms: int = 0) -> None:
        self.client = client
        self.clock_offset_ms = clock_offset_ms
        self._scripts: dict[str, Any] = {}

    def run(self, step: str, request: dict[str, Any], *more: str) -> dict[str, Any]:
        """Run *step* with *request* (as JSON) and return its answer."""
        script = self._scripts.get(step)
        if script is None:
            script = self._scripts[step] = self.client.register_script(text_of(step))
        text = _encode(request)
        with guarded():
            answer: dict[str, Any] = json.loads(
                script(keys=[], args=[self.clock_offset_ms, text, *more])
            )
        return answer
