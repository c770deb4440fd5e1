"""
The values of publishing: the items that wait for it, and the round that works on them.

A round is a list of tasks, of one request each. It is stored between them as JSON, so that any
worker carries out the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

# find: GET /sites; search: the collections of one of them; site: GET it; collections: of the site;
# list: a page of a collection, for what others have queued as well; look, check: a page of our own
# collections, before and after a publish; taken, left: the same afterwards by counts; send: publish
# items; publish: the site; confirm: GET it.
Kind = Literal[
    "find",
    "search",
    "site",
    "collections",
    "list",
    "look",
    "send",
    "publish",
    "confirm",
    "check",
    "taken",
    "left",
]
# "": it waits; r: ready, as the CMS shows it; s: sent; d: an editor's draft; e: edited by somebody
# else since our write; x: the CMS refuses to publish it; m: not in the last listing.
State = Literal["", "r", "s", "d", "e", "x", "m"]

CHECKS = ("confirm", "check", "taken", "left")  # what was published is looked for
SEEN = 30.0  # s for which what a page has shown is held to be so


def seen_for(requests_per_minute: int) -> float:
    """Return the same, for a budget in which the next call may have to wait for longer."""
    return max(SEEN, 3 * 60 / requests_per_minute)


@dataclass(frozen=True, slots=True)
class Member:
    """An item whose staged copy is not on the site yet, as ``unpublished.lua`` stores it."""

    record: str
    id: str
    at: str  # lastUpdated in the answer to our last write
    by_site: bool = False  # a publish of the site takes it, not one of items
    since: int = 0  # ms: when its oldest value came
    state: State = ""
    why: str = ""  # x: in the words of the CMS
    locales: tuple[str, ...] = ()  # cmsLocaleIds of the variants that are ready
    edited: str = ""  # lastUpdated of an edit by somebody else, which later writes of ours left
    # The same of each variant that is edited, by cmsLocaleId; none: any of them may be.
    edits: Mapping[str, str] = field(default_factory=dict)
    first: str = ""  # lastUpdated in the answer to the first write that is not on the site yet
    new: bool = False  # it was not live before

    @classmethod
    def parse(cls, record: str, text: str, publish: str) -> Member:
        """Parse the stored form; *publish*: that key of the destination, as it is now."""
        stored: Mapping[str, Any] = json.loads(text)
        return cls(
            record,
            stored["id"],
            stored["at"],
            by_site=stored["way"] == "s" or publish == "site",
            since=int(stored["since"]),
            state=stored.get("state") or "",
            why=stored.get("why") or "",
            locales=tuple(stored.get("locales") or ()),
            edited=stored.get("edited") or "",
            # A worker of the release before knows the first alone, and ends it alone.
            edits=(stored.get("edited") and stored.get("edits")) or {},
            first=stored.get("first") or stored["at"],
            new=bool(stored.get("new")),
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """
    An item that a listing has shown as staged, of which no publish was noted.

    Args:
        at: Its lastUpdated.
        by_site: It is archived.
        new: It has never been on the site.
        edited: It is not known whose all of that is: it waits for a person.
        edits: lastUpdated of the variants of which that holds, by cmsLocaleId; none: any may be.
        draft: An editor holds it back as a draft.
    """

    record: str
    id: str
    at: str
    by_site: bool = False
    new: bool = False
    edited: bool = False
    edits: Mapping[str, str] = field(default_factory=dict)
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One request; *of*: the id of the site or collection; *since*: pages hold later edits only."""

    kind: Kind
    of: str = ""
    offset: int = 0
    since: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """
    A round of publishing.

    Args:
        domains: Ids of the custom domains to publish to.
        subdomain: Whether that of Webflow is published to.
        locales: cmsLocaleIds of the site, comma-separated; "": it has one.
        published: When the site was published last, as the CMS says it: before, or if `confirmed`
            by this round.
        own: Items of ours that a publish of the site would make live, or take down.
        ready: Collection id → items of ours that are to be published by themselves.
        others: Collection → items that somebody else has queued.
        doubted: Of an item it is not known whether an edit is ours: nobody has answered yet.
        names: Collection id → its name in Webflow.
        sent: Ids of the collections of which items were published.
        unsure: Ids of items that wait, were seen, and are not known to be ready.
        listed: When the lists of the site's collections were begun, in ms on the store's clock.
        since: The same on the clock of the CMS, as it writes times.
        again: They were read once more, since they took long.
        calls: Requests that it has taken.
        asked: A publish of the site was asked for.
        confirmed: It has happened.
        taken: So many items of a collection it has made live; -1: that cannot be counted.
        under: The keys that it began under, see `workers.policy.publish.under`.
    """

    tasks: tuple[Task, ...] = ()
    site: str = ""
    domains: tuple[str, ...] = ()
    subdomain: bool = True
    locales: str = ""
    published: str = ""
    own: int = 0
    ready: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    doubted: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    sent: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    listed: int = 0
    since: str = ""
    again: bool = False
    calls: int = 0
    asked: bool = False
    confirmed: bool = False
    taken: int = 0
    under: str = ""

    def text(self) -> str:
        """Return the stored form."""
        stored = asdict(self)
        if not self.taken:
            del stored["taken"]  # the release before does not know it, and may go on with the round
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Round:
        """Parse the stored form."""
        stored: dict[str, Any] = json.loads(text)
        stored["tasks"] = tuple(Task(**each) for each in stored["tasks"])
        stored |= {name: tuple(stored[name]) for name in ("domains", "sent", "unsure")}
        return cls(**stored)

    @property
    def rest(self) -> Round:
        """The round without its first task."""
        return replace(self, tasks=self.tasks[1:])

    def before(self, *tasks: Task) -> Round:
        """The round with *tasks* put before its others."""
        return replace(self, tasks=(*tasks, *self.tasks))


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a task has shown of one item.

    Args:
        at: As of the member when the task began: what was written since stays as it is.
        act: "done": its live copy equals the staged one; "leave": it is not ours to publish any
            more; "state": its new state is *state*.
        edited: lastUpdated of an edit by somebody else; "": none was seen.
        edits: The same of each variant that is edited, by cmsLocaleId; none: any may be.
        wait: Seconds before it is looked at again.
        status: "done": of its item, as `workers.model.item_status` writes it.
    """

    record: str
    at: str
    act: Literal["done", "leave", "state"]
    state: State = ""
    why: str = ""
    locales: tuple[str, ...] = ()
    edited: str = ""
    edits: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    status: str = ""
