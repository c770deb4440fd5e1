"""A write-back as configured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from workers.model.writeback import EVENTS, Event

_PLAIN_HEADERS = frozenset({"content-type", "accept", "accept-language", "user-agent", "prefer"})
_SECRET_PATH = 20  # characters of a path that may be a secret, as that of a hook


@dataclass(frozen=True, slots=True)
class WriteBack:
    """``[writeback.NAME]``: where is told what became of a record: *url*, or *sql*."""

    name: str
    collection: str
    on: tuple[Event, ...] = EVENTS
    url: str | None = field(default=None, repr=False)  # with placeholders
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)  # signs each message
    body: str | None = None  # JSON text with placeholders; None: the whole event
    sql: str | None = field(default=None, repr=False)  # the database's address
    statement: str | None = None  # with :parameters
    attempts: int = 12

    @property
    def mark(self) -> str:
        """A hash of where it tells, and how: a pause for a refusal ends with another one."""
        parts = (self.url, self.method, sorted(self.headers.items()), self.secret, self.sql)
        return hashlib.sha256(repr((*parts, self.body, self.statement)).encode()).hexdigest()[:16]

    @property
    def hidden(self) -> tuple[str, ...]:
        """Return what is masked wherever it stands: not a header or a path that says nothing."""
        values = [v for name, v in self.headers.items() if name.lower() not in _PLAIN_HEADERS]
        parts = urlsplit(self.url or "")._replace(scheme="", netloc="")
        path = parts.geturl() if len(parts.path) >= _SECRET_PATH else ""
        known = (self.url, path, self.secret, self.sql, urlsplit(self.sql or "").password)
        bare = [value.partition(" ")[2] for value in values]  # of "Bearer TOKEN"
        return tuple(filter(None, (*known, *values, *bare)))
