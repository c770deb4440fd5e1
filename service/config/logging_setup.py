"""
Logging of long-running commands, on stderr: text on a terminal, elsewhere one JSON object a line.

``INSTEP_LOG=text`` or ``json`` chooses.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import redis

from service.config import error_reports, live_lines
from service.config.error_text import error_text
from service.config.log_lines import as_json, as_text, values_of
from workers.config.settings import Settings
from workers.errors import ConfigurationInvalid, Problem
from workers.model.mask import Mask
from workers.store.live_feed import LiveFeed

FORMS = ("text", "json")
_AGAIN = 60.0  # s
_MOST = 50  # messages that are remembered
_NAME = re.compile(r"\b[0-9a-f]{32}\b|retrying in \d+")
QUIET = (
    "urllib3",
    "rq",
    "granian",
    "werkzeug",
    "mcp",
)  # they log every step; only their warnings matter


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


class RqTraceback(logging.Filter):
    """Moves a traceback that RQ writes into its message where others have it: see `error_text`."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = sys.exc_info()
        text, line, _ = str(record.msg).partition("\n")
        if line and error[0] is not None and not record.exc_info and isinstance(record.args, tuple):
            record.msg, record.args = text, record.args[: text.count("%s")]
            record.exc_info = error
        return True


class _Masked(logging.Formatter):
    """Masks secrets in whatever is no ordinary line: those have no foreign words."""

    mask: Mask | None = None

    def format(self, record: logging.LogRecord) -> str:
        line = self.line(record)
        if self.mask is None or record.levelno < logging.WARNING:
            return line
        return self.mask.text(line)

    def line(self, record: logging.LogRecord) -> str:
        raise NotImplementedError


class JsonLine(_Masked):
    """``{"time":"2025-01-31T09:10:11.123Z","level":"info",…,"message":"attempt","items":100}``"""

    def line(self, record: logging.LogRecord) -> str:
        return as_json(values_of(record, _error(record)))


class TextLine(_Masked):
    """
    ``09:10:11 info    attempt  site  200 update  products A-1, A-2 +98  100 written  212 ms``

    Args:
        terminal: In colour, and with the local time of day.
    """

    def __init__(self, *, terminal: bool, color: bool) -> None:
        super().__init__()
        self._terminal, self._color = terminal, color

    def line(self, record: logging.LogRecord) -> str:
        values = values_of(record, _error(record))
        return as_text(values, color=self._color, clock=self._terminal)


def _error(record: logging.LogRecord) -> str | None:
    error = record.exc_info and record.exc_info[1]
    return error_text(error) if error else None


def form_of(environ: Mapping[str, str]) -> str | None:
    """
    Return the form of the log that *environ* asks for; None: by where it goes.

    Raises:
        ConfigurationInvalid: There is no such form.
    """
    chosen = environ.get("INSTEP_LOG") or None
    if chosen not in (None, *FORMS):
        problem = Problem("INSTEP_LOG", repr(chosen), '"text" or "json"', "correct it, or unset it")
        raise ConfigurationInvalid([problem])
    return chosen


def formatter_for(stream: TextIO, environ: Mapping[str, str]) -> logging.Formatter:
    """Return what formats the lines that go to *stream*."""
    terminal = stream.isatty()
    form = form_of(environ) or ("text" if terminal else "json")
    if form == "json":
        return JsonLine()
    return TextLine(terminal=terminal, color=terminal and not environ.get("NO_COLOR"))


def observe(settings: Settings, client: redis.Redis | None = None) -> None:
    """
    Mask the secrets of *settings* in warnings and errors, and report errors where asked to.

    *client*: of the store in which ``instep tail`` finds the lines; None: it does not show them.
    """
    mask = Mask(settings.hidden)
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Masked):
            handler.formatter.mask = mask
    error_reports.start(os.environ, settings.hidden)
    if client is not None:
        live_lines.attach(LiveFeed(client), mask)


def configure(level: int = logging.INFO) -> None:
    """Send every record of this process to stderr; libraries log from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter_for(sys.stderr, os.environ))
    # No line says which thread, process or place of the code a record comes from: to find that out
    # is half the cost of one (https://docs.python.org/3/howto/logging.html#optimization).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("rq.worker").filters[:] = [RqTraceback(), Once()]
