"""
Wake-ups: the only jobs that a worker runs.

RQ imports what a job names: function, callbacks, and those of dependent jobs. Anyone who can write
to the store could thus run any code on this machine. So jobs are validated against a fixed list
before RQ sees them, and nothing else in their hashes is used.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import redis
from redis.utils import str_if_bytes
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job

# Functions of jobs, by the names used in the store by all releases.
DELIVER, FETCH, RUN = "workers.jobs.deliver", "workers.jobs.fetch", "workers.jobs.run"
PATHS = {
    DELIVER: "workers.runtime.jobs.deliver",
    FETCH: "workers.runtime.jobs.fetch",
    RUN: "workers.runtime.jobs.run",
}
_NAMES = {path: name for name, path in PATHS.items()}  # RQ may save a job it has read
ARGUMENTS = {DELIVER: 1, FETCH: 0, RUN: 0}  # number of text arguments
SECONDS = {DELIVER: 120, FETCH: 60, RUN: 60}  # timeout of a job; the claim of a fetch lasts longer
RESULT_TTL, FAILURE_TTL = 0, 60  # s

_READ = {
    *("data", "created_at", "origin", "enqueued_at", "started_at", "ended_at"),
    *("last_heartbeat", "status", "ttl", "worker_name"),
}
_REFUSED = {
    *("success_callback_name", "failure_callback_name", "stopped_callback_name", "webhooks"),
    *("dependency_ids", "dependency_id", "retries_left", "repeats_left", "rate_limit_key"),
}
_DATA_MOST = 4096  # bytes, unpacked

Dequeued = tuple[Job, Queue] | None

_log = logging.getLogger(__name__)


class WakeUp(Job):
    """An RQ job that can only be a wake-up."""

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """
        Read the hash of a job.

        Raises:
            NoSuchJobError: It is no wake-up, and was deleted; RQ continues with the next.
        """
        raw = {str_if_bytes(name): value for name, value in raw_data.items()}
        try:
            function, _, arguments, _ = wake_up(raw)
            super().restore({name: value for name, value in raw.items() if name in _READ})
        except (ValueError, TypeError, KeyError) as error:
            self.connection.delete(self.key)
            _log.warning("job refused: it is no wake-up", extra={"reason": str(error)})
            raise NoSuchJobError("no wake-up") from error
        self.data = json.dumps([PATHS[function], None, arguments, {}]).encode()
        self.description = " ".join([function, *arguments])  # RQ colours it, on a terminal
        self.timeout = SECONDS[function]
        self.result_ttl, self.failure_ttl = RESULT_TTL, FAILURE_TTL


def wake_up(raw: Mapping[str, bytes]) -> tuple[str, None, list[str], dict[str, Any]]:
    """
    Validate a job's hash, and return the call.

    Raises:
        ValueError: It is no wake-up; the message contains no value.
        KeyError: It calls nothing.
    """
    if extra := sorted(name for name in _REFUSED & set(raw) if raw[name] not in (b"", b"[]")):
        raise ValueError(f"it has {', '.join(extra)}")
    called = json.loads(_unpacked(raw["data"]))
    if not isinstance(called, list) or len(called) != 4:
        raise ValueError("it calls nothing that can be read")
    function, instance, arguments, named = called
    function = _NAMES.get(function, function) if isinstance(function, str) else None
    if function not in ARGUMENTS:
        raise ValueError(f"it calls something else than {' or '.join(ARGUMENTS)}")
    texts = isinstance(arguments, list) and all(isinstance(one, str) for one in arguments)
    if instance is not None or named or not texts or len(arguments) != ARGUMENTS[function]:
        raise ValueError(f"it calls {function} with other arguments")
    return function, None, arguments, {}


def _unpacked(data: bytes) -> bytes:
    """Decompress like RQ, if compressed, up to the size of a wake-up."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(data, _DATA_MOST)
    except zlib.error:
        return data[:_DATA_MOST]
    if unpacker.unconsumed_tail:
        raise ValueError("it is too large")
    return data


class WakeQueue(Queue):
    """A queue of wake-ups; a worker skips whatever else is in it."""

    job_class = WakeUp

    @classmethod
    def dequeue_any(cls, queues: Iterable[Queue], *args: Any, **kwargs: Any) -> Dequeued:
        """Like RQ's, but empty an unreadable queue; the sweep enqueues new wake-ups."""
        queues = list(queues)
        while True:
            try:
                return super().dequeue_any(queues, *args, **kwargs)
            except (ValueError, redis.ResponseError) as error:
                if not is_unreadable(error):
                    raise
                empty(queues, error)


def is_unreadable(error: Exception) -> bool:
    """
    Tell whether RQ cannot read a key: a refused id (ValueError), bytes that are no text, or another
    type of key.
    """
    return not isinstance(error, redis.RedisError) or str(error).startswith("WRONGTYPE")


def empty(queues: Iterable[Queue], error: Exception) -> None:
    """Delete *queues*, which cannot be read."""
    for queue in queues:
        extra = {"queue": queue.name, "reason": str(error)}
        _log.warning("queue emptied: it could not be read", extra=extra)
        queue.connection.delete(queue.key, queue.intermediate_queue.key)
