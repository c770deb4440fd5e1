"""Runs the Lua steps (``step_library.py``) on one store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import redis
from redis.client import Pipeline

from workers.model.compact_json import decoded, encoded
from workers.store.connection import guarded
from workers.store.state_log import log_changes
from workers.store.step_library import NAME, Library, library


class UnknownStep(redis.ResponseError):
    """The store has lost the functions; the call was not carried out."""


def _is_unknown(answer: object) -> bool:
    return isinstance(answer, redis.ResponseError) and "Function not found" in str(answer)


def _decoded(text: str) -> dict[str, Any]:
    """Return the answer of a step, and log what it has changed."""
    answer: dict[str, Any] = decoded(text)
    if changes := answer.pop("changes", None):
        log_changes(changes, answer.pop("untold", 0))
    return answer


def _answered(answer: Any) -> dict[str, Any] | redis.RedisError:
    return answer if isinstance(answer, redis.RedisError) else _decoded(answer)


class Steps:
    """
    Runs the steps on one store.

    Args:
        client: Decodes responses; has explicit timeouts.
        clock_offset_ms: Added to the store's clock; 0 but in tests, which so move time.

    Attributes:
        standing: Parts of every request: what any step may need of the configuration.
        library: The functions that it calls.

    Raises (every call):
        StoreUnavailable: The store did not answer in time, or refused to keep anything.
    """

    def __init__(self, client: redis.Redis, *, clock_offset_ms: int = 0) -> None:
        self.client = client
        self.clock_offset_ms = clock_offset_ms
        self.standing: dict[str, Any] = {}

    @cached_property
    def library(self) -> Library:
        return library()

    def now(self) -> float:
        """Return the time of this machine, moved as the steps are; seconds since 1970."""
        return time.time() + self.clock_offset_ms / 1000

    def run(self, step: str, request: dict[str, Any], *more: str | bytes) -> dict[str, Any]:
        """Run *step* with *request* (as JSON) and return its answer."""
        with guarded():
            return _decoded(self._call(step, self._arguments(request, *more)))

    def add_to(self, pipeline: Pipeline, step: str, request: dict[str, Any]) -> None:
        """Add *step* to the commands of *pipeline*, which does not decode its answer."""
        arguments = self._arguments(request)
        with guarded():
            known = self.library.name in self._libraries() or self._load()
        if known:
            pipeline.fcall(self.library.function_of(step), 0, *arguments)
        else:
            self._script(keys=[], args=[step, *arguments], client=pipeline)

    def run_in_order(
        self, step: str, calls: Sequence[tuple[dict[str, Any], str, bytes, bytes]]
    ) -> list[dict[str, Any] | redis.RedisError]:
        """
        Run *step*, one that has a step of several, for each of *calls*, one behind the other, as
        one step; return the answer of each, or what went wrong with it: those behind it were run
        all the same.
        """
        arguments: list[Any] = [self._offset_ms, encoded(self.standing)]
        for request, *more in calls:
            arguments += (self._text(request), *more)
        with guarded():
            answers = self._call(f"{step}_several", arguments)
        return [_answered(answer) for answer in answers]

    def run_together(
        self, *calls: tuple[str, dict[str, Any]], delete: str = ""
    ) -> list[dict[str, Any] | redis.RedisError]:
        """
        Run steps one behind the other in one round trip, which the store keeps by one fsync;
        return the answer of each, or what went wrong with it: those behind it were run all the
        same. One that the store does not know is UnknownStep.

        Args:
            calls: Step and request.
            delete: A key that is deleted before.
        """
        with guarded(), self.client.pipeline(transaction=False) as pipeline:
            if delete:
                pipeline.delete(delete)
            for step, request in calls:
                pipeline.fcall(self.library.function_of(step), 0, *self._arguments(request))
            answers = pipeline.execute(raise_on_error=False)
            if delete and isinstance(failed := answers.pop(0), redis.RedisError):
                raise failed
        return [
            UnknownStep(str(answer)) if _is_unknown(answer) else _answered(answer)
            for answer in answers
        ]

    def drop_others(self) -> None:
        """Delete the functions of other releases; one that still runs loads its own again."""
        with guarded():
            for name in self._libraries() - {self.library.name}:
                try:
                    self.client.function_delete(name)
                except redis.ResponseError as error:
                    if "Library not found" not in str(error):  # another process was first
                        raise

    def _libraries(self) -> set[str]:
        """Return the names of the libraries of all releases that the store has."""
        found: Any = self.client.function_list(f"{NAME}*")
        return {name for _, name, *_ in found}

    def _load(self) -> bool:
        """Load the functions; False: the store is too full."""
        try:
            self.client.function_load(self.library.functions, replace=True)
        except redis.exceptions.OutOfMemoryError:
            return False
        return True

    def _call(self, step: str, arguments: Sequence[Any]) -> Any:
        function: Any = self.library.function_of(step)
        call: Any = self.client.fcall
        try:
            return call(function, 0, *arguments)
        except redis.ResponseError as error:
            if not _is_unknown(error):
                raise
        if self._load():
            return call(function, 0, *arguments)
        if "allow-oom" not in self.library.flags[step]:
            raise redis.exceptions.OutOfMemoryError("the store cannot load the step")
        return self._script(keys=[], args=[step, *arguments])

    @cached_property
    def _script(self) -> Any:
        return self.client.register_script(self.library.script)

    def _arguments(self, request: dict[str, Any], *more: Any) -> list[Any]:
        return [self._offset_ms, self._text(self.standing | request), *more]

    def _text(self, request: dict[str, Any]) -> str:
        return encoded(request)

    @property
    def _offset_ms(self) -> int:
        return self.clock_offset_ms
