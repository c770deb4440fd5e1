"""Headers that note which of them are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.senders.base import QUERY


class WatchedHeaders(Mapping[str, str]):
    """
    The *headers* of a request.

    Attributes:
        seen: Name of each header that was looked at → "present" or "missing".
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.seen: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name != QUERY:
            self.seen[name] = "present" if self._headers.get(name) else "missing"
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)
