"""The input and the result of a fetch; its errors are in ``workers.errors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


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
