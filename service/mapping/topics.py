"""Topics of a mapping that the sender of its source never sends: it would never apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from service.mapping.compiled import Rule
from workers.config.settings import Settings
from workers.errors import Problem
from workers.model.nearest import nearest

SHOWN = 8  # topics in a message


class KnownTopics(Protocol):
    """The known topics of a sender."""

    @property
    def examples(self) -> tuple[str, ...]: ...
    def has(self, topic: str) -> bool: ...


def never_sent(
    rules: Sequence[Rule], topics: Mapping[str, KnownTopics | None], settings: Settings
) -> Iterator[Problem]:
    """
    Yield a problem for each topic of *rules* that its sender never sends; *topics* is by name of
    the source, and a missing one is not checked.
    """
    for rule in rules:
        source = rule.options.source
        known = topics.get(source)
        for topic in sorted(rule.options.topics or ()):
            if known is None or known.has(topic):
                continue
            near = nearest(topic, known.examples)
            names = ", ".join(known.examples[:SHOWN])
            more = ", …" if len(known.examples) > SHOWN else ""
            yield rule.problem(
                "Meta.topics",
                repr(topic),
                f"a topic that {settings.sources[source].sender} sends: {names}{more}",
                f"write {near}" if near else "correct it, or leave topics out to take all",
            )
