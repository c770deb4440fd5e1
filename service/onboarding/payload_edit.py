"""Sets a value at a place of a payload: ``data.price``, ``variants[0].sku``. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from workers.errors import SelectionInvalid

Steps = tuple[str | int, ...]

_PATH: Final = re.compile(r"[\w-]+(?:\[\d{1,4}\])*(?:\.[\w-]+(?:\[\d{1,4}\])*)*")
_STEP: Final = re.compile(r"([\w-]+)|\[(\d+)\]")


def steps_of(path: str) -> Steps:
    """Return the keys and indexes of *path*; raises SelectionInvalid if it is none."""
    if _PATH.fullmatch(path) is None:
        expected = "a path such as data.price or variants[0].sku"
        raise SelectionInvalid(repr(path), expected, "write the names with dots between them")
    return tuple(int(index) if index else name for name, index in _STEP.findall(path))


def parsed(text: str) -> Any:
    """Return *text* as JSON, or as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def placed(payload: Any, steps: Steps, value: Any) -> Any:
    """
    Return a copy of *payload* with *value* at *steps*; objects that lack on the way are made.

    Raises:
        SelectionInvalid: On the way is a value that holds nothing, or a list without that index.
    """
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if not isinstance(payload, list) or step > len(payload):
            raise _no_place(f"no list with an element {step}")
        held = payload[step] if step < len(payload) else {}
        return [*payload[:step], placed(held, rest, value), *payload[step + 1 :]]
    if payload is None:
        payload = {}
    if not isinstance(payload, dict):
        raise _no_place(f"no object that could hold {step}")
    return payload | {step: placed(payload.get(step), rest, value)}


def _no_place(found: str) -> SelectionInvalid:
    return SelectionInvalid(found, "a place of the payload", "correct the path")
