"""
The log of what changes: a pause, an outage, a dead letter. Once each, by the step that changed it.

A step tells its changes with its answer (``tell`` in ``lua/lib/step.lua``).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from workers.model.log_fields import without_values

# What a step tells → level, message, what to do.
MESSAGES: Final = MappingProxyType(
    {
        "paused": (
            logging.WARNING,
            "destination paused",
            "end the cause; instep resume destination:{}",
        ),
        "collection paused": (
            logging.WARNING,
            "collection paused",
            "correct its id, instep reload; instep resume collection:{}",
        ),
        "outage": (logging.WARNING, "outage", "nothing: sending goes on once the CMS answers"),
        "outage over": (logging.INFO, "outage over", None),
        "not published": (
            logging.WARNING,
            "collection waits: site not published",
            "publish the site",
        ),
        "published": (logging.INFO, "collection goes on: site published", None),
        "plan limit": (
            logging.WARNING,
            "creating stopped: plan limit",
            "make room in the CMS, or enlarge the plan",
        ),
        "room": (logging.INFO, "creating goes on: room in the plan", None),
        "deletes held": (
            logging.WARNING,
            "deletes wait for approval",
            "instep deletes list --collection {}",
        ),
        "write-back paused": (
            logging.WARNING,
            "write-back paused",
            "end the cause; instep resume writeback:{}",
        ),
        "dead letter": (logging.WARNING, "dead letter opened", "instep dead show {}"),
    }
)

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # commands report what they did, and log nothing


def log_changes(changes: Sequence[Mapping[str, Any]], untold: int = 0) -> None:
    """Log each of *changes*; *untold*: how many more the step made."""
    for change in changes:
        level, message, values = line_for(change)
        _log.log(level, message, extra=values)
    if untold:
        _log.warning("and more", extra={"changes": untold})


def line_for(change: Mapping[str, Any]) -> tuple[int, str, dict[str, Any]]:
    """Return level, message and fields of the line for *change*."""
    values = dict(change)
    what = values.pop("what")
    if what == "paused" and values.get("collection"):
        what = "collection paused"
    level, message, do = MESSAGES[what]
    if reason := values.get("reason"):
        values["reason"] = without_values(reason, values.get("fields") or ())
    if "events" in values:
        values["event_ids"] = values.pop("events") or []
    if do:
        names = (values.get(each) for each in ("id", "writeback", "collection", "destination"))
        name = next(filter(None, names), None)
        values["do"] = do.format(name)
    return level, message, values
