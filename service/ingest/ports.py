"""What the way in needs of its neighbours, and no more: mappings, outbox, dead letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from service.ingest.entry import Entry
from workers.model.changes import Again, Change, Delivery, Fetch, FieldProblem, LeftOut


class Mapped(Protocol):
    """What the mappings make of one event."""

    @property
    def changes(self) -> tuple[Change, ...]: ...
    @property
    def problems(self) -> tuple[FieldProblem, ...]: ...
    @property
    def nameless(self) -> bool: ...
    @property
    def wanted(self) -> bool: ...
    @property
    def fetches(self) -> tuple[Fetch, ...]: ...
    @property
    def left(self) -> tuple[LeftOut, ...]: ...


class Mappings(Protocol):
    """The user's mappings, by source and topic."""

    def changes(
        self, source: str, topic: str | None, payload: Any, *, version: str | None
    ) -> Mapped: ...

    def fetched(
        self,
        source: str,
        fetcher: str | None,
        topics: Collection[str] | None,
        payload: Any,
        *,
        version: str | None,
    ) -> Mapped: ...


class Accepted(Protocol):
    """The result of accepting a delivery."""

    @property
    def outcome(self) -> str: ...
    @property
    def wake(self) -> tuple[str, ...]: ...
    @property
    def accepted(self) -> int: ...
    @property
    def stalled(self) -> Mapping[str, Any] | None: ...
    @property
    def last(self) -> int: ...
    @property
    def at_us(self) -> int | None: ...


class Outbox(Protocol):
    """The part of the outbox that takes."""

    def accept(self, delivery: Delivery) -> Accepted: ...
    def accept_in_order(self, deliveries: Sequence[Delivery]) -> Sequence[Accepted]: ...


class Door(Protocol):
    """What keeps a proven delivery, in the store or in the spool."""

    def take(self, entry: Entry) -> Any: ...


class Letter(Protocol):
    """An unmapped dead letter."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str | None: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def index(self) -> int: ...
    @property
    def again(self) -> Again | None: ...
