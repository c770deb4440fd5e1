"""
Exports a site by its API: read only, within its rate limit, written as a seed.

https://developers.webflow.com/data/reference/rate-limits
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

PAGE = 100  # items
TRIES = 5  # of one call
TIMEOUT = 30.0  # seconds
LONGEST = 120.0  # seconds; the longest wait that is obeyed


class CopyRefused(Exception):
    """The site could not be read; the text names the call and its answer."""


@dataclass(frozen=True, slots=True)
class Reader:
    """
    Reads one site.

    Args:
        base: The base URL of v2, without a slash at its end.
        wait: Sleeps for a number of seconds.
    """

    base: str
    token: str = field(repr=False)
    wait: Callable[[float], None] = time.sleep

    def collections(self, site: str) -> Iterator[dict[str, Any]]:
        """
        Yield each collection as Get Collection answers it, with ``items`` and ``liveItems``; raises
        CopyRefused if a call was refused, or not answered.
        """
        with requests.Session() as session:
            for one in self._get(session, f"/sites/{site}/collections")["collections"]:
                path = f"/collections/{one['id']}"
                found = self._get(session, path)
                found["items"] = list(self._items(session, f"{path}/items"))
                found["liveItems"] = list(self._items(session, f"{path}/items/live"))
                yield found

    def _items(self, session: requests.Session, path: str) -> Iterator[dict[str, Any]]:
        # By creation time: a change during the export does not move an item.
        query: dict[str, Any] = {"limit": PAGE, "sortBy": "createdOn", "sortOrder": "asc"}
        offset = 0
        while items := self._get(session, path, query | {"offset": offset})["items"]:
            yield from items
            offset += len(items)
            if len(items) < PAGE:
                return

    def _get(
        self, session: requests.Session, path: str, query: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        told = "no answer"
        for _ in range(TRIES):
            try:
                url = f"{self.base}{path}"
                answer = session.get(url, params=query, headers=headers, timeout=TIMEOUT)
            except requests.RequestException as error:
                told = f"no answer ({type(error).__name__})"
                self.wait(1.0)
                continue
            told = f"{answer.status_code} {answer.text[:200]}"
            if answer.status_code == 429 or answer.status_code >= 500:
                self.wait(_pause(answer))
                continue
            if answer.status_code != 200:
                break
            if answer.headers.get("X-RateLimit-Remaining") == "0":
                self.wait(_pause(answer))
            found: dict[str, Any] = answer.json()
            return found
        raise CopyRefused(f"GET {path}: found {told}, expected 200")


def _pause(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST) if text.isascii() and text.isdigit() else 1.0


def save(reader: Reader, site: str, path: Path, say: Callable[[str], None]) -> None:
    """
    Write the collections of *site* to *path*, as a seed; *say* takes a line for each.

    Raises:
        CopyRefused: The site could not be read; no file is written.
        OSError: The file could not be written.
    """
    found = []
    for one in reader.collections(site):
        found.append(one)
        say(f"{one['displayName']}: {len(one['items'])} items, {len(one['liveItems'])} live")
    path.write_text(json.dumps({"collections": found}, ensure_ascii=False), encoding="utf-8")
