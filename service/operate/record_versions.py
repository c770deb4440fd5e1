"""Versions of values as people read them."""

from __future__ import annotations

from workers.model.versions import Version, moment_of


def readable(version: str) -> str | None:
    """Return a version as people read it: a time, a sequence, or arrival."""
    if not version:
        return None
    found = Version.parse(version)
    if found.kind == "t":
        text = moment_of(version).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    elif found.kind == "s":
        text = f"sequence {found.number}" + (f" of log {found.log}" if found.log else "")
    else:
        text = "before everything"
    return text + (f" ({_tie(found.tie)})" if found.tie else "")


def _tie(tie: str) -> str:
    if tie.startswith("p"):
        return f"position {int(tie[1:21])}" + (", later" if len(tie) > 21 else "")
    return "a later delivery" if tie.startswith("z") else f"tie {tie}"
