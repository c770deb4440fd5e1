"""States of records and of their fields in the words of who reads them, with the tone of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from service.operate.record_pages import ANY, ATTENTION
from workers.model.retirement import GONE, shown_slug

Badge = tuple[str, str]  # a state that `formats.tone` knows, and the word

RECORDS: Final[Mapping[str, Badge]] = MappingProxyType(
    {
        "in step": ("done", "up to date"),
        "pending": ("waiting", "waiting"),
        "sending": ("running", "being sent"),
        "dead": ("refused", "refused"),
        "left out": ("refused", "not readable"),
        "not published": ("draft", "not published"),
        "staged": ("waiting", "waits to be published"),
        "edited": ("held", "edited in the CMS"),
        "held": ("held", "delete pending"),
        "retired": ("", "gone at its source"),
        "dropped": ("", "delete dropped"),
        "ignored": ("", "ignored"),
        "discarded": ("", "discarded"),
        "unknown": ("", "no event yet"),
    }
)
CHOICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ATTENTION: "Needs a person",
        ANY: "Any",
        **{state: f"{word[:1].upper()}{word[1:]}" for state, (_, word) in RECORDS.items()},
    }
)
FIELDS: Final[Mapping[str, Badge]] = MappingProxyType(
    {
        "pending": ("waiting", "waiting"),
        "written": ("done", "written"),
        "unchanged": ("done", "was so already"),
        "dead": ("refused", "refused"),
        "left out": ("refused", "not readable"),
        "superseded": ("", "overtaken"),
        "ignored": ("", "ignored"),
        "discarded": ("", "discarded"),
    }
)
# What became of a value, in an entry of a life.
OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dead": "refused",
        "stale": "too old",
        "superseded": "overtaken",
        "unchanged": "was so already",
        "again": "to be sent again",
        "pending": "to be sent",
        "unknown": "outcome unknown",
    }
)
# What a value was held against: before the version, event and source of the other one.
AGAINST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "newer value": "newer",
        "retirement": "the record was gone",
        "own write": "written by Instep",
        "repeat": "came before",
        "other locale": "of another locale",
        "superseded": "in place of",
    }
)
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "archive": "archived",
        "draft": "made a draft",
        "unpublish": "unpublished",
        "delete": "deleted",
    }
)


def field_name(slug: str) -> str:
    """Return *slug*, or what stands for a retirement, which is no field."""
    return "its delete" if slug == shown_slug(GONE) else slug


def badge_of(states: Mapping[str, Badge], state: str) -> Badge:
    """Return tone and word of *state*; one of another release shows itself."""
    return states.get(state, ("", state))
