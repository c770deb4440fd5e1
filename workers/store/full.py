"""
A client that goes on where the store's memory is full.

At maxmemory the store refuses every command that may take memory, also those that RQ, the
heartbeat, the sweeper's lock and wake-ups are made of: then nothing would be delivered, and the
store would stay full. So what it refuses for want of memory is done once more in a script that is
allowed to (``allow-oom``, as the steps that deliver are). None of these commands grows with what
comes in. ``accept`` is a script that is not allowed to, and stays refused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import redis
from redis.client import Pipeline
from redis.exceptions import OutOfMemoryError, ResponseError

# ARGV: a count and so many arguments, again and again; JSON would lose bytes.
_SCRIPT: Final = """#!lua flags=allow-oom
local answers, at = {}, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  answers[#answers + 1] = redis.pcall(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return answers
"""
_SCRIPTS: Final = frozenset({"EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL"})
_PAUSE: Final = 0.1  # s between two looks at a list that a blocking command waits for


class Client(redis.Redis):
    """Does once more, in a script, what the store has refused for want of memory."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            run: Any = super().execute_command
            return run(*args, **options)
        except OutOfMemoryError:
            if args[0] in _SCRIPTS:
                raise
        if args[0] == "BLMOVE":
            return self._moved(args)
        return _answer(self, args, options, self._scripted([args])[0])

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> _Pipeline:
        return _Pipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint, self
        )

    def _moved(self, args: Sequence[Any]) -> Any:
        """Return what BLMOVE moves: a script cannot wait."""
        _, first, second, source, target, timeout = args
        ends = time.monotonic() + float(timeout)
        while True:
            found = _answer(
                self, args, {}, self._scripted([("LMOVE", first, second, source, target)])[0]
            )
            if found is not None or time.monotonic() >= ends:
                return found
            time.sleep(_PAUSE)

    def _scripted(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        # A name of two words, such as CONFIG SET, is split as the client does it.
        whole = [(*str(name).split(), *rest) for name, *rest in commands]
        flat = [part for args in whole for part in (len(args), *args)]
        run: Any = super().execute_command
        return list(run("EVAL", _SCRIPT, 0, *flat))


class _Pipeline(Pipeline):
    def __init__(
        self, pool: Any, callbacks: Any, transaction: bool, shard_hint: Any, client: Client
    ) -> None:
        super().__init__(pool, callbacks, transaction, shard_hint)
        self._client = client

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        stack = list(self.command_stack)
        if any(args[0] in _SCRIPTS for args, _ in stack):
            return super().execute(raise_on_error)
        try:
            found = super().execute(raise_on_error=False)
        except OutOfMemoryError:  # of a transaction: nothing of it was done
            return self._again(stack, list(range(len(stack))), [None] * len(stack), raise_on_error)
        refused = [n for n, each in enumerate(found) if isinstance(each, OutOfMemoryError)]
        # And what comes after it, which may build upon it.
        places = list(range(refused[0], len(stack))) if refused else []
        return self._again(stack, places, found, raise_on_error)

    def _again(
        self, stack: list[Any], places: list[int], found: list[Any], raise_on_error: bool
    ) -> list[Any]:
        if places:
            answers = self._client._scripted([stack[place][0] for place in places])
            for place, answer in zip(places, answers, strict=True):
                args, options = stack[place]
                found[place] = _answer(self, args, options, answer)
        if raise_on_error:
            check: Any = self.raise_first_error
            check(stack, found)
        return found


def _answer(client: redis.Redis, args: Sequence[Any], options: dict[str, Any], found: Any) -> Any:
    """Return what the client would have made of the answer *found* to the command *args*."""
    if isinstance(found, ResponseError):
        return found
    callbacks: Any = client.response_callbacks
    callback = callbacks.get(args[0])
    options = {name: value for name, value in options.items() if name != "keys"}
    return callback(found, **options) if callback else found
