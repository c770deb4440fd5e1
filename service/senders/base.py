"""Senders: their configuration, their events, and their registry. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from marshmallow import Schema

from service.senders.topics import Topics
from workers.config.schemas import SourceSection, made
from workers.config.settings import MAX_BODY, Source
from workers.errors import ConfigurationInvalid, Problem
from workers.model.changes import FieldProblem, LogPosition, Placed
from workers.model.values import value_class

if TYPE_CHECKING:
    from service.senders.composed import Sender

QUERY: Final = ":query"  # the raw query string, among the headers; no header has such a name


@value_class
class Origin:
    """
    The CMS item that an event of the CMS itself is about.

    Args:
        collection: Its id in the CMS.
        item: Its id in the CMS.
        fields: Its values by slug, ``_archived`` and ``_draft`` included.
        fate: Whether it still exists, and is still published as far as the event says.
        at: lastUpdated as a version; None: the event has none.
        locale: The cmsLocaleId of the variant; None: the event has none.
    """

    collection: str
    item: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    fate: Literal["held", "deleted", "unpublished"] = "held"
    at: str | None = None
    locale: str | None = None


@value_class
class Event:
    """
    One fact in a delivery.

    Args:
        id: The source's name for it; None: it cannot be deduplicated.
        version: From ``workers.model.versions``; None: *placed* orders it.
        payload: The input of the mappings.
        index: Its position in the delivery, from 0.
        problems: Why this one event of its delivery cannot be read.
        ping: A test of the connection: no mapping gets it.
        origin: The CMS item that it is about; None: it comes from another system.
        placed: The order of an event without a version (``workers.model.changes``).
        log: Its log, if *version* is a log position.
    """

    id: str | None
    topic: str | None
    version: str | None
    payload: Any
    index: int = 0
    problems: tuple[FieldProblem, ...] = ()
    ping: bool = False
    origin: Origin | None = None
    placed: Placed = "arrival"
    log: LogPosition | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table of instep.toml with keys that depend on its kind.

    Args:
        name: As in ``sources.shop``.
        common: The keys that every kind has.
        options: The keys of this kind: as read, then as its schema loads them.
    """

    name: str
    kind: str
    common: Collection[str]
    options: Mapping[str, Any] = field(repr=False)

    def problem(self, key: str, found: str, expected: str, do: str) -> Problem:
        return Problem(f"{self.name}.{key}", found, expected, do)


@dataclass(frozen=True, slots=True)
class SenderConfig(Table):
    """The table of a source, with the sender's options loaded."""

    source: Source
    public_url: str | None = None

    @classmethod
    def of(cls, source: Source, public_url: str | None) -> SenderConfig:
        """Return the table of *source*, its options not yet loaded."""
        common = made(SourceSection).fields
        name = f"sources.{source.name}"
        return cls(name, source.sender, common, source.options, source, public_url)

    def signed_url(self) -> str:
        """
        Return the URL that the sender was given, and signs.

        Never derived from the request: the client controls Host and X-Forwarded-*. Raises
        ConfigurationInvalid if neither ``url`` nor ``public_url`` is set.
        """
        source = self.source
        if source.url is not None:
            return source.url
        if self.public_url is None:
            expected = "the address that the sender was given and signs"
            problem = self.problem("url", "nothing", expected, "set it, or public_url")
            raise ConfigurationInvalid([problem])
        token = f"/{quote(source.path_token)}" if source.path_token else ""
        return f"{self.public_url}/webhooks/{source.name}{token}"

    def keys(self, decode: Callable[[str], bytes], expected: str) -> tuple[bytes, ...]:
        """
        Return the secrets as bytes, newest first; raises ConfigurationInvalid if *decode* raised
        ValueError, or returned nothing.
        """
        keys: list[bytes] = []
        problems: list[Problem] = []
        for place, secret in enumerate(self.source.secrets, start=1):
            try:
                key = decode(secret)
            except ValueError:
                key = b""
            keys.append(key)
            if not key:
                found = f"another form in secret {place}"
                problems.append(
                    self.problem("secrets", found, expected, "copy the whole secret again")
                )
        if problems:
            raise ConfigurationInvalid(problems)
        return tuple(keys)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that a sender expects to a kept delivery, or to a challenge."""

    status: int = 200
    body: str = ""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SenderKind:
    """
    A sender before it is configured: one line of the registry.

    Args:
        key: The content of ``secrets``, in words.
        proof: What proves a request, in words.
        dedupe: The source of the event id, in words.
        order: The source of the version, in words.
        retries: What the sender does after an answer other than 2xx, in words.
        options: The settings that it takes; any other is an error.
        dedupe_hours: How long its ids are remembered, by default.
        max_body: Largest request, in bytes, by default.
        answer: The one that it expects; None: any.
        needs_secret: False: something else proves its requests; *build* checks that.
        covers_body: Whether the proof covers the body.
        signs_url: Whether it covers the URL of the source.
        sequenced: Its versions are mostly sequences.
        conceal: Returns a body without its secrets, for a dead letter.
        topics: Those that it can send; None: unknown.
    """

    build: Callable[[SenderConfig], Sender]
    key: str
    proof: str
    dedupe: str
    order: str
    retries: str
    options: type[Schema] = Schema
    dedupe_hours: float = 24.0
    max_body: int = MAX_BODY
    answer: Answer | None = None
    needs_secret: bool = True
    covers_body: bool = False
    signs_url: bool = False
    sequenced: bool = False
    conceal: Callable[[bytes, Sequence[str]], bytes] | None = None
    topics: Topics | None = None
