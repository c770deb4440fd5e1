"""What a fetcher is built from, and a line of the registry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from service.fetchers.base import Fetcher
from workers.config import settings
from workers.config.schemas import FetcherSection
from workers.errors import Problem


@dataclass(frozen=True, slots=True)
class Given:
    """What a fetcher is built from: its table, with the options as its schema loaded them."""

    fetcher: settings.Fetcher
    options: Mapping[str, Any] = field(repr=False)
    root: str  # address of the system, without a slash at the end

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.fetcher.kind

    @property
    def common(self) -> Collection[str]:
        """The keys that every fetcher may have."""
        return FetcherSection().fields

    @property
    def token(self) -> str:
        return self.fetcher.token

    def problem(self, key: str, found: str, expected: str, do: str) -> Problem:
        """Return a problem with *key* of this fetcher."""
        return Problem(f"fetchers.{self.fetcher.name}.{key}", found, expected, do)


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One line of the registry: a fetcher before it is configured.

    Args:
        options: The settings that it takes.
        build: Makes it of them.
        sender: Whose notices it reads.
        base_url: Where its system is, unless the configuration says so.
        reads: What it returns, in words.
        key: What stands in ``token``, in words, with the least that it has to be allowed.
    """

    options: type[Schema]
    build: Callable[[Given], Fetcher]
    sender: str
    base_url: str
    reads: str
    key: str
