"""Logging of long-running commands: one line per record on stderr, its extras as key=value."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_AGAIN = 60.0  # s
_MOST = 50  # messages that are remembered
_NAME = re.compile(r"\b[0-9a-f]{32}\b|retrying in \d+")
QUIET = ("urllib3", "rq", "granian", "werkzeug")  # they log every step; only their warnings matter


class Once(logging.Filter):
    """
    Suppresses repeated messages of a library for a minute, whichever process they name.

    RQ retries a lost store every second, and logs each failure.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text = _NAME.sub("", record.getMessage())
        if record.created - self._said.get(text, float("-inf")) < _AGAIN:
            return False
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[text] = record.created
        return True


class Line(logging.Formatter):
    """``2025-01-31T09:10:11.123Z info workers.runtime.jobs: attempt items=100 action="settle"``"""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        when = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        extras = "".join(
            f" {key}={_shown(value)}"
            for key, value in vars(record).items()
            if key not in STANDARD and not key.startswith("_")
        )
        text = f"{when} {record.levelname.lower()} {record.name}: {record.getMessage()}{extras}"
        if record.exc_info:
            text += f" error={_shown(self.formatException(record.exc_info))}"
        return text


# Created once: json.dumps with an option creates an encoder for every call.
_encoder = json.JSONEncoder(ensure_ascii=False, default=str)


def _shown(value: object) -> str:
    """Return *value* as JSON: a line break in it must not begin a record."""
    # The encoder has a fast path for text, but none for a number.
    return repr(value) if type(value) is int else _encoder.encode(value)


def configure(level: int = logging.INFO) -> None:
    """Send every record of this process to stderr; libraries log from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("rq.worker").filters[:] = [Once()]
