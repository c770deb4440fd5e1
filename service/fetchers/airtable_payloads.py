"""
Airtable: what changed since the last ping, one payload per record.

A ping only announces that there are payloads. The list begins at the stored cursor, at first at 1;
payloads deleted by Airtable (after a week) are missing from it. Reading also extends the webhook by
seven days.

https://airtable.com/developers/web/api/list-webhook-payloads
https://airtable.com/developers/web/api/webhooks-overview
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final

from service.fetchers.airtable_records import records
from service.fetchers.api_client import Api, named, part, pick
from service.fetchers.base import Fetched, FetcherConfig, FetcherKind, Notice
from workers.errors import FetchRefused, PayloadInvalid

PAGE: Final = 50  # payloads; the most that one request returns
MOST: Final = 1_000  # records of one fetch, which are accepted in one step; a payload is not split
PAUSE: Final = 30.0  # s after a 429 during which every request fails

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Payloads:
    api: Api
    object: str = "webhook.id"

    def __call__(self, notice: Notice) -> Fetched:
        base, webhook = named(notice.payload, "base.id"), named(notice.payload, "webhook.id")
        path = f"/v0/bases/{part(base)}/webhooks/{part(webhook)}/payloads"
        asked = notice.cursor or "1"
        answer = self.api.get(path, {"cursor": asked, "limit": str(PAGE)})
        what = f"GET {path}"
        listed = pick(what, answer, "payloads", list)
        # The cursor counts payloads: it is the number of the one after the last of these.
        page = _Page(what, base, listed, pick(what, answer, "cursor", int) - len(listed))
        if page.first < int(asked):  # it would read the same payloads for ever
            raise FetchRefused(f"{what}: asked from cursor {asked}, it answers from {page.first}")
        return page.fetched(more=pick(what, answer, "mightHaveMore", bool))


@dataclass(slots=True)
class _Page:
    what: str
    base: str
    listed: list[Any]
    first: int  # number of its first payload
    found: list[Any] = field(default_factory=list)

    def fetched(self, *, more: bool) -> Fetched:
        """Return the records of the payloads, up to MOST or to an error that ends the list."""
        for index, payload in enumerate(self.listed):
            number = self.first + index
            ends = index == len(self.listed) - 1 and not more
            if self._is_error(payload) and ends and index:
                # First the records before it: the next fetch begins here and reports it.
                return Fetched(tuple(self.found), str(number), more=True)
            rows = self._rows(payload, number, ends=ends)
            if self.found and len(self.found) + len(rows) > MOST:
                return Fetched(tuple(self.found), str(number), more=True)
            self.found += rows
        # Without payloads there is no more: it would ask for ever.
        cursor = str(self.first + len(self.listed))
        return Fetched(tuple(self.found), cursor, more=more and bool(self.listed))

    def _rows(self, payload: Any, number: int, *, ends: bool) -> list[Any]:
        if self._is_error(payload):
            self._report(payload, number, ends=ends)
            return []
        try:
            return list(records(payload, {"baseId": self.base, "payloadNumber": number}))
        except PayloadInvalid as error:
            raise FetchRefused(f"{self.what}: payload {number}: {error}") from None

    @staticmethod
    def _is_error(payload: Any) -> bool:
        return isinstance(payload, dict) and payload.get("error") is True

    def _report(self, payload: dict[str, Any], number: int, *, ends: bool) -> None:
        code = str(payload.get("code"))[:60]
        if ends:
            # INVALID_FILTERS and INVALID_HOOK are the last payloads of a webhook.
            raise FetchRefused(
                f"{self.what}: payload {number} is the error {code}; if no further change comes, "
                "correct the webhook's specification and make a new webhook"
            )
        _log.warning("payload is an error", extra={"payload": number, "reason": code})


def build(config: FetcherConfig) -> Payloads:
    return Payloads(config.api(pause=PAUSE))


KIND = FetcherKind(
    build,
    sender="airtable",
    base_url="https://api.airtable.com",
    reads="one payload per record that was created, changed or destroyed since the last ping",
    key="personal access token with webhook:manage and data.records:read",
)
