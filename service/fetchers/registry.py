"""The registry of fetchers: their configuration and their kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from marshmallow import Schema

from service.fetchers.api_client import Api
from service.fetchers.base import Fetcher
from service.senders.base import Table
from workers.config import settings
from workers.config.schemas import FetcherSection


@dataclass(frozen=True, slots=True)
class FetcherConfig(Table):
    """The table of a fetcher, with its options loaded."""

    token: str = field(repr=False)
    root: str  # base URL, without a slash at the end

    @classmethod
    def of(cls, fetcher: settings.Fetcher, root: str) -> FetcherConfig:
        """Return the table of *fetcher*, its options not yet loaded."""
        common = FetcherSection().fields
        name = f"fetchers.{fetcher.name}"
        return cls(name, fetcher.kind, common, fetcher.options, fetcher.token, root)

    def api(self, *, version_header: str = "", pause: float | None = None) -> Api:
        """Return the API with a bearer token; *version_header* is sent if ``version`` is set."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if version_header and self.options["version"]:
            headers[version_header] = self.options["version"]
        return Api(self.root, headers, self.token, pause)


@dataclass(frozen=True, slots=True)
class FetcherKind:
    """
    A fetcher before it is configured: one line of the registry.

    Args:
        sender: The kind of sender whose notices it reads.
        base_url: Used unless the configuration sets one.
        reads: What it returns, in words.
        key: The kind of token, in words, with the least rights that it needs.
        options: The settings that it takes; any other is an error.
    """

    build: Callable[[FetcherConfig], Fetcher]
    sender: str
    base_url: str
    reads: str
    key: str
    options: type[Schema] = Schema
