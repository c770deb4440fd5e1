"""What a round of ``instep sync --once`` waits for before it ends, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from workers.config.settings import Settings
from workers.policy.run_guard import CREATED, OVERWRITTEN

# s from now in which a publish is worth waiting for: two are 90 s apart at least (unpublished.lua),
# and what is further ahead waits for a person, or for the window.
PUBLISH_SOON: Final = 100.0
NAMED: Final = 10  # keys in one line
Status = Mapping[str, Any]
Drafts = Mapping[str, Sequence[str]]
_WOULD: Final[Status] = {
    CREATED: "{:,} items would be created beside {:,}",
    OVERWRITTEN: "{:,} of {:,} items would be overwritten",
}


def moves(settings: Settings, status: Status, now: datetime, *, telling: bool) -> bool:
    """
    Tell whether something goes on by itself.

    Args:
        status: As of `service.operate.status.numbers_of`.
        telling: A write-back has something to tell soon.
    """
    paused = {lane for lane, each in status["lanes"].items() if each["state"] == "paused"}
    return (
        telling
        or any(each["waiting"] for each in status["fetchers"].values())
        or any(_sends(each, paused) for each in status["collections"].values())
        or ("live" not in paused and any(_publishing(settings, status, now)))
    )


def _sends(collection: Status, paused: set[str]) -> bool:
    if collection["state"] == "paused" or collection["waits"]:
        return False
    held = sum(number for lane, number in collection["lanes"].items() if lane in paused)
    return bool(collection["pending_items"] > held)


def _publishing(settings: Settings, status: Status, now: datetime) -> Iterator[bool]:
    """Yield for each destination whether it publishes soon."""
    for name, entry in status["destinations"].items():
        told = entry["publish"]
        waits = told and told["next"] and _unpublished(settings, status, name)
        if not waits or told["held"] or told["failed"] or entry["state"] in ("paused", "outage"):
            continue
        yield (datetime.fromisoformat(told["next"]) - now).total_seconds() <= PUBLISH_SOON


def _unpublished(settings: Settings, status: Status, destination: str) -> int:
    own = settings.collections_of(destination)
    return sum(status["collections"][each.name]["unpublished"] for each in own)


def held_words(figures: Mapping[str, Any]) -> str:
    """Return what the guard holds of a run, by its *figures*, and what sends it; "": nothing."""
    if figures["state"] != "held":
        return ""
    many = [
        _WOULD[kind].format(each["wanted"], figures["items"])
        for kind, each in figures["guard"].items()
        if kind in _WOULD and not each["allowed"]
    ]
    if not many:  # deletes alone, which are approved otherwise
        return f"held: {'; '.join(figures['held'])}"
    return (
        f"held, nothing of this was sent: {figures['collection']}: {' and '.join(many)}; to send "
        f"it: `instep sync --once --approve {figures['run']}`"
    )


def left(settings: Settings, status: Status, drafts: Drafts) -> Iterator[str]:
    """
    Yield what keeps the site from being in step.

    Args:
        status: As of ``status.status_of``.
        drafts: Collection → keys of the items that wait since an editor holds them as drafts.
    """
    yield from _waiting(settings, status, drafts)
    if number := status["spool"]["deliveries"]:
        yield f"spool: {number} deliveries wait for the store"
    # What was pulled is read again from where the store was; what webhooks brought is not.
    for loss in status["losses"] if settings.sources else ():
        names = ", ".join(loss["unproven"])
        yield f"{loss['message']}; not proven since: {names}"
    for each in status["notices"]:
        if not each["name"].startswith(("reconcile ", "pull ", "source ")):
            yield f"{each['name']}: {each['do']}"


def _waiting(settings: Settings, status: Status, drafts: Drafts) -> Iterator[str]:
    for name, each in status["collections"].items():
        if number := each["pending_items"]:
            why = each["reason"] or "not sent yet"
            yield f"collection {name}: {number} items wait ({why})"
        held = drafts.get(name, ()) if each["unpublished"] else ()
        if held:
            yield f"collection {name}: {_draft_words(held)}"
        # Those that others have edited are a notice of their own.
        if (number := each["unpublished"] - each["edited_by_others"] - len(held)) > 0:
            told = status["destinations"][settings.collections[name].destination]
            yield f"collection {name}: {number} items wait to be published ({_why_staged(told)})"
    for name, each in status["writebacks"].items():
        if number := each["waiting"]:
            why = f"{each['state']}: {each['reason']}" if each["reason"] else "not told yet"
            yield f"writeback {name}: {number} records wait ({why})"


def _draft_words(keys: Sequence[str]) -> str:
    """Return that the items of *keys* are drafts, and what to do."""
    named = ", ".join(keys[:NAMED])
    more = len(keys) - NAMED
    named += f" and {more} more" if more > 0 else ""
    return (
        f"{named}: held as a draft by an editor, so the site shows older values; publish it in "
        "Webflow once it is ready"
    )


def _why_staged(destination: Status) -> str:
    told = destination["publish"]
    why = destination["reason"] or told["failed"] or told["held"]
    return why or (f"next at {told['next']}" if told["next"] else "not yet")
