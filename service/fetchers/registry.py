"""What a fetcher is built from, and a line of the registry."""

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
    """What a fetcher is built from: its table, with the options loaded."""

    token: str = field(repr=False)
    root: str  # address of the system, without a slash at the end

    @classmethod
    def of(cls, fetcher: settings.Fetcher, root: str) -> FetcherConfig:
        """Return the table of *fetcher*, its options as they were read."""
        common = FetcherSection().fields
        name = f"fetchers.{fetcher.name}"
        return cls(name, fetcher.kind, common, fetcher.options, fetcher.token, root)

    def api(self, *, version_header: str = "", pause: float | None = None) -> Api:
        """Return the system, asked by a bearer token, and in *version_header* for ``version``."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if version_header and self.options["version"]:
            headers[version_header] = self.options["version"]
        return Api(self.root, headers, self.token, pause)


@dataclass(frozen=True, slots=True)
class FetcherKind:
    """
    One line of the registry: a fetcher before it is configured.

    Args:
        build: Makes it of its table.
        sender: Whose notices it reads.
        base_url: Where its system is, unless the configuration says so.
        reads: What it returns, in words.
        key: What stands in ``token``, in words, with the least that it has to be allowed.
        options: The settings that it takes; any other is an error.
    """

    build: Callable[[FetcherConfig], Fetcher]
    sender: str
    base_url: str
    reads: str
    key: str
    options: type[Schema] = Schema
