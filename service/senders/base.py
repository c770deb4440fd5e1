"""What a sender is: it proves one request, then splits it into events. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from marshmallow import Schema

from workers.changes import FieldProblem
from workers.errors import ConfigurationInvalid, Problem
from workers.settings import Source


@dataclass(frozen=True, slots=True)
class Event:
    """
    One fact in a delivery.

    Args:
        id: The source's name for it; None: it cannot be de-duplicated.
        topic: Its kind, as the source names it.
        version: From ``workers.changes``; None: arrival decides.
        payload: What the mappings read.
        index: Its place in the delivery, from 0.
        problems: What keeps this one event, and no other of its delivery, from being read.
    """

    id: str | None
    topic: str | None
    version: str | None
    payload: Any
    index: int = 0
    problems: tuple[FieldProblem, ...] = ()


class Sender(Protocol):
    """A configured sender. Header names are lower case everywhere."""

    @property
    def headers(self) -> tuple[str, ...]:
        """Names that ``events`` reads: kept with a dead letter, so never one that is a proof."""

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """
        Return if the request is proven to come from the source.

        Raises:
            SignatureInvalid: The proof is missing, forged, altered or stale.
        """

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        """
        Yield what a proven request says.

        Raises:
            PayloadInvalid: The body cannot be read at all.
        """


@dataclass(frozen=True, slots=True)
class Given:
    """What a sender is built from: its source, with the options as its schema loaded them."""

    source: Source
    options: Mapping[str, Any] = field(repr=False)
    public_url: str | None = None

    def problem(self, key: str, found: str, expected: str, do: str = "") -> Problem:
        """Return a problem with *key* of this source."""
        return Problem(f"sources.{self.source.name}.{key}", found, expected, do)

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
                problems.append(
                    self.problem("secrets", f"another form in secret {place}", expected)
                )
        if problems:
            raise ConfigurationInvalid(problems)
        return tuple(keys)


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the registry: the settings that a sender takes, and how it is made of them."""

    options: type[Schema]
    build: Callable[[Given], Sender]
