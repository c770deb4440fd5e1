"""Orders that the control API and the command line share: faults, second consumer, webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from service.sandbox.control.schemas import FaultOrder, MatchOrder
from service.sandbox.faults.faults import STEPS, Fault, Faults, Match
from service.sandbox.model.rate_window import Window
from service.sandbox.site.site import Site, new_id
from service.sandbox.webhooks.registrations import RAISED, Registration

_MATCH = frozenset(MatchOrder().fields)
_FOR_EVER = ("null", "always")  # of ``times``


def arm(faults: Faults, order: Any) -> Fault:
    """
    Arm the fault that *order* describes, for one call unless it has ``times`` or ``seconds``;
    raises ValidationError if it has an unknown key or an invalid value.
    """
    read = FaultOrder().load(order)
    seconds = read.pop("seconds", None)
    times = read.pop("times", 1 if seconds is None else None)
    fault = Fault(**read | {"match": Match(**read.get("match", {}))})
    faults.add(fault, times=times, seconds=seconds)
    return fault


def order_of(words: str) -> dict[str, Any]:
    """
    Return the order in *words*: ``status=503,seconds=30`` or ``slow,delay=5,method=PATCH``.

    The first word may be the fault alone; the default is ``status``. The keys of ``match`` are
    written beside the others. Words that begin with a brace are JSON, as for the control API.

    Raises:
        ValidationError: They are no list of ``key=value``.
    """
    if words.lstrip().startswith("{"):
        try:
            return dict(json.loads(words))
        except (RecursionError, ValueError) as error:
            raise ValidationError(f"found no JSON: {error}") from None
    order: dict[str, Any] = {"fault": "status", "match": {}}
    for number, word in enumerate(one.strip() for one in words.split(",")):
        key, equals, value = word.partition("=")
        if not number and not equals:
            key, value = "fault", word
        elif not key or not equals:
            raise ValidationError(f"found {word!r}, expected key=value")
        place = order["match"] if key in _MATCH else order
        place[key] = None if key == "times" and value in _FOR_EVER else value
    if order["fault"] not in STEPS:
        raise ValidationError(f"found {order['fault']!r}, expected one of {', '.join(STEPS)}")
    return order


def share(window: Window, percent: float) -> float:
    """Return the requests a minute with which a second consumer takes *percent* of *window*."""
    return window.limit * percent / 100 * 60 / window.seconds


def register(
    site: Site, url: str, secret: str | None = None, triggers: Sequence[str] | None = None
) -> list[Registration]:
    """
    Register *url* for *triggers*, by default for all, with one secret.

    A registration with the same URL and trigger is replaced.
    """
    made: list[Registration] = []
    for trigger in triggers or RAISED:
        for old in site.hooks:
            if (old.url, old.trigger) == (url, trigger):
                site.hooks.remove(old.id)
        hook = Registration(new_id(), trigger, url, site.now())
        hook.secret = secret = secret or hook.secret
        site.hooks.put(hook)
        made.append(hook)
    return made
