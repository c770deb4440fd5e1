"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
