"""
The values that a claim returns and a settle takes.

The next step of a destination is a Batch, a Probe, a Lookup or a Wait; a batch is answered with one
ItemOutcome per item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workers.model.changes import FieldProblem

MISSES = 2  # answers that do not show a value before the item is read
# Why the status of items is read: unknown ("alone": one request per item), or a batch was refused
# for the status of one of them.
Look = Literal["", "status", "alone", "refused"]
# What a request does to its items: write values, create them with all known values, publish their
# staged copies, remove their live copies or delete them, or only read their status.
Kind = Literal["update", "create", "publish", "unpublish", "delete", "look"]


@dataclass(frozen=True, slots=True)
class ClaimedField:
    slug: str
    value: str  # canonical JSON text, as accepted
    type: str  # one of workers.fields.types.TYPES
    arrival: int
    repair: bool = False  # a rewrite: an earlier outcome is unknown
    file: str | None = None  # JSON {"fileId", "url"}, or a list of them, as last read
    misses: int = 0  # successful answers that did not show this value
    since: int = 0  # ms on the store's clock: when its field began to wait
    late: bool = False  # a request that imported its file got no answer
    link: str | None = None  # JSON of the ids of the items it names by key
    same: bool = False  # its files are those of *file*: their texts alone have changed


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    record: str  # the key, or the item id if events carry that
    id: str  # the CMS item id; "" for a new item
    fields: tuple[ClaimedField, ...]
    attempts: int = 0
    refused: bool = False  # refused alone before, and retried without the named fields
    limit: int = 100  # batch limit
    healthy: bool = True  # another PATCH of the destination succeeded since its last attempt
    fresh: bool = False  # not failed alone since: a failure may be the start of an outage
    failed_seconds: float = 0.0  # since it first failed alone; 0: it has not
    forgotten: bool = False  # its id was looked up again since its last success
    by_new_schema: bool = False  # it goes by a schema read since it was refused
    taken: str | None = None  # slug of the new item that another item already has
    passed: str | None = None  # last generated slug known to be taken
    # Fields that are not sent but have known forms: slug → the marks they may show.
    forms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # cmsLocaleId ("": primary, need not be named) → the fields for that variant; empty: all fields
    # go to the primary one.
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: int = 0  # stored fields and other entries
    events: tuple[str, ...] = ()  # ids of some events that gave its fields, for the log

    @property
    def passed_over(self) -> tuple[str, ...]:
        """Fields missing from two answers, the second to a request of its own."""
        return tuple(field.slug for field in self.fields if field.misses >= MISSES)

    looked: bool = False  # its status was read after the last write
    was_live: bool = False  # it was live before the retirement that is being undone
    unpublishable: bool = False  # the CMS refused to publish it with its present status


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 100 items of one collection, claimed for 30 s for one request."""

    token: str
    destination: str
    collection: str
    items: tuple[ClaimedItem, ...]
    kind: Kind = "update"
    staged: bool = False  # write staged copies only
    look: Look = ""  # why the status is read
    trial: bool = False  # the first request after a good probe
    imports: int = 0  # files the CMS must import
    mistold: bool = False  # an answer recently blamed a good item of the collection
    group: int = 0  # so many go together if some are bad, as many as were lately; 0: half of them
    more: bool = False  # further items are due
    sources: tuple[str, ...] = ()  # of its values, for the log
    at: int = 0  # ms on the store's clock
    locales: Mapping[str, str] = field(default_factory=dict)  # of the site: cmsLocaleId → tag
    primary: str = ""  # cmsLocaleId of the primary locale

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
        """The item of each entry in the request: one entry per variant written."""
        if self.retire or self.publish:
            return self.items
        return tuple(item for item in self.items for _ in item.variants or ("",))

    @property
    def entries(self) -> int:
        return len(self.carried)

    @property
    def alone(self) -> bool:
        """Whether it has a single entry: only an answer to such a request may fail an item."""
        # Counted only if there is one item: it is asked for each item of a batch.
        return len(self.items) == 1 and self.entries == 1


@dataclass(frozen=True, slots=True)
class Probe:
    """Read *collection*: an answer below 500 lets one request through."""

    collection: str
    token: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """A GET that items wait for; its budget slot is taken."""

    collection: str
    kind: Literal["filter", "index", "schema", "site", "variants", "total"]
    token: str
    offset: int = 0  # filter, index: of the page
    since: str | None = None  # index: created or edited since then; None: all
    edited: bool = False  # index: edited since, not created
    slot: str = ""  # index: name of a background listing; "": items wait for it
    keys: tuple[str, ...] = ()  # filter: waiting keys
    canary: str | None = None  # filter: an existing key
    at: int = 0  # schema, total: ms on the store's clock
    arrival: int = 0  # schema: highest arrival number
    needed: bool = True  # schema: items wait for it
    locales: str = ""  # variants: comma-separated cmsLocaleIds


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent now. *seconds* None: there is nothing to wait for."""

    seconds: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """The next task of a round of publishing; its budget slot is taken."""

    token: str
    work: str  # the stored `workers.model.publishing.Round`; "": a new one begins
    at: int  # ms on the store's clock
    age: float = 0.0  # s since the task before


Step = Batch | Probe | Lookup | Publish | Wait


@dataclass(frozen=True, slots=True)
class Claimed:
    """A step to carry out, claimed while the one before was settled."""

    step: Batch | Probe | Lookup | Publish
    not_after: float  # `time.monotonic` by which its request must start


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """Fields of one item that become a dead letter, and the error of the CMS."""

    kind: Literal["refused", "exhausted", "missing", "not-applied"]
    slugs: tuple[str, ...]
    message: str
    status: int | None = None
    code: str | None = None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The effect of one attempt on one item. Other fields stay pending, due after *wait* s."""

    record: str
    written: tuple[str, ...] = ()  # shown in the answer
    normalised: tuple[str, ...] = ()  # of these, changed in form by the CMS
    files: Mapping[str, str] = field(default_factory=dict)  # slug → JSON {"fileId", "url"}
    updated: str | None = None  # lastUpdated of the answer
    seen: Mapping[str, str] = field(default_factory=dict)  # slug → what it shows, as text
    edited: tuple[str, ...] = ()  # not sent, but changed by someone else
    failures: tuple[FieldFailure, ...] = ()
    wait: float = 0.0  # s until pending fields are due again
    attempt: bool = False  # count the attempt
    failed: bool = False  # failed alone, counted or not: starts failed_seconds
    limit: int | None = None  # new batch limit; None: unchanged
    part: str | None = None  # only batched with this part; "": any; None: unchanged
    unknown: bool = False  # the request may still land: set repair marks
    refused: bool = False
    missed: tuple[str, ...] = ()  # not shown in the answer: misses + 1
    staged: bool | None = None  # from now on staged only; None: unchanged
    forget: bool = False  # look its id up again
    overwrote: str | None = None  # key of the record whose item was written instead
    publish: bool = False  # publish its staged copy next
    made: str | None = None  # id of the new item
    taken: str | None = None  # this slug of a new item is taken
    passed: str | None = None  # another item has this slug: try the next one
    slug: str | None = None  # as the answer shows it
    named: tuple[str, str] | None = None  # slug it got, slug first made for it
    retired: bool = False  # deleted or unpublished
    dangling: tuple[str, ...] = ()  # references with unknown ids: look them up again
    status: str | None = None  # as of workers.model.item_status
    look: Look = ""  # read its status before the next attempt
    by_new_schema: bool = False  # send it once more, by a schema that is read before
    relist: bool = False  # an item of the batch is missing: look all of them up, if that is quick
    unmoved: bool = False  # it was not live when unpublished
    unpublishable: bool = False  # do not publish it until its status changes
    sought: tuple[str, ...] = ()  # files looked for in the item and missing
    why: str = ""  # staged: for the history
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # slug → locales
    # cmsLocaleId → "gone" (no such variant), "staged" or "live" (how it is written)
    variants: Mapping[str, str] = field(default_factory=dict)
    carried: bool = True  # by the request: something of it was sent
    unsent: tuple[str, ...] = ()  # fields that the request did not carry


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcomes of a batch's items, and the effect on destination and collection."""

    item_outcomes: tuple[ItemOutcome, ...]
    health: Literal["success", "failure", "refusal"]  # failure: 5xx, timeout, no connection
    pause: str | None = None  # reason to pause the destination
    pause_collection: str | None = None
    heard: bool = False  # the CMS answered the request
    no_room: str | None = None  # message: the plan has no room for new items
    create_most: int = 0  # batch limit of creations after that; 0: it was alone
    not_published: str | None = None  # message: the site must be published first
    imports: tuple[int, float] | None = None  # imported files, and ms
    close_budget: float | None = None  # s; 0: until the window ends
    at: int | None = None  # ms on the CMS's clock
    drop_schema: bool = False  # the answer contradicts the cached schema
    # It may: the schema is read again soon, or at once, and stays in use until then.
    mark_schema_stale: Literal["no", "soon", "at-once"] = "no"


@dataclass(frozen=True, slots=True)
class Call:
    """What a request came to, for the lives of its records."""

    status: int | None = None  # None: no answer
    code: str | None = None
    message: str | None = None  # as the CMS answered, or why there is no answer
    sent: bool = True  # False: nothing was sent, because of *message*


@dataclass(frozen=True, slots=True)
class Heard:
    """What a request tells about the budget, and a summary."""

    words: str  # one line
    limit: int | None = None  # ``X-RateLimit-Limit``
    remaining: int | None = None  # ``X-RateLimit-Remaining``
    seconds: float = 0.0  # since it was sent
