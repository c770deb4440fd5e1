"""
Injected faults: what goes wrong, for which calls, and how often.

STEPS lists what each fault does to a call; ``call`` runs the steps.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from service.sandbox.model.records import LOST, Edit


class Step(StrEnum):
    """One step of a call."""

    SERVE = "serve"  # as if there were no fault
    WAIT = "wait"  # for the fault's delay
    REFUSE = "refuse"  # with the fault's status
    CLOSE = "close"  # the connection, without an answer
    RESET = "reset"  # the connection, with a TCP reset
    TRICKLE = "trickle"  # the answer over the fault's delay, byte by byte
    OMIT = "omit"  # an item from the answer
    REVOKE = "revoke"  # refuse the token
    BLOCK = "block"  # refuse the write with a conflict


STEPS: dict[str, tuple[Step, ...]] = {
    "status": (Step.REFUSE,),
    "slow": (Step.WAIT, Step.SERVE),
    "slow-after": (Step.SERVE, Step.WAIT),
    "trickle": (Step.SERVE, Step.TRICKLE),
    "timeout-before": (Step.WAIT, Step.CLOSE),
    "timeout-after": (Step.SERVE, Step.WAIT, Step.CLOSE),
    "late": (Step.WAIT, Step.SERVE, Step.CLOSE),
    "reset-before": (Step.RESET,),
    "reset-after": (Step.SERVE, Step.RESET),
    "drop-field": (Step.SERVE,),
    "omit-item": (Step.SERVE, Step.OMIT),
    "lost-image": (Step.SERVE,),
    "revoked-token": (Step.REVOKE,),
    "schema-changed": (Step.BLOCK,),
}

_OF_A_FIELD = frozenset({"drop-field", "lost-image"})
_WRITES = frozenset({"lost-image", "schema-changed"})  # they do not affect reads


def takes(kind: str) -> Iterator[str]:
    """Yield the settings of a fault besides its match: ``status``, ``delay`` or ``slug``."""
    steps = STEPS.get(kind, ())
    if Step.REFUSE in steps:
        yield "status"
    if Step.WAIT in steps or Step.TRICKLE in steps:
        yield "delay"
    if kind in _OF_A_FIELD:
        yield "slug"


class Target(NamedTuple):
    """The properties of a call that a fault is matched with."""

    method: str
    path: str
    items: Collection[str] = ()
    fields: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """
    Which calls a fault affects; None or empty matches any.

    Args:
        path: May hold ``*`` for anything.
        item: The item's id, in the path or in the body.
        more_than: Only calls that name more items than this.
        fewer_than: Only calls that name fewer items than this.
        field: Only writes with this field.
    """

    method: str | None = None
    path: str | None = None
    item: str | None = None
    more_than: int | None = None
    fewer_than: int | None = None
    field: str | None = None

    def meets(self, call: Target) -> bool:
        tests = (
            self.method in (None, call.method),
            self.path is None or fnmatchcase(call.path, self.path),
            self.item is None or self.item in call.items,
            self.more_than is None or len(call.items) > self.more_than,
            self.fewer_than is None or len(call.items) < self.fewer_than,
            self.field is None or self.field in call.fields,
        )
        return all(tests)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One fault.

    Args:
        kind: A key of STEPS.
        delay: Seconds that WAIT waits and TRICKLE takes.
        slug: The field that ``drop-field`` drops, or that ``lost-image`` empties, by default every
            field with a file.
        status: Of REFUSE; message, code, details, retry_after, location and body shape its answer,
            each with a default that fits the status.
    """

    kind: str
    match: Match = field(default_factory=Match)
    delay: float = 30.0
    slug: str | None = None
    status: int = 500
    message: str | None = None
    code: str | None = None
    details: Sequence[Any] = ()
    retry_after: int | None = None
    location: str | None = None
    body: str | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def steps(self) -> tuple[Step, ...]:
        return STEPS.get(self.kind, (Step.SERVE,))

    @property
    def words(self) -> str:
        """Its effect and its match, without defaults."""
        told = {
            **{key: getattr(self, key) for key in takes(self.kind)},
            **{key: getattr(self, key) for key in ("message", "code", "retry_after")},
            **{key: getattr(self.match, key) for key in Match.__dataclass_fields__},
        }
        return ", ".join(f"{key}={value}" for key, value in told.items() if value is not None)

    def keep(self, edits: Sequence[Edit]) -> list[Edit]:
        """Return *edits* without what this fault drops silently."""
        drops = {"drop-field": self._without, "lost-image": self._emptied}.get(self.kind)
        if drops is None:
            return list(edits)
        return [
            replace(edit, fields=drops(edit.fields)) if self.match.item in (None, edit.id) else edit
            for edit in edits
        ]

    def meets(self, call: Target) -> bool:
        if self.kind in _WRITES and call.method == "GET":
            return False
        return self.match.meets(call)

    def _without(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {slug: value for slug, value in fields.items() if slug != self.slug}

    def _emptied(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            slug: LOST if slug == self.slug or (self.slug is None and _is_file(value)) else value
            for slug, value in fields.items()
        }


def _is_file(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    # A video may be sent as it is read back: an object with a URL and metadata.
    return (
        isinstance(first, dict) and not first.keys().isdisjoint(("url", "fileId"))
    ) and "metadata" not in first


NONE = Fault("none")  # the fault of a call without one


@dataclass(slots=True)
class _Armed:
    fault: Fault
    times: int | None  # None: any number
    until: float | None  # None: no end


class Faults:
    """The armed faults, in order; the first match is used."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._armed: list[_Armed] = []

    def add(self, fault: Fault, *, times: int | None, seconds: float | None) -> None:
        """Arm *fault* for *times* calls, for *seconds* from now, or for whichever ends first."""
        until = None if seconds is None else self._now() + seconds
        self._armed.append(_Armed(fault, times, until))

    def take(self, call: Target) -> Fault:
        """Return the fault for a call, or NONE, and use it up by one."""
        now = self._now()
        self._armed = [one for one in self._armed if one.until is None or now < one.until]
        for armed in self._armed:
            if armed.fault.meets(call):
                if armed.times is not None:
                    armed.times -= 1
                self._armed = [one for one in self._armed if one.times != 0]
                return armed.fault
        return NONE

    def clear(self, id: str | None = None) -> None:
        """Disarm one fault, or all."""
        self._armed = [one for one in self._armed if id not in (None, one.fault.id)]

    def as_list(self) -> list[dict[str, Any]]:
        return [
            {
                "id": one.fault.id,
                "fault": one.fault.kind,
                "times": one.times,
                "until": one.until,
                "words": one.fault.words,
            }
            for one in self._armed
        ]
