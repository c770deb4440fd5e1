"""What needs a person, in the words of who reads it on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from service.operate.problem_kinds import kind_of

LANES: Final[Mapping[str, str]] = MappingProxyType(
    {"live": "Live changes", "replay": "Replays", "reconcile": "Changes of reconciles"}
)
_HALTED: Final = r"(?:destination|collection|source) (?P<id>.+): "

# Pattern of the whole name of a reason or notice → what it says; the first that fits counts.
TITLES: Final = (
    (r"store away", "The store does not answer"),
    (r"store loads", "The store reads its data after a start"),
    (r"store weak", "The store may lose what it holds"),
    (r"store newer", "A later release has written the store"),
    (r"store forbidden", "The store refuses the user or password of Instep"),
    (r"store .*", "The store may have lost changes"),
    (r"memory full", "The store is full: it takes no new deliveries"),
    (r"memory short", "The store is nearly full"),
    (r"spool full", "Deliveries are refused: the disk has no room for them"),
    (r"spool waits", "Deliveries wait on the disk for the store"),
    (r"spool damaged", "A delivery on the disk is damaged"),
    (r"no worker", "Nothing is sent: no worker runs"),
    (r"worker hung", "A worker hangs"),
    (r"web hung", "A web process hangs"),
    (r"(?P<id>\S+) hung", "The {id} hangs"),
    (r"lane (?P<lane>.+): paused", "{lane} are paused"),
    (rf"{_HALTED}paused", "{id} is paused"),
    (rf"{_HALTED}outage", "{id} does not answer"),
    (r"destination (?P<id>.+): publish held", "{id} is not published: others have queued items"),
    (r"destination (?P<id>.+): publish failed", "{id} is not published: the CMS refuses it"),
    (
        r"collection (?P<id>.+): 1 item waits to be published",
        "1 item of {id} is not published: somebody else has edited it",
    ),
    (
        r"collection (?P<id>.+): (?P<many>\d+) items wait to be published",
        "{many} items of {id} are not published: somebody else has edited them",
    ),
    (r"counters do not balance", "The counters do not add up: values may be missing"),
    (r"collection (?P<id>.+): not published", "{id} waits for a publish of its site"),
    (r"collection (?P<id>.+): plan limit", "The plan of the CMS has no room for new items of {id}"),
    (r"collection (?P<id>.+): late", "Changes of {id} are late"),
    (r"collection (?P<id>.+): locales unknown", "The locales of {id} cannot be read"),
    (r"collection (?P<id>.+): 1 delete waits for approval", "1 delete in {id} waits for approval"),
    (
        r"collection (?P<id>.+): (?P<many>\d+) deletes wait for approval",
        "{many} deletes in {id} wait for approval",
    ),
    (r"source (?P<id>.+): every delivery refused", "Every delivery of {id} is refused"),
    (r"source (?P<id>.+): most requests refused", "Most requests of {id} are refused"),
    (r"source (?P<id>.+): silent", "{id} has fallen silent"),
    (r"source (?P<id>.+): only older values", "{id} sends only values older than those held"),
    (r"source (?P<id>.+): nothing wanted", "No mapping takes what {id} sends"),
    (r"source (?P<id>.+): no room for payloads", "No room to keep more payloads of {id}"),
    (r"problem \S+: (?P<many>\d+) (?P<kind>\S+) in (?P<id>.+)", "{kind}: {many} in {id}"),
    (r"1 more problems", "1 more problem"),
    (r"(?P<many>\d+) more problems", "{many} more problems"),
    (
        r"(?P<kind>undo|replay|discard) \S+: proposed",
        "{kind} was proposed, and waits for a person",
    ),
    (r"approve \S+: proposed", "An approval of deletes was proposed, and waits for a person"),
    (r"drop \S+: proposed", "Dropping deletes was proposed, and waits for a person"),
    (r"(?P<kind>undo|replay|remap|pull) \S+: held", "{kind} of many records waits for approval"),
    (r"reconcile (?P<id>.+): held", "The reconcile of {id} waits for approval"),
    (r"reconcile (?P<id>.+): failed", "The reconcile of {id} failed"),
    (r"reconcile (?P<id>.+): killed", "The reconcile of {id} was killed"),
    (r"reconcile (?P<id>.+): overdue", "The reconcile of {id} is overdue"),
    (r"source (?P<id>.+): pull held", "What was pulled from {id} waits for approval"),
    (r"source (?P<id>.+): pull failed", "{id} could not be pulled as a whole"),
    (r"source (?P<id>.+): pull killed", "The pull of {id} was killed"),
    (r"source (?P<id>.+): pull overdue", "The pull of {id} is overdue"),
    (
        r"fetcher (?P<id>.+): outage",
        "{id} does not answer: what it said has changed cannot be read",
    ),
    (r"fetcher (?P<id>.+): waiting", "{id} refuses to show some of what it said has changed"),
    (r"writeback (?P<id>.+): outage", "{id} does not answer: what became of records is not told"),
    (r"writeback (?P<id>.+): paused", "The write-back {id} is paused"),
    (r"writeback (?P<id>.+): removed", "What {id} was to tell is told no more"),
    (r"alerts not delivered", "Alerts cannot be delivered"),
)


def title_of(name: str) -> str:
    """Return what the *name* of a reason or notice says; one without a row stays as it is."""
    for pattern, title in TITLES:
        if found := re.fullmatch(pattern, name):
            return title.format(**_words(found.groupdict()))
    return name


def _words(groups: Mapping[str, str]) -> dict[str, str]:
    words = dict(groups)
    if "kind" in groups:
        kind = kind_of(groups["kind"]).title
        words["kind"] = f"{kind[:1].upper()}{kind[1:]}"
    if "lane" in groups:
        words["lane"] = LANES.get(groups["lane"], groups["lane"])
    if "many" in groups:
        words["many"] = f"{int(groups['many']):,}"
    return words
