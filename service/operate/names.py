"""Names in parameters: what a caller may not see does not exist for it."""

from __future__ import annotations

from collections.abc import Collection

from workers.errors import UnknownName


def check(name: str | None, what: str, names: Collection[str]) -> None:
    """Raise UnknownName unless *name*, of *what*, is one of *names* or None."""
    if name is not None and name not in names:
        expected = f"{what}: {', '.join(sorted(names)) or 'none'}"
        raise UnknownName(repr(name), expected, "use one of them")
