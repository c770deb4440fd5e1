"""What ``instep check`` has found, and how it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from service.commands.page import wrapped
from workers.errors import Problem


@dataclass(slots=True)
class Findings:
    """
    The findings of one check.

    Args:
        errors: With one of these it does not work, or was not proven to: exit code 1.
        warnings: It works, but not as somebody may expect.
        notes: Facts.
    """

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        problems = [problem.as_dict() | {"level": "error"} for problem in self.errors]
        problems += [problem.as_dict() | {"level": "warning"} for problem in self.warnings]
        return {"ok": not self.errors, "problems": problems, "notes": self.notes}

    def lines(self, columns: int) -> Iterator[str]:
        """Yield the lines for people, errors first."""
        yield from _group("Errors", self.errors, columns, "red")
        yield from _group("Warnings", self.warnings, columns, "yellow")
        yield from _group("Notes", self.notes, columns)
        if not self.errors and not self.warnings:
            yield "No problems found"
        else:
            yield f"Errors: {len(self.errors)}, warnings: {len(self.warnings)}"


def _group(
    title: str, entries: Sequence[object], columns: int, colour: str | None = None
) -> Iterator[str]:
    if not entries:
        return
    yield click.style(f"{title}:", fg=colour, bold=True)
    for entry in entries:
        yield from wrapped(str(entry), columns, first="  ", rest="    ")
    yield ""
