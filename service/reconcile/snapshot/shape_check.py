"""Does a snapshot have the form that its mappings read?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.mapping.compiled import Rule
from service.mapping.display import plain
from service.mapping.paths import Path
from workers.errors import SnapshotInvalid

SHOWN = 12  # columns


class ShapeFit:
    """Tracks which keys, ``when`` and ``each`` of the mappings no record has."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._unseen = [(rule, path) for rule in rules for path in _needed(rule)]
        self._columns: tuple[str, ...] = ()
        self._sample: Any = None

    def see(self, payload: Any) -> None:
        if not self._columns:
            self._columns, self._sample = tuple(_columns(payload)), payload
        if self._unseen:
            self._unseen = [each for each in self._unseen if not each[1].reaches(payload)]

    def require(self, name: str, count: int) -> None:
        """Raise SnapshotInvalid if none of *count* records has anything where a mapping reads."""
        if not self._unseen:
            return
        rule, path = self._unseen[0]
        shown = ", ".join(self._columns[:SHOWN]) + (", …" if len(self._columns) > SHOWN else "")
        raise SnapshotInvalid(
            name,
            plain(f"no {path.text} in {count} records, whose columns are {shown or 'none'}"),
            f"{path.text}, which {rule.name} ({rule.file}) reads",
            self._advice(rule, path),
        )

    def _advice(self, rule: Rule, path: Path) -> str:
        # First: a shape for this mapping would not fit the others.
        unfit = {id(rule) for rule, _ in self._unseen}
        for other in self._rules:
            if id(other) not in unfit and other.options.topics and not _alike(rule, other):
                return f"leave {rule.name} out with --topic {min(other.options.topics)}"
        for length in range(1, len(path.steps or ())):
            steps = (path.steps or ())[:length]
            rest = Path("", (path.steps or ())[length:])
            if all(isinstance(step, str) for step in steps) and rest.reaches(self._sample):
                name = ".".join(map(str, steps))
                own = f'under = "{name}" in the table reconcile of the collection'
                return f"put the records under it with --under {name}, or by {own}"
        return "name the columns as the mapping does, or choose another --topic"


def _needed(rule: Rule) -> Iterator[Path]:
    options = rule.options
    paths = (*options.record, options.when) if options.each is None else (options.each,)
    yield from (path for path in paths if path is not None)


def _alike(rule: Rule, other: Rule) -> bool:
    return rule.options.takes((min(other.options.topics or ("",)),))


def _columns(payload: Any) -> Iterator[str]:
    for name, value in payload.items() if isinstance(payload, dict) else ():
        if isinstance(value, dict) and value:
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield str(name)
