"""
A collection's schema as last read, and what can be said of a value by it. Pure.

https://developers.webflow.com/data/reference/cms/collections/get
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from workers.fields.json_values import as_text
from workers.fields.validators import FITS, Asked
from workers.model.attempts import ClaimedField
from workers.model.retirement import GONE
from workers.webflow.item_answers import SchemaField

# Whether a value that the schema does not take is refused, sent all the same, or waits until the
# schema has been read again.
Trust = Literal["refuse", "send", "wait"]

_NO_FIELDS = frozenset({"_archived", "_draft", GONE})  # v2 has the flags beside the fields
_ALWAYS = {"name", "slug"}  # every collection has them
_IDLE_MS = 5000  # until a schema that should have been read by now is asked for again
_AHEAD_MS = 30_000  # as in lua/steps/claim.lua


@dataclass(frozen=True, slots=True)
class Schema:
    """
    The fields of a collection, and when they were asked for; times are ms on the store's clock.

    Args:
        fields: By slug.
        read: When the last GET that brought them was sent; 0: there are none, or nobody knows.
        arrival: The highest arrival number that there was then.
        failed: When the last GET that brought none was sent.
        next: Not read again before.
        doubted: To be read again before long; it serves until then.
    """

    fields: Mapping[str, SchemaField] = field(default_factory=dict)
    read: int = 0
    arrival: int = 0
    failed: int = 0
    next: int = 0
    doubted: bool = False

    @property
    def whole(self) -> bool:
        """Whether a slug that is not in it is no field of the collection."""
        return self.fields.keys() >= _ALWAYS

    @property
    def required(self) -> Sequence[str]:
        """Slugs of the fields without which no item is valid."""
        return [slug for slug, known in self.fields.items() if known.get("required")]

    @property
    def told(self) -> str:
        """When it was read, for an operator."""
        moment = datetime.fromtimestamp(self.read / 1000, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def kind(self, slug: str) -> tuple[str, str]:
        """Return the type of a field and its format, as v2 calls them; "" for what is not known."""
        known = self.fields.get(slug)
        if known is None:
            return "", ""
        return known["type"], str((known.get("rules") or {}).get("format", ""))

    def mark(self, slug: str) -> str:
        """Return a mark that another type, or another rule, of a field changes; "": no schema."""
        known = self.fields.get(slug)
        if known is None:
            return ""
        said = json.dumps([known["type"], known.get("rules") or {}], sort_keys=True)
        return hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()[:8]

    def options(self, slug: str) -> Sequence[Mapping[str, str]]:
        """Return ``{"id", "name"}`` of each option of a field."""
        known = self.fields.get(slug)
        return known["options"] if known else ()

    def trust(self, value: ClaimedField) -> Trust:
        """
        Tell what becomes of a *value* that this schema does not take.

        It is refused only by a schema that was read after it came, or after it was replayed: so
        nobody who has just raised a limit is told the old one.
        """
        # By number as well: a newer value inherits the time since which its field waits.
        if self.read >= value.since and self.arrival >= value.arrival:
            return "refuse"
        # The GET that would tell does not come through: no write may wait for it.
        return "send" if self.failed >= value.since else "wait"

    def wait(self, now: int) -> float:
        """Return the seconds until a value that waits for it is due, at *now*."""
        idle = _IDLE_MS if self.doubted and self.next <= now else 0
        ahead = self.next - now
        # Further ahead it is only where the clock has stepped back.
        return max(idle, ahead if ahead <= _AHEAD_MS else 0, 0) / 1000


UNKNOWN: Final = Schema()


def check(schema: Schema, slug: str, value: Any, *, api: str) -> str | None:
    """
    Return why the CMS will refuse *value*, in words; None where that is not certain: a call that
    is refused costs less than a value that is refused wrongly.

    Args:
        schema: Of the collection.
        slug: Of the field.
        value: As the PATCH carries it.
        api: "v1" or "v2".
    """
    if slug in _NO_FIELDS or not schema.whole:
        return None
    field = schema.fields.get(slug)
    if field is None:
        return "the collection has no field of that slug"
    # A schema that an earlier version kept does not say.
    if field.get("required", False) and (value is None or value == ""):
        return f"found {as_text(value)}, expected a value: the field is required"
    if value is None:
        return None
    fit = FITS.get(field["type"])
    rules = field.get("rules") or {}
    expected = fit(value, Asked(slug, rules, field["options"], api)) if fit else None
    return f"found {as_text(value)}, expected {expected}" if expected else None
