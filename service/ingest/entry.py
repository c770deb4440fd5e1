"""A delivery as the spool keeps it: already proven, without its signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field

from service.senders.configured_sender import Received
from workers.model.changes import Slot
from workers.model.values import value_class


@value_class
class Entry:
    """
    A proven delivery.

    Args:
        token: Of its accept, the same at every try.
        wall_us: Time of arrival by this machine's clock.
        came_us: The same by the store's clock, as far as known.
        secret: Mark of the secret that proved it.
        slot: Where the store would have noted an earlier accept.
        read: The parsed delivery; None: read from a spool, and not parsed yet.
    """

    source: str
    token: str
    wall_us: int
    came_us: int | None = None
    secret: str | None = None
    slot: Slot | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    read: Received | None = field(default=None, repr=False, compare=False)

    def at(self, came_us: int | None, slot: Slot | None = None) -> Entry:
        """Return the entry with when it came, and its *slot*."""
        # Not dataclasses.replace, which takes several times as long: each delivery comes by here.
        return Entry(
            self.source,
            self.token,
            self.wall_us,
            came_us,
            self.secret,
            slot,
            self.headers,
            self.body,
            self.read,
        )

    @property
    def order(self) -> int:
        return self.came_us or self.wall_us

    def encoded(self) -> bytes:
        """Return the bytes for a frame."""
        head = {
            "source": self.source,
            "token": self.token,
            "wall": self.wall_us,
            "came": self.came_us,
            "secret": self.secret,
            "slot": self.slot and [self.slot.file, self.slot.name],
            "headers": dict(self.headers),
        }
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + self.body

    @classmethod
    def decoded(cls, data: bytes) -> Entry:
        """Return the entry that `encoded` gave; raises ValueError if *data* is no such entry."""
        text, _, body = data.partition(b"\n")
        try:
            head = json.loads(text)
            return cls(
                head["source"],
                head["token"],
                head["wall"],
                head["came"],
                head["secret"],
                head["slot"] and Slot(*head["slot"]),
                head["headers"],
                body,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no entry of a spool: {error}") from None
