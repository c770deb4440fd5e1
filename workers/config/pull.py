"""``[pulls.NAME]``: a source that is asked, instead of sending webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

FORMATS: Final = ("json", "csv", "rss", "atom", "xml")
AUTHS: Final = ("", "basic", "bearer", "client-credentials")
PAGES: Final = ("", "cursor", "number", "offset", "link")
# A feed shows the newest entries alone: what it lacks is seldom gone.
_NEWEST_ONLY: Final = ("rss", "atom")
_PUBLIC: Final = ("accept", "accept-language", "content-type", "user-agent")


@dataclass(frozen=True, slots=True)
class Pull:
    """One of them; its url, its headers and its body may hold secrets."""

    name: str
    url: str = field(default="", repr=False)
    method: str = "GET"  # or "POST", with a body
    body: str | None = field(default=None, repr=False)  # JSON text with {cursor}, {since}, {page}
    format: str = "json"  # one of FORMATS
    items: str = ""  # JMESPath to the list; of xml the name of an element
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: str = ""  # one of AUTHS
    token: str | None = field(default=None, repr=False)  # of basic: "user:password"
    token_url: str | None = field(default=None, repr=False)
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    scope: str | None = None
    page: str = ""  # one of PAGES
    cursor: str = ""  # JMESPath to the next cursor, or to the address of the next page
    parameter: str = ""  # of the URL, for the cursor, the number or the offset
    size: int | None = None  # records of a full page
    since: str = ""  # parameter that takes the last complete run's start
    whole: bool | None = None  # None: as the format has it
    requests_per_minute: int = 60
    every: float | None = None  # s between two starts
    at: str | None = None  # HH:MM in `timezone`, daily
    timezone: str = "UTC"

    @property
    def asks_since(self) -> bool:
        """Whether it asks only for what has changed since the last complete run."""
        return bool(self.since) or (self.body is not None and "{since}" in self.body)

    @property
    def is_whole(self) -> bool:
        """Whether a record that it lacks is gone."""
        whole = self.format not in _NEWEST_ONLY if self.whole is None else self.whole
        return whole and not self.asks_since

    @property
    def hidden(self) -> tuple[str, ...]:
        """All that may be a secret, to be masked."""
        parts = urlsplit(self.url)
        known = [self.token, self.client_secret, parts.query]
        known += [value for _, value in parse_qsl(parts.query)]
        known += [v for name, v in self.headers.items() if name.lower() not in _PUBLIC]
        return tuple(filter(None, known))
