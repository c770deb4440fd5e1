"""The text that a generic sender signs: literal but for {body}, {id} and {timestamp}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.senders.options import Parsed

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_BODY_ALONE: Final = ("", "body", "")  # what most sign
_KNOWN: Final = frozenset({"body", "id", "timestamp"})


@dataclass(frozen=True, slots=True)
class Template:
    """Literals and names alternating, with a literal at both ends."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """
        Return *text*, split at its placeholders; raises ValueError without {body}, or for others.
        """
        template = cls(tuple(_PLACEHOLDER.split(text)))
        if "body" not in template.names or template.names - _KNOWN:
            raise ValueError(text)
        return template

    @property
    def text(self) -> str:
        return "".join(
            f"{{{piece}}}" if place % 2 else piece for place, piece in enumerate(self.pieces)
        )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.pieces[1::2])

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """Return the signed bytes, with *values* by name."""
        if self.pieces == _BODY_ALONE:
            return values["body"]
        return b"".join(
            values[piece] if place % 2 else piece.encode()
            for place, piece in enumerate(self.pieces)
        )


def signed_text(default: str) -> Parsed:
    expected = "a text with {{body}} in it, and {{id}} or {{timestamp}} where they are signed"
    return Parsed(Template.parse, expected, load_default=Template.parse(default))
