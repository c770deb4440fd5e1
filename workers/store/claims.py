"""
Claims too large for one step: claimed and settled by several (``joined_claims.lua``).

It remains one claim: one token, one flight, one request.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import redis

from workers.config.settings import Destination, Settings
from workers.errors import StoreUnavailable
from workers.model.publish_window import closed_for
from workers.model.publishing import seen_for
from workers.store.connection import guarded
from workers.store.scripts import Steps, UnknownStep

# Per step, in units of 4 µs of the store's time: deliveries wait for it meanwhile.
MOST = 300  # that a step takes: some 1.2 ms
WHOLE = 2000  # the same of what must not be cut: some 8 ms
ITEM, VALUE = 10, 3  # units of an item beside one per field, and of a value sent


class NotSettled(StoreUnavailable):
    """The settle failed, but the store has carried out the claim behind it."""

    def __init__(self, message: str, claimed: dict[str, Any]) -> None:
        super().__init__(message)
        self.claimed = claimed


def request_for(
    settings: Settings,
    destination: Destination,
    flights: int,
    lower: int,
    token: str = "",
    *,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """
    Return the request of ``claim.lua``; for the arguments see `Outbox.claim`.

    *clock*: returns seconds since 1970, for the window in which the destination publishes.
    """
    publish = {}
    if destination.publish != "never":
        closed = closed_for(destination.publish_window, destination.timezone, clock())
        seen = seen_for(destination.requests_per_minute)
        publish["publish"] = {"closed_ms": int(1000 * closed), "seen_ms": int(1000 * seen)}
    return {
        "token": token or uuid.uuid4().hex,
        "destination": destination.name,
        "batch": destination.batch,
        "linger_ms": int(destination.linger * 1000) if destination.batch > 1 else 0,
        "budget": destination.budget,
        "limit": destination.requests_per_minute,
        "flights": flights,
        "lower": lower or max(1, flights - 1),
        "live": destination.live,
        "undo": settings.store.undo,
        **publish,
        "places": settings.copies(destination.name),
        "collections": [
            {
                "name": collection.name,
                "index": settings.copy_of(collection),
                "whole": destination.api == "v1",
                "create": collection.missing == "create",
                "preflight": collection.preflight,
                **({"locales": collection.locales} if collection.localized else {}),
            }
            for collection in settings.collections_of(destination.name)
        ],
    }


def claim(
    steps: Steps, request: Mapping[str, Any], answer: dict[str, Any] | None = None
) -> dict[str, Any]:
    """
    Run the step ``claim`` for *request* until the batch is complete.

    The tokens of the steps derive from the token of the claim: a repeat returns the same batch.
    *answer*: of the first step, if it is known.
    """
    whole: dict[str, Any] = {}
    told: dict[str, Any] = {}
    number = 0
    while True:
        answer = answer or steps.run("claim", {**_first(request), **told})
        whole = _joined(whole, answer) if "joins" in told else answer
        told = {key: answer[key] for key in ("looked", "joins") if key in answer}
        if not told:
            return whole
        number += 1
        told["call"] = f"{request['token']}:{number}"
        answer = None


def claim_anew(steps: Steps, request: Mapping[str, Any], marker: str) -> dict[str, Any]:
    """Like `claim`, but delete the key *marker* first, in the same round trip."""
    (answer,) = steps.run_together(("claim", _first(request)), delete=marker)
    if isinstance(answer, UnknownStep):
        return claim(steps, request)
    with guarded():
        if isinstance(answer, redis.RedisError):
            raise answer
    return claim(steps, request, answer)


def _first(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"most": MOST, "whole": WHOLE, **request}


def _joined(whole: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    items = [*whole["items"], *more["items"]]  # Lua encodes an empty list as an object
    return {
        **whole,
        "items": items,
        "locales": whole["locales"] or more.get("locales"),
        "imports": more.get("imports", whole["imports"]),
        "group": more.get("group", whole.get("group")),
        "sources": sorted({*(whole.get("sources") or ()), *(more.get("sources") or ())}),
        "more": more["more"],
    }


def settle(
    steps: Steps,
    request: Mapping[str, Any],
    sizes: Mapping[str, int],
    then: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """
    Carry out the outcomes of *request*, in as many steps as needed.

    Args:
        sizes: Record → units, see `size_of`.
        then: Request of the next claim, sent in the round trip of the last step.

    Returns:
        The sum of the answers, and the answer to the claim's first step; None: nothing was claimed.

    Raises:
        NotSettled: The claim succeeded, but the settle before it did not.
    """
    item_outcomes: Sequence[Mapping[str, Any]] = request["verdicts"]
    groups = list(_groups(item_outcomes, sizes)) or [[]]
    sums = {"settled": 0, "lost": 0, "letters": 0}
    made, claimed = False, None
    for number, group in enumerate(groups):
        last = number == len(groups) - 1
        place = {"first": number == 0, "last": last, "made": made}
        told = {"token": f"{request['token']}:{number}", "verdicts": group, **place}
        told = {**request, "items": len(item_outcomes), **told}
        if last and then is not None:
            answer, claimed = _settle_and_claim(steps, told, _first(then))
        else:
            answer = steps.run("settle", told)
        sums = {key: sums[key] + answer[key] for key in sums}
        made = bool(answer.get("made"))
    return sums, claimed


def _settle_and_claim(
    steps: Steps, settlement: dict[str, Any], request: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    calls = ("settle", settlement), ("claim", request)
    try:
        settled, claimed = steps.run_together(*calls)
    except StoreUnavailable:
        # Both may have run, and the claim must not be lost; by their tokens a repeat gets the same
        # answers.
        settled, claimed = steps.run_together(*calls)
    found = None if isinstance(claimed, redis.RedisError) else claimed
    if isinstance(settled, UnknownStep):
        # Only the claim has run: if it found nothing, it did not see what is settled now.
        found = found if found and found["step"] != "wait" else None
        try:
            return steps.run("settle", settlement), found
        except StoreUnavailable as error:
            raise _unsettled(error, found) from error
    try:
        with guarded():
            if isinstance(settled, redis.RedisError):
                raise settled
    except StoreUnavailable as error:
        raise _unsettled(error, found) from error
    return settled, found


def _unsettled(error: StoreUnavailable, claimed: dict[str, Any] | None) -> StoreUnavailable:
    if claimed is None or claimed["step"] == "wait":
        return error
    return NotSettled(str(error), claimed)


def size_of(held: int, sent: int) -> int:
    """Return the units of an item with *held* fields, *sent* of them sent."""
    return ITEM + held + VALUE * sent


def _groups(
    item_outcomes: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]
) -> Iterator[list[Mapping[str, Any]]]:
    # What goes again together is due at one time, that of the step.
    done = all(each["written"] and not _goes_again(each) for each in item_outcomes)
    most = MOST if done else WHOLE
    group: list[Mapping[str, Any]] = []
    size = 0
    for item_outcome in item_outcomes:
        own = sizes[item_outcome["record"]]
        if group and size + own > most:
            yield group
            group, size = [], 0
        group.append(item_outcome)
        size += own
    if group:
        yield group


def _goes_again(item_outcome: Mapping[str, Any]) -> bool:
    return "unknown" in item_outcome or "wait_ms" in item_outcome
