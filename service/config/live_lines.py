"""The lines of the log that ``instep tail`` shows, handed to the live feed."""

from __future__ import annotations

import logging
import socket
from typing import Final

from service.config.log_lines import as_json, values_of
from workers.model.mask import Mask
from workers.store.live_feed import LiveFeed

SHOWN: Final = frozenset({"delivery", "attempt", "drained", "fetch"})  # beside warnings and errors
OURS: Final = ("service", "workers")  # loggers


class LiveHandler(logging.Handler):
    """Hands records to *feed*, with the name of this host."""

    def __init__(self, feed: LiveFeed, mask: Mask) -> None:
        super().__init__()
        self._feed = feed
        self._mask = mask
        self._host = socket.gethostname()

    def handle(self, record: logging.LogRecord) -> bool:
        """Hand *record* over; mostly nobody watches, and then without a lock or a filter."""
        return self._feed.is_wanted and bool(super().handle(record))

    def emit(self, record: logging.LogRecord) -> None:
        warns = record.levelno >= logging.WARNING
        if not (warns or record.msg in SHOWN):
            return
        line = as_json({**values_of(record), "host": self._host})
        self._feed.offer(self._mask.text(line) if warns else line)


def attach(feed: LiveFeed, mask: Mask) -> LiveHandler:
    """Hand the records of this process to *feed*, whatever its log shows."""
    handler = LiveHandler(feed, mask)
    for name in OURS:
        logger = logging.getLogger(name)
        detach(logger)
        logger.addHandler(handler)
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
    return handler


def detach(logger: logging.Logger) -> None:
    """Take the handlers of an earlier `attach` from *logger*: a record goes to one feed."""
    for handler in [each for each in logger.handlers if isinstance(each, LiveHandler)]:
        logger.removeHandler(handler)
