"""Tracebacks for the log: where it happened, without the values of a payload."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Final

import redis

from workers.errors import ProcessorError
from workers.model.log_fields import without_values

# Their messages are of files, connections or a configuration: no payload is quoted in them.
PLAIN: Final = (OSError, redis.RedisError, ProcessorError)
_MOST: Final = 5  # exceptions of a chain


def message_of(error: BaseException) -> str:
    """Return the message of *error*; of any other kind than `PLAIN` without what it quotes."""
    return str(error) if isinstance(error, PLAIN) else without_values(str(error))


def error_text(error: BaseException) -> str:
    """Return the traceback of *error*, and of those that led to it, the first one first."""
    parts = []
    for each in reversed(list(_chain(error))):
        name = type(each).__qualname__
        frames = "".join(traceback.format_tb(each.__traceback__))
        parts.append(f"{frames}{name}: {message_of(each)}")
    return "\nled to:\n".join(parts)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
