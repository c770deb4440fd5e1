"""What the attacks have come to, as one table."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

HEAD = (
    "attack", "histories", "runs", "crash points", "seeds", "lost", "stale", "twice", "P4 wrong",
    "stuck", "longest stuck (s)", "duration (s)",
)  # fmt: skip


@dataclass
class Figures:
    """
    Of one attack.

    Args:
        histories: Of one group of records each.
        runs: In each of which histories are played side by side.
        tried: Crash points, where not every try comes so far.
        longest: s until all was quiet once nothing broke any more; of simulated time where
            *simulated*.
        failures: How to play again what went wrong.
        left_out: Why it was not run.
    """

    attack: str
    histories: int = 0
    runs: int = 0
    points: int = 0
    tried: int = 0
    seeds: int = 0
    lost: int = 0
    stale: int = 0
    twice: int = 0
    unbalanced: int = 0
    stuck: int = 0
    longest: float = 0.0
    seconds: float = 0.0
    simulated: bool = True
    failures: list = field(default_factory=list)
    left_out: str = ""

    @property
    def failed(self):
        wrong = (self.lost, self.stale, self.twice, self.unbalanced, self.stuck)
        return bool(any(wrong) or self.failures)

    def add(self, outcome):
        """Count one Outcome."""
        self.lost += len(outcome.lost)
        self.stale += len(outcome.stale)
        self.twice += len(outcome.twice)
        self.unbalanced += len(outcome.unbalanced)
        self.stuck += len(outcome.stuck)
        self.longest = max(self.longest, outcome.longest)

    def merge(self, other):
        """Count what another process has found of the same attack."""
        for name in ("histories", "runs", "points", "seeds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("lost", "stale", "twice", "unbalanced", "stuck"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest = max(self.longest, other.longest)
        self.seconds = max(self.seconds, other.seconds)
        self.failures += other.failures

    def row(self):
        if self.left_out:
            return [self.attack, f"not run: {self.left_out}", *[""] * (len(HEAD) - 2)]
        longest = f"{self.longest:.1f}" + (" simulated" if self.simulated else "")
        numbers = (
            self.histories, self.runs, self.points, self.seeds, self.lost, self.stale, self.twice,
            self.unbalanced, self.stuck,
        )  # fmt: skip
        shown = [f"{number:,}" if number else "0" for number in numbers]
        if self.tried:
            shown[2] = f"{self.points:,} of {self.tried:,} tried"
        return [self.attack, *shown, longest, f"{self.seconds:.0f}"]


def markdown(figures):
    lines = [" | ".join(HEAD), " | ".join("---" for _ in HEAD)]
    lines += [" | ".join(one.row()) for one in figures]
    return "".join(f"| {line} |\n" for line in lines)


def write(path, figures):
    """Write the table to *path*, and the same as JSON beside it."""
    path.write_text(f"{datetime.now(UTC):%Y-%m-%d}\n\n{markdown(figures)}")
    document = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "attacks": [asdict(f) for f in figures]}
    path.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
