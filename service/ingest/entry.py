"""One delivery as it stands in the spool: proven already, and without its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.senders.secret_rotation import Received
from workers.model.changes import Slot


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Args:
        source: Name of its source.
        token: Of its accept, the same however often that is tried.
        wall_us: When it came, by the clock of this machine.
        came_us: The same by the store's clock, as far as that could be told; None: it could not.
        secret: Mark of the secret under which it was proven.
        slot: Where the store would have noted that it was accepted already.
        headers, body: As they are kept: they hold no proof.
        read: What they say; None: it comes out of a spool, and has not been read yet.
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

    @property
    def order(self) -> int:
        """What is drained first, of one source."""
        return self.came_us or self.wall_us

    def encoded(self) -> bytes:
        """Return it as the bytes of a frame."""
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
        """
        Return what `encoded` gave.

        Raises:
            ValueError: It is no such entry.
        """
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
