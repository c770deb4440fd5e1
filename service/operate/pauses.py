"""Pause and resume of destinations, collections, sources, lanes and write-backs."""

from __future__ import annotations

from typing import Any, Final

from service.operate.cms_request import PATIENCE, ask
from service.operate.moments import moment
from service.operate.pause_estimate import GoesOut, goes_out
from service.operate.pause_targets import Target, target_of
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.errors import DestinationError, RequestRefused
from workers.policy.rules import pause_for
from workers.store.audit import Audit
from workers.store.pauses import Pauses

REASON: Final = "paused by hand"
# s of `resume` in a request: a web process whose threads hang for 20 s is replaced
# (service/web/front.py).
WEB_PATIENCE: Final = 3.0
WEB_SECONDS: Final = 8.0
ASKED: Final = 3  # sites that are asked as a source or a lane goes on


def pause(
    context: Context,
    name: str,
    *,
    reason: str,
    by: str,
    seconds: float | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """
    Send nothing more of *name*, see `target_of`; deliveries are still accepted.

    Returns ``{name, kind, state, reason, until}``; of a dry run, what they would be.

    Args:
        by: Who pauses it, as in the audit list.
        seconds: It goes on by itself after that; None: once it is resumed.

    Raises:
        UnknownName: There is no such destination, collection, source, lane or write-back.
    """
    target = target_of(name, context.settings)
    reason = reason.strip() or REASON
    pauses, until = Pauses(context.steps, context.settings), None
    if seconds is not None:
        until = moment(1000 * (context.runs.now().timestamp() + seconds))
    if not dry_run:
        if target.kind == "writeback":
            states = context.writeback_states
            states.pause(target.name, reason, who=by, seconds=seconds)
        elif target.by_hand:
            pauses.pause(target.full, reason, by=by, seconds=seconds)
        else:
            context.breaker.pause(target.full, reason, who=by, seconds=seconds)
        told = {"until": until} if until else {}
        Audit(context.steps).record(by, "pause", target.full, reason=reason, **told)
    return {"name": name, "kind": target.kind, "state": "paused", "reason": reason, "until": until}


def resume(
    context: Context,
    name: str,
    *,
    by: str,
    dry_run: bool = False,
    patience: float = PATIENCE,
    seconds: float | None = None,
) -> dict[str, Any]:
    """
    Send of *name* again, unless the CMS refuses the token: it is asked first.

    Returns ``{name, kind, state, reason, unanswered, first}``. *unanswered*: why the CMS could not
    be asked, which stops nothing. *first*: what waits, by collection, the oldest first, see
    `GoesOut`. A collection stays paused while its destination is.

    Args:
        patience: Seconds to wait for the budget of that request.
        seconds: Timeout of that request; None: as of every other.

    Raises:
        UnknownName: There is no such destination, collection, source, lane or write-back.
        RequestRefused: The CMS refuses the token; nothing was changed.
    """
    held = Pauses(context.steps, context.settings).read()
    target = target_of(name, context.settings, held)
    first = goes_out(context, target)
    unanswered = [
        _ask(context, collection, patience, seconds)
        for collection in _asked(context, target, first)
    ]
    if not dry_run:
        _go_on(context, target)
        Audit(context.steps).record(by, "resume", target.full)
    state, reason = _state(context, target)
    return {
        "name": name,
        "kind": target.kind,
        "state": state,
        "reason": reason,
        "unanswered": "; ".join(filter(None, unanswered)) or None,
        "first": [each.as_dict() for each in first],
    }


def _go_on(context: Context, target: Target) -> None:
    if target.kind == "writeback":
        context.writeback_states.resume(target.name)
    elif target.by_hand:
        for destination in Pauses(context.steps, context.settings).resume(target.full):
            context.wakes.wake(destination)
    elif context.breaker.resume(target.full):
        context.wakes.wake(context.breaker.destination_of(target.full))


def _state(context: Context, target: Target) -> tuple[str, str]:
    """Return the state after a resume, and the reason why it is paused all the same."""
    if target.kind == "collection":
        destination = context.breaker.destination_of(target.full)
        held = context.report.status()["destinations"][destination]
        if held["state"] == "paused":
            return "paused", f"its destination {destination} is: {held['reason']}"
    return "resumed", ""


def _asked(context: Context, target: Target, first: list[GoesOut]) -> list[Collection]:
    """Return a collection of each destination that is to be asked."""
    settings = context.settings
    if target.kind == "collection":
        return [settings.collections[target.name]]
    if target.kind == "writeback":
        return []  # the CMS has no part in it
    if target.kind == "destination":
        return list(settings.collections_of(target.name))[:1]
    # One that is paused by itself is asked as that is resumed, and stops nothing of the others.
    states = context.report.status()["destinations"]
    found: dict[str, Collection] = {}
    for each in first:
        collection = settings.collections[each.collection]
        if states[collection.destination]["state"] != "paused":
            found.setdefault(collection.destination, collection)
    return list(found.values())[:ASKED]


def _ask(
    context: Context, collection: Collection, patience: float, seconds: float | None
) -> str | None:
    """Return why the CMS does not answer, or None; RequestRefused if it refuses the token."""
    destination = context.settings.destinations[collection.destination]
    try:
        answer = ask(destination, collection, context.limiter, patience=patience, seconds=seconds)
    except DestinationError as error:
        return f"{destination.name} does not answer ({error})"
    reason = pause_for(answer)
    if reason is not None:
        found = f"{destination.name} answers {reason}"
        do = "correct the token, or the id of the collection, in instep.toml and start again"
        raise RequestRefused(found, "a token that the CMS accepts", do)
    return None
