"""The input and the result of a fetch; its errors are in ``workers.errors``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from marshmallow import Schema

from service.fetchers.api_client import Api
from service.senders.base import Table
from workers.config import settings
from workers.config.schemas import FetcherSection, made


@dataclass(frozen=True, slots=True)
class Notice:
    """
    An event that names an object but does not contain it.

    Args:
        object: Id of the object, as text; several notices of one object cause one fetch.
        payload: Of the newest notice of that object.
        id: The event id, where the source gives one.
        cursor: Returned by the last successful fetch of this object; None: there was none, or the
            fetcher uses no cursor.
    """

    object: str
    payload: Any
    id: str | None = None
    topic: str | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    The result of a fetch.

    Args:
        payloads: Each is mapped like the payload of an event, in this order.
        cursor: Stored in the step that accepts the payloads; None: unchanged.
        more: The object is fetched again at once, for the rest.
    """

    payloads: tuple[Any, ...]
    cursor: str | None = None
    more: bool = False


class Fetcher(Protocol):
    """Reads objects of one system. Called from one thread at a time."""

    @property
    def object(self) -> str:
        """JMESPath of the object's id in the notice: text, a whole number, or a list."""

    def __call__(self, notice: Notice) -> Any:
        """
        Return the object as the payload to map, or `Fetched` for several.

        Raises:
            FetchRefused: The object is not available.
            FetchUnavailable: No object is available at the moment.
        """


@dataclass(frozen=True, slots=True)
class FetcherConfig(Table):
    """The table of a fetcher, with its options loaded."""

    token: str = field(repr=False)
    root: str  # base URL, without a slash at the end

    @classmethod
    def of(cls, fetcher: settings.Fetcher, root: str) -> FetcherConfig:
        """Return the table of *fetcher*, its options not yet loaded."""
        common = made(FetcherSection).fields
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
