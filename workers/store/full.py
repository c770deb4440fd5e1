"""
A client that keeps working when the store's memory is full.

At maxmemory the store refuses every command that may allocate memory, also those of RQ, heartbeats,
the sweeper's lock and wake-ups: nothing would be delivered, and the store would stay full. Refused
commands are therefore repeated in a script with ``allow-oom``, like the steps that deliver. None of
these commands grows with the incoming traffic. ``accept`` has no such flag, and stays refused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import redis
from redis.client import Pipeline
from redis.exceptions import OutOfMemoryError, ResponseError

# ARGV: a count and that many arguments, repeated; JSON could not carry binary data.
_SCRIPT: Final = """#!lua flags=allow-oom
local answers, at = {}, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  answers[#answers + 1] = redis.pcall(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return answers
"""
# Not repeated: what says itself whether a full store carries it out, and what no script may send.
_SCRIPTS: Final = frozenset({"EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL", "FUNCTION LOAD"})
_PAUSE: Final = 0.1  # s between polls of a list, in place of a blocking command


class Client(redis.Redis):
    """Repeats in a script the commands refused for lack of memory."""

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

    def fcall(self, function: str, numkeys: int, *arguments: Any) -> Any:
        """
        Call *function* straight over a connection.

        Through `execute_command` a call would cost as much again, for metrics that nobody collects.
        """
        pool: Any = self.connection_pool
        connection = pool.get_connection()

        def ask() -> Any:
            connection.send_command("FCALL", function, numkeys, *arguments)
            return connection.read_response()

        try:
            return connection.retry.call_with_retry(ask, lambda _: connection.disconnect())
        finally:
            pool.release(connection)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> _Pipeline:
        return _Pipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint, self
        )

    def _moved(self, args: Sequence[Any]) -> Any:
        """Poll in place of BLMOVE: a script cannot block."""
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
        # A command of two words, such as CONFIG SET, is split as the client does it.
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
        except OutOfMemoryError:  # a transaction: nothing was done
            return self._again(stack, list(range(len(stack))), [None] * len(stack), raise_on_error)
        refused = [n for n, each in enumerate(found) if isinstance(each, OutOfMemoryError)]
        # And all commands after it, which may depend on it.
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
    """Parse the raw answer *found* to the command *args* as the client would."""
    if isinstance(found, ResponseError):
        return found
    callbacks: Any = client.response_callbacks
    callback = callbacks.get(args[0])
    options = {name: value for name, value in options.items() if name != "keys"}
    return callback(found, **options) if callback else found
