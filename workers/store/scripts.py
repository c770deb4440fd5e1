"""
The Lua steps, loaded from ``lua/steps``: one file is one atomic step. What they share: ``lua/lib``.

A library is a file that returns a table. Steps and libraries name the libraries that they use in a
line ``--! uses items step``; each stands before what uses it, as a local of its own name::

    local items = (function()
    ... lua/lib/items.lua
    end)()

The store makes every function of a script anew at each call. What a step seldom needs it names in
a line ``--! on demand dead_letters``: such a library is made when something of it is first called
(``lua/lib/autoload.lua``), and so is what only those use. Nothing else is done to the text of a
file, and nothing is ever formatted into a script.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import redis
from redis.client import Pipeline

from workers.store.connection import guarded
from workers.store.state_log import log_changes

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_FOLDER = files("workers.store") / "lua"


@cache
def text_of(step: str) -> str:
    """
    Return the whole text of *step*, e.g. ``"accept"``.

    Raises:
        FileNotFoundError: There is no such step, or no library that something names.
    """
    head, _, body = (_FOLDER / "steps" / f"{step}.lua").read_text(encoding="utf-8").partition("\n")
    on_demand = _named(body, "on demand")
    needed = set(_in_order(_named(body, "uses"), leave_out=on_demand))
    blocks = [head]
    if on_demand:
        blocks.append(_made("autoload"))
    for name in _in_order([*_named(body, "uses"), *on_demand]):
        on_call = f"local {name} = autoload(function()\n{_library(name)}end)"
        blocks.append(_made(name) if name in needed else on_call)
    return "\n".join([*blocks, body])


def _made(name: str) -> str:
    return f"local {name} = (function()\n{_library(name)}end)()"


def _library(name: str) -> str:
    return (_FOLDER / "lib" / f"{name}.lua").read_text(encoding="utf-8")


def _named(text: str, what: str) -> list[str]:
    """Return the libraries that the lines ``--! <what>`` of *text* name."""
    mark = f"--! {what} "
    lines = (line for line in text.splitlines() if line.startswith(mark))
    return [name for line in lines for name in line.removeprefix(mark).split()]


def _in_order(names: Sequence[str], leave_out: Sequence[str] = ()) -> Iterator[str]:
    """Yield *names* and all that they use, each after what it uses, none twice."""
    found = set(leave_out)

    def visit(name: str) -> Iterator[str]:
        if name in found:
            return
        found.add(name)
        for other in _named(_library(name), "uses"):
            yield from visit(other)
        yield name

    for name in names:
        yield from visit(name)


def _decoded(text: str) -> dict[str, Any]:
    """Return the answer of a step, and log what it has changed."""
    answer: dict[str, Any] = json.loads(text)
    if changes := answer.pop("changes", None):
        log_changes(changes, answer.pop("untold", 0))
    return answer


class Steps:
    """
    Runs the steps on one store.

    Args:
        client: Decodes responses; has explicit timeouts.
        clock_offset_ms: Added to the store's clock; 0 but in tests, which so move time.

    Attributes:
        standing: Parts of every request: what any step may need of the configuration.

    Raises (every call):
        StoreUnavailable: The store did not answer in time, or refused to keep anything.
    """

    def __init__(self, client: redis.Redis, *, clock_offset_ms: int = 0) -> None:
        self.client = client
        self.clock_offset_ms = clock_offset_ms
        self.standing: dict[str, Any] = {}
        self._scripts: dict[str, Any] = {}

    def now(self) -> float:
        """Return the time of this machine, moved as the steps are; seconds since 1970."""
        return time.time() + self.clock_offset_ms / 1000

    def run(self, step: str, request: dict[str, Any], *more: str | bytes) -> dict[str, Any]:
        """Run *step* with *request* (as JSON) and return its answer."""
        text = self._text(request)
        with guarded():
            answer = self._script(step)(keys=[], args=[self.clock_offset_ms, text, *more])
        return _decoded(answer)

    def add_to(self, pipeline: Pipeline, step: str, request: dict[str, Any]) -> None:
        """Add *step* to the commands of *pipeline*, which does not decode its answer."""
        arguments = [self.clock_offset_ms, self._text(request)]
        self._script(step)(keys=[], args=arguments, client=pipeline)

    def run_in_order(
        self, step: str, calls: Sequence[tuple[dict[str, Any], str, bytes, bytes]]
    ) -> list[dict[str, Any] | redis.RedisError]:
        """
        Run *step* once for each of *calls*, one behind the other, without waiting for the answers
        in between; return the answer of each, or what went wrong with it: those behind it were
        run all the same.
        """
        with guarded(), self.client.pipeline(transaction=False) as pipeline:
            for request, *more in calls:
                arguments = [self.clock_offset_ms, self._text(request), *more]
                self._script(step)(keys=[], args=arguments, client=pipeline)
            answers = pipeline.execute(raise_on_error=False)
        return [
            answer if isinstance(answer, redis.RedisError) else _decoded(answer)
            for answer in answers
        ]

    def run_together(
        self, *calls: tuple[str, dict[str, Any]], delete: str = ""
    ) -> list[dict[str, Any] | redis.RedisError]:
        """
        Run steps one behind the other in one round trip, which the store keeps by one fsync;
        return the answer of each, or what went wrong with it: those behind it were run all the
        same. One that the store does not know since it was restarted is NoScriptError.

        Args:
            calls: Step and request.
            delete: A key that is deleted before.
        """
        with guarded(), self.client.pipeline(transaction=False) as pipeline:
            if delete:
                pipeline.delete(delete)
            for step, request in calls:
                # Not the script itself: redis-py would ask first whether the store knows it.
                sha = self._script(step).sha
                pipeline.evalsha(sha, 0, self.clock_offset_ms, self._text(request))
            answers = pipeline.execute(raise_on_error=False)
            if delete and isinstance(failed := answers.pop(0), redis.RedisError):
                raise failed
        return [
            answer if isinstance(answer, redis.RedisError) else _decoded(answer)
            for answer in answers
        ]

    def _text(self, request: dict[str, Any]) -> str:
        return _encode(self.standing | request)

    def _script(self, step: str) -> Any:
        script = self._scripts.get(step)
        if script is None:
            script = self._scripts[step] = self.client.register_script(text_of(step))
        return script
