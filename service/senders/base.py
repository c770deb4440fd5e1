"""What senders are made from, what they return, and a line of their registry. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from marshmallow import Schema

from service.senders.topics import Topics
from workers.config.schemas import SourceSection
from workers.config.settings import MAX_BODY, Source
from workers.errors import ConfigurationInvalid, Problem
from workers.model.changes import FieldProblem, LogPosition, Placed

if TYPE_CHECKING:
    from service.senders.composed import Sender

QUERY: Final = ":query"  # the raw query string, beside the headers; no header has such a name


@dataclass(frozen=True, slots=True)
class Origin:
    """
    The CMS item that an event of the CMS itself is about.

    Args:
        collection: The CMS's id of its collection.
        item: The CMS's id of it.
        fields: What it holds, by slug; ``_archived`` and ``_draft`` among them.
        fate: Whether it is still there, and published for all that the event says.
        at: When it held that, as a version: lastUpdated; None: the event does not say.
        locale: The cmsLocaleId of that variant; None: the event does not say.
    """

    collection: str
    item: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    fate: Literal["held", "deleted", "unpublished"] = "held"
    at: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """
    One fact in a delivery.

    Args:
        id: The source's name for it; None: it cannot be de-duplicated.
        topic: Its kind, as the source names it.
        version: From ``workers.model.versions``; None: *placed* says where it stands.
        payload: What the mappings read.
        index: Its place in the delivery, from 0.
        problems: What keeps this one event, and no other of its delivery, from being read.
        ping: It only tests the connection: no mapping sees it.
        origin: The CMS item that it is about; None: it comes from another system.
        placed: Where an event without a version stands (``workers.model.changes``).
        log: Its place in a log, where *version* is the position in one.
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
    A table of instep.toml that has keys of its kind's own.

    Args:
        name: As in ``sources.shop``.
        kind: The kind that has these keys.
        common: The keys that every kind has.
        options: The keys of its own: as read, then as its schema loads them.
    """

    name: str
    kind: str
    common: Collection[str]
    options: Mapping[str, Any] = field(repr=False)

    def problem(self, key: str, found: str, expected: str, do: str) -> Problem:
        """Return a problem with *key* of this table."""
        return Problem(f"{self.name}.{key}", found, expected, do)


@dataclass(frozen=True, slots=True)
class SenderConfig(Table):
    """What a sender is built from: the table of its source, with the options loaded."""

    source: Source
    public_url: str | None = None

    @classmethod
    def of(cls, source: Source, public_url: str | None) -> SenderConfig:
        """Return the table of *source*, its options as they were read."""
        common = SourceSection().fields
        name = f"sources.{source.name}"
        return cls(name, source.sender, common, source.options, source, public_url)

    def signed_url(self) -> str:
        """
        Return the address that the sender was given, which it signs.

        Never made of the request: Host and X-Forwarded-* are whatever a client says.

        Raises:
            ConfigurationInvalid: Neither ``url`` nor ``public_url`` is set.
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
        Return the secrets as bytes, newest first.

        Raises:
            ConfigurationInvalid: *decode* met one with ValueError, or made nothing of it.
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
    """What a sender wants to hear once its delivery is kept, or when it asks by a challenge."""

    status: int = 200
    body: str = ""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SenderKind:
    """
    One line of the registry: a sender before it is configured.

    Args:
        build: Makes it of its table.
        key: What stands in ``secrets``, in words.
        proof: What proves a request, in words.
        dedupe: What an event id is made of, in words.
        order: What the version of an event is made of, in words.
        retries: What the sender does after an answer other than 2xx, in words.
        options: The settings that it takes; any other is an error.
        dedupe_hours: How long its ids are remembered, where the source does not say.
        max_body: Bytes that a request of it may have, where the source does not say.
        answer: What it wants to hear; None: anything.
        needs_secret: False: something else proves its requests, and build sees to that.
        covers_body: Whether the proof is one of the body, too.
        sequenced: Its versions are mostly sequences.
        conceal: Returns a body without the secrets in it, for a dead letter.
        topics: What is known of its topics; None: nothing.
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
    sequenced: bool = False
    conceal: Callable[[bytes, Sequence[str]], bytes] | None = None
    topics: Topics | None = None
