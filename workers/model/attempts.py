"""
What the steps of the outbox hand out and take back. Values only: no I/O, no clock.

A worker asks for the next step of one destination and gets a Batch, a Probe, a Lookup or a
Wait; for a batch it answers with one ItemOutcome per item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workers.model.changes import FieldProblem

MISSES = 2  # answers without effect before the item is read
# Why the status of items is read: it is not known (alone: each by a request of its own), or a
# request was refused for the status of one of them.
Look = Literal["", "status", "alone", "refused"]
# What a request does to its items: writes values into those that are there, creates them from all
# that is held, makes live what was written staged, takes the live copies or all of them away, or
# reads their status and sends nothing.
Kind = Literal["update", "create", "publish", "unpublish", "delete", "look"]


@dataclass(frozen=True, slots=True)
class ClaimedField:
    slug: str
    value: str  # canonical JSON text, as accepted
    type: str  # a name of workers.fields.types.TYPES
    arrival: int
    repair: bool = False  # already written, and written once more: an outcome is unknown
    file: str | None = None  # JSON {"fileId", "url"} (or a list of them), as last read in the CMS
    misses: int = 0  # answers 200 that did not show this value
    since: int = 0  # ms on the store's clock: since when its field waits
    late: bool = False  # its file was being imported for a request that was not answered
    link: str | None = None  # JSON of the ids of the items that it names by their keys


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    record: str  # the key, or the item id where events carry it
    id: str  # the CMS item id; "" where the item is to be created
    fields: tuple[ClaimedField, ...]
    attempts: int = 0  # counted so far
    refused: bool = False  # refused alone before, and sent again without the fields it named
    limit: int = 100  # its batch limit
    healthy: bool = True  # another PATCH of the destination succeeded since its last attempt
    fresh: bool = False  # it has not failed alone since: a failure may be the first of an outage
    failed_seconds: float = 0.0  # since it first failed alone; 0: it did not
    forgotten: bool = False  # its id was forgotten and looked up again since it last succeeded
    taken: str | None = None  # the slug that it was to be created with, which an item has
    passed: str | None = None  # the last slug made for it that another item is known to have
    # Of fields that are not sent and whose forms are known: slug → the marks that they may show.
    forms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # cmsLocaleId ("": of the primary one, which need not be named) → the fields that go to that
    # variant; empty: all go to the primary one.
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: int = 0  # fields and more that are held of it

    @property
    def passed_over(self) -> tuple[str, ...]:
        """Fields that two answers have not shown, the second to a request of its own."""
        return tuple(field.slug for field in self.fields if field.misses >= MISSES)

    looked: bool = False  # its status was read, and nothing was written since
    was_live: bool = False  # its record is back: what took it off the site is taken back
    unpublishable: bool = False  # the CMS would not publish it, and its status is the same


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 100 items of one collection, held for 30 s for one request."""

    token: str
    destination: str
    collection: str
    items: tuple[ClaimedItem, ...]
    kind: Kind = "update"
    staged: bool = False  # the staged copies alone are written
    look: Look = ""  # why their status is read
    trial: bool = False  # the first request after a good probe
    imports: int = 0  # files that the CMS has to fetch for it
    mistold: bool = False  # of late an answer has named an item of the collection that was good
    more: bool = False  # other items are due as well
    at: int = 0  # ms on the store's clock
    locales: Mapping[str, str] = field(default_factory=dict)  # cmsLocaleId → tag, of the site
    primary: str = ""  # cmsLocaleId of its primary locale

    @property
    def create(self) -> bool:
        return self.kind == "create"

    @property
    def publish(self) -> bool:
        return self.kind == "publish"

    @property
    def retire(self) -> bool:
        return self.kind in ("unpublish", "delete")

    @property
    def carried(self) -> tuple[ClaimedItem, ...]:
        """The item of each entry of the request: it has one for each variant that is written."""
        if self.retire or self.publish:
            return self.items
        return tuple(item for item in self.items for _ in item.variants or ("",))

    @property
    def entries(self) -> int:
        """How many entries the request has."""
        return len(self.carried)

    @property
    def alone(self) -> bool:
        """An item is condemned only by an answer to a request that carried it alone."""
        return self.entries == 1


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask for *collection*: any answer below 500 lets one request try."""

    collection: str
    token: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """A GET that items wait for, as a step of its own; the budget slot is already taken."""

    collection: str
    kind: Literal["filter", "index", "schema", "site", "variants"]
    token: str
    offset: int = 0  # filter, index: of the next page
    since: str | None = None  # index: only what was created or edited since; None: all
    edited: bool = False  # index: edited since, not created
    slot: str = ""  # index: which of the listings that nobody waits for; "": somebody does
    keys: tuple[str, ...] = ()  # filter: those that wait
    canary: str | None = None  # filter: one that is there
    at: int = 0  # schema: ms on the store's clock
    arrival: int = 0  # schema: the highest arrival number until then
    needed: bool = True  # schema: items wait for it
    locales: str = ""  # variants: the cmsLocaleIds that are listed, with commas between


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent now. *seconds* None: nothing is left to wait for."""

    seconds: float | None = None
    reason: str = ""


Step = Batch | Probe | Lookup | Wait


@dataclass(frozen=True, slots=True)
class Claimed:
    """
    A step that was claimed as the one before it was settled, and is to be carried out.

    Args:
        not_after: By `time.monotonic`: when its request must have started.
    """

    step: Batch | Probe | Lookup
    not_after: float


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """Fields of one item that become a dead letter, and what the CMS said of them."""

    kind: Literal["refused", "exhausted", "missing", "not-applied"]
    slugs: tuple[str, ...]
    message: str
    status: int | None = None
    code: str | None = None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """
    What one attempt did to one item. Fields named nowhere stay pending, due after *wait* seconds.
    """

    record: str
    written: tuple[str, ...] = ()  # the answer shows them
    normalised: tuple[str, ...] = ()  # those of them that the CMS keeps in a form of its own
    files: Mapping[str, str] = field(default_factory=dict)  # slug → JSON {"fileId", "url"}
    updated: str | None = None  # lastUpdated of the answer
    seen: Mapping[str, str] = field(default_factory=dict)  # slug → what it shows instead, as text
    edited: tuple[str, ...] = ()  # what was not sent, and shows what somebody else has written
    failures: tuple[FieldFailure, ...] = ()
    wait: float = 0.0  # s until what stays pending is due again
    attempt: bool = False  # this one counts
    failed: bool = False  # failed alone, whether it counts or not: starts failed_seconds
    limit: int | None = None  # new batch limit; None: unchanged
    part: str | None = None  # it goes with those of this part alone; "": with any; None: unchanged
    unknown: bool = False  # the request may still land: repair marks
    refused: bool = False
    missed: tuple[str, ...] = ()  # the answer does not show these: misses + 1
    staged: bool | None = None  # write it staged only from now on; None: unchanged
    forget: bool = False  # its id is wrong: look it up again
    overwrote: str | None = None  # the key of the record whose item was written instead
    publish: bool = False  # its next request makes its staged copy live
    made: str | None = None  # id of the item that was to be created, and that there is now
    taken: str | None = None  # the CMS refused this slug to an item that was to be created
    passed: str | None = None  # another item has this slug: the next one is tried
    named: tuple[str, str] | None = None  # the slug that the item has got, and that it would have
    retired: bool = False  # what the batch was to take away is not there any more
    dangling: tuple[str, ...] = ()  # references whose ids the CMS refused: looked up once more
    status: str | None = None  # what the answer shows of it (workers.model.item_status)
    look: Look = ""  # its status is to be read before it goes again
    relist: bool = (
        False  # some item of the batch is not there: all are looked up, where that is quick
    )
    unmoved: bool = False  # it was to be unpublished, and was not live
    unpublishable: bool = False  # it is not to be published until its status has changed
    sought: tuple[str, ...] = ()  # files that the item was read for, and does not show
    why: str = ""  # staged: for the history
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # slug → variants with it
    # cmsLocaleId → "gone" (the item has no such variant), "staged" or "live" (how it is written)
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcomes on a batch, and what its answer says of the destination and collection."""

    item_outcomes: tuple[ItemOutcome, ...]
    health: Literal["success", "failure", "refusal"]  # failure: 5xx, timeout, no connection
    pause: str | None = None  # pause the destination, for this reason
    pause_collection: str | None = None
    heard: bool = False  # the CMS answered the request
    no_room: str | None = None  # the plan has no room for a new item, by these words
    create_most: int = 0  # so many are to be created at once after that; 0: it was one alone
    not_published: str | None = None  # nothing of the collection can be written until then
    imports: tuple[int, float] | None = None  # files that the CMS fetched, and in how many ms
    close_budget: float | None = None  # s; 0: until the window ends
    at: int | None = None  # ms on the CMS's clock as it answered
    drop_schema: bool = False  # the answer contradicts the cached schema
    # It seems to: the schema is read again soon, or at once, and serves until then.
    mark_schema_stale: Literal["no", "soon", "at-once"] = "no"


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What came of a request beside the outcomes on its items: of the budget, and in words.

    Args:
        words: What was said, in a line.
        limit: ``X-RateLimit-Limit``.
        remaining: ``X-RateLimit-Remaining``.
        seconds: Since it was sent.
    """

    words: str
    limit: int | None = None
    remaining: int | None = None
    seconds: float = 0.0
