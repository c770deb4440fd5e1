"""What a fetch is given and what it returns; how it fails stands in ``workers.errors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """
    One event that names an object and does not say what the object holds.

    Args:
        object: What is to be fetched, as text; notices of one object are fetched once.
        payload: Of the newest notice of that object.
        id: Its event id; None: the source gives none.
        topic: Its kind, as the source names it.
        cursor: What the last successful fetch of this object returned; None: it was the first,
            or the fetcher uses none.
    """

    object: str
    payload: Any
    id: str | None = None
    topic: str | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    What a fetch has read.

    Args:
        payloads: Each is mapped like the payload of any event, in this order.
        cursor: Kept with the object in the step that accepts the payloads; None: unchanged.
        more: There is more to read: the object is fetched again at once.
    """

    payloads: tuple[Any, ...]
    cursor: str | None = None
    more: bool = False


class Fetcher(Protocol):
    """Reads objects of one system. May be called from one thread at a time."""

    @property
    def object(self) -> str:
        """JMESPath in the notice to what is to be fetched: text, a whole number, or a list."""

    def __call__(self, notice: Notice) -> Any:
        """
        Return the object, as the payload that is mapped; or `Fetched`, where it is several.

        Raises:
            FetchRefused: The object cannot be had.
            FetchUnavailable: Nothing can be had at the moment.
        """
