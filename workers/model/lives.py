"""What the life of a record tells: its entries, and what became of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Against:
    """What a value was held against."""

    why: str  # newer value, retirement, own write, repeat, other locale, superseded, undone
    source: str | None  # that gave the other value
    event: str | None
    version: str | None  # of the other value
    own: str | None  # version of the value itself


@dataclass(frozen=True, slots=True)
class FieldFate:
    """What became of one field. *value* is None where the entry does not tell it."""

    fate: str
    value: Any = None
    told: bool = False  # *value* is known
    length: int | None = None  # of the JSON text, where *value* is only its beginning
    against: Against | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The request that carried values, and how the CMS answered; *sent* False: it was not sent."""

    kind: str  # as in `workers.model.attempts.Kind`
    staged: bool  # of the staged copy alone
    copy: str = ""  # of the site address and collection id; "": today's
    item: str | None = None
    status: int | None = None  # None: no answer
    code: str | None = None
    message: str | None = None
    sent: bool = True
    method: str = ""  # "": unknown, as is the path
    path: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing that happened to a record.

    *what* is one of: accepted, left-out, answered, not-sent, unanswered, found, missing, edited,
    letter, rewritten, restored, merged, blocked, staged, published, named, held, written-back,
    other. *detail* depends on it:

    - left-out: letter, problems ([{path, message}])
    - answered: why (paused, publish, plan, budget, unknown, lookup, alone, status, staged,
      publishing, late or ""), wait (s), attempts; only where something was not written; and
      problems where something died: what the CMS said of single fields
    - not-sent: wait (s)
    - unanswered: sent (datetime)
    - found: item; missing: becomes (create, dead-letter, ignore, retired, incomplete)
    - edited: what (edited, deleted, unpublished, gone, moved, twin), detail
    - letter: act (replay, discard, again, dead), letter, why
    - merged: key, fields, overtaken; blocked: collection, keys, number; staged: why
    - published: by (item, site)
    - named: slug, instead, passed
    - written-back: writeback, event, status, message, letter
    - held: act (asked, sent, approved, dropped, ended, nothing), by
    """

    at: datetime
    what: str
    by: str  # a source, reconcile, remap, replay, undo, editor, or "" for Instep itself
    source: str | None = None
    delivery: int | None = None  # its number in the log of the source
    event: str | None = None
    topic: str | None = None
    mapping: str | None = None
    run: str | None = None  # that did it (``runs.py``)
    proof: str | None = None  # mark of the secret that proved the delivery
    fields: Mapping[str, FieldFate] = field(default_factory=dict)
    call: Request | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
