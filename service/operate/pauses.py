"""Pause and resume of destinations and collections."""

from __future__ import annotations

from typing import Any, Final

from service.operate.cms_request import PATIENCE, ask
from workers.config.settings import Settings
from workers.delivery.context import Context
from workers.errors import DestinationError, RequestRefused, UnknownName
from workers.policy.rules import pause_for
from workers.store.audit import Audit

REASON: Final = "paused by hand"


def pause(
    context: Context, name: str, *, reason: str, by: str, dry_run: bool = False
) -> dict[str, Any]:
    """
    Send nothing more to the destination or collection *name*; deliveries are still accepted.

    Returns ``{name, kind, state, reason}``; of a dry run, what they would be.

    Raises:
        UnknownName: There is no such destination or collection.
    """
    kind = kind_of(name, context.settings)
    reason = reason.strip() or REASON
    if not dry_run:
        context.breaker.pause(name, reason)
        Audit(context.steps).record(by, "pause", name, reason=reason)
    return {"name": name, "kind": kind, "state": "paused", "reason": reason}


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
    Send to *name* again, unless the CMS refuses the token: it is asked first.

    Returns ``{name, kind, state, reason, unanswered}``. *unanswered*: why the CMS could not be
    asked, which stops nothing. A collection stays paused while its destination is.

    Args:
        patience: Seconds to wait for the budget of that request.
        seconds: Timeout of that request; None: as of every other.

    Raises:
        UnknownName: There is no such destination or collection.
        RequestRefused: The CMS refuses the token; nothing was changed.
    """
    kind = kind_of(name, context.settings)
    unanswered = _ask(context, name, patience, seconds)
    if not dry_run:
        if context.breaker.resume(name):
            context.wakes.wake(context.breaker.destination_of(name))
        Audit(context.steps).record(by, "resume", name)
    destination = context.breaker.destination_of(name)
    held = {} if kind == "destination" else context.report.status()["destinations"][destination]
    state, reason = "resumed", ""
    if held.get("state") == "paused":
        state, reason = "paused", f"its destination {destination} is: {held['reason']}"
    return {"name": name, "kind": kind, "state": state, "reason": reason, "unanswered": unanswered}


def kind_of(name: str, settings: Settings) -> str:
    """Return ``destination`` or ``collection``; raises UnknownName."""
    if name in settings.destinations:
        return "destination"
    if name in settings.collections:
        return "collection"
    names = ", ".join((*settings.destinations, *settings.collections)) or "none"
    do = "use one of these names"
    raise UnknownName(repr(name), f"a destination or collection: {names}", do)


def _ask(context: Context, name: str, patience: float, seconds: float | None) -> str | None:
    """Return why the CMS does not answer, or None; RequestRefused if it refuses the token."""
    settings = context.settings
    destination = settings.destinations[context.breaker.destination_of(name)]
    own = settings.collections_of(destination.name)
    collection = next((each for each in own if each.name == name), own[0] if own else None)
    if collection is None:
        return None
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
