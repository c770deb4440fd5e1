"""
Claims that would hold the store for too long in one step: claimed by several, and settled by as
many (``joined_claims.lua``). It is one claim all the same: one token, one flight, one request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.store.scripts import Steps

MOST = 2000  # of one step: some 8 ms of the store's time, in units of 4 µs
ITEM, VALUE = 10, 3  # what an item takes beside the fields that are held of it, and a value sent


def claim(steps: Steps, request: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what the step ``claim`` answers to *request*; a batch with all that has joined it.

    The tokens of the steps follow from that of the claim: asked again, it gets the same batch.
    """
    whole: dict[str, Any] = {}
    told: dict[str, Any] = {}
    number = 0
    while True:
        answer = steps.run("claim", {"most": MOST, **request, **told})
        whole = _joined(whole, answer) if "joins" in told else answer
        told = {key: answer[key] for key in ("looked", "joins") if key in answer}
        if not told:
            return whole
        number += 1
        told["call"] = f"{request['token']}:{number}"


def _joined(whole: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    items = [*whole["items"], *more["items"]]  # an empty list comes as an object
    return {
        **whole,
        "items": items,
        "locales": whole["locales"] or more.get("locales"),
        "imports": more.get("imports", whole["imports"]),
        "more": more["more"],
    }


def settle(steps: Steps, request: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """
    Carry out the verdicts of *request* by as many steps as they take; return the sum of the
    answers.

    Args:
        sizes: How much each record takes.
    """
    verdicts: Sequence[Mapping[str, Any]] = request["verdicts"]
    groups = list(_groups(verdicts, sizes)) or [[]]
    sums = {"settled": 0, "lost": 0, "letters": 0}
    made = False
    for number, group in enumerate(groups):
        place = {"first": number == 0, "last": number == len(groups) - 1, "made": made}
        told = {"token": f"{request['token']}:{number}", "verdicts": group, **place}
        answer = steps.run("settle", {**request, "items": len(verdicts), **told})
        sums = {key: sums[key] + answer[key] for key in sums}
        made = bool(answer.get("made"))
    return sums


def size_of(held: int, sent: int) -> int:
    """Return how much an item of *held* fields takes of which *sent* are sent."""
    return ITEM + held + VALUE * sent


def _groups(
    verdicts: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]
) -> Iterator[list[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    size = 0
    for verdict in verdicts:
        own = sizes[verdict["record"]]
        if group and size + own > MOST:
            yield group
            group, size = [], 0
        group.append(verdict)
        size += own
    if group:
        yield group
