"""Topics of a mapping that the sender of its source never sends: it would wait for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol

from service.mapping.compiled import Rule
from workers.config.settings import Settings
from workers.errors import Problem

SHOWN = 8  # topics in a message


class Topics(Protocol):
    """What is known of the topics of a sender."""

    @property
    def topics(self) -> tuple[str, ...]: ...
    @property
    def knows_topic(self) -> Callable[[str], bool] | None: ...


def never_sent(
    rules: Sequence[Rule], senders: Mapping[str, Topics], settings: Settings
) -> Iterator[Problem]:
    """
    Yield a problem for each topic of *rules* that its sender never sends.

    Args:
        senders: By name of the source; of what is not there nothing is known.
    """
    for rule in rules:
        source = rule.options.source
        sender = senders.get(source)
        knows = sender.knows_topic if sender else None
        if sender is None or knows is None:
            continue
        for topic in sorted(rule.options.topics or ()):
            if knows(topic):
                continue
            near = get_close_matches(topic, sender.topics, n=1)
            names = ", ".join(sender.topics[:SHOWN])
            more = ", …" if len(sender.topics) > SHOWN else ""
            yield Problem(
                f"{rule.file}: {rule.name}.Meta.topics",
                repr(topic),
                f"a topic that {settings.sources[source].sender} sends: {names}{more}",
                f"write {near[0]}" if near else "correct it, or leave topics out to take all",
            )
