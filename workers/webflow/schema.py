"""
A collection's schema as last read, and the check of values against it.

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

# What happens to a value that the schema does not take; "wait": until the schema is read again.
Trust = Literal["refuse", "send", "wait"]

_NO_FIELDS = frozenset({"_archived", "_draft", GONE})  # v2 keeps the flags beside the fields
_ALWAYS = {"name", "slug"}  # every collection has them
_IDLE_MS = 5000  # before a schema that is overdue is requested again
_AHEAD_MS = 30_000  # as in lua/steps/claim.lua


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of a collection, and when they were read; times are ms on the store's clock."""

    fields: Mapping[str, SchemaField] = field(default_factory=dict)  # by slug
    read: int = 0  # when the last successful GET was sent; 0: never
    arrival: int = 0  # highest arrival number at that time
    failed: int = 0  # when the last failed GET was sent
    next: int = 0  # not read again before
    doubted: bool = False  # stale: to be read again soon, in use until then

    @property
    def whole(self) -> bool:
        """Whether a slug missing from it is certainly no field of the collection."""
        return self.fields.keys() >= _ALWAYS

    @property
    def required(self) -> Sequence[str]:
        """Slugs of the required fields."""
        return [slug for slug, known in self.fields.items() if known.get("required")]

    @property
    def told(self) -> str:
        """When it was read, as text."""
        moment = datetime.fromtimestamp(self.read / 1000, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def kind(self, slug: str) -> tuple[str, str]:
        """Return the type and the format of a field, as v2 names them; "" if unknown."""
        known = self.fields.get(slug)
        if known is None:
            return "", ""
        return known["type"], str((known.get("rules") or {}).get("format", ""))

    def mark(self, slug: str) -> str:
        """Return a hash of a field's type and rules; "" without a schema."""
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
        Decide what happens to a *value* that this schema does not take.

        Only a schema read after the value came, or was replayed, may refuse it: someone who has
        just raised a limit must not be held to the old one.
        """
        # The arrival number too: a newer value inherits the time since which its field waits.
        if self.read >= value.since and self.arrival >= value.arrival:
            return "refuse"
        # Reading the schema fails: no write may wait for it.
        return "send" if self.failed >= value.since else "wait"

    def wait(self, now: int) -> float:
        """Return the seconds until a value that waits for the schema is due, at *now*."""
        idle = _IDLE_MS if self.doubted and self.next <= now else 0
        ahead = self.next - now
        # Further ahead only if the clock was set back.
        return max(idle, ahead if ahead <= _AHEAD_MS else 0, 0) / 1000


UNKNOWN: Final = Schema()


def check(schema: Schema, slug: str, value: Any, *, api: str) -> str | None:
    """
    Return why the CMS will refuse *value*; None where that is not certain: a refused request costs
    less than a value that is refused wrongly.

    Args:
        value: As the PATCH carries it.
        api: "v1" or "v2".
    """
    if slug in _NO_FIELDS or not schema.whole:
        return None
    field = schema.fields.get(slug)
    if field is None:
        return "the collection has no field of that slug"
    # "required" is missing from schemas that an earlier version stored.
    if field.get("required", False) and (value is None or value == ""):
        return f"found {as_text(value)}, expected a value: the field is required"
    if value is None:
        return None
    fit = FITS.get(field["type"])
    rules = field.get("rules") or {}
    expected = fit(value, Asked(slug, rules, field["options"], api)) if fit else None
    return f"found {as_text(value)}, expected {expected}" if expected else None
