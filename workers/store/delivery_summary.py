"""
How a delivery is listed without its body: one short text beside it.

The text is the letter of its outcome, which the step of ``accept`` knows, and a JSON list: number
of events, topics, keys, why something was left out, mark of the secret, number of keys. A list of
one is its element, and what is empty at the end is left off: most are ``k[1,"stock","SKU-1"]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from workers.config.settings import Source
from workers.model.changes import Delivery, FieldProblem
from workers.model.compact_json import encoded
from workers.model.problem_words import problem_words

# In upper case: read by a fetcher.
OUTCOMES: Final = MappingProxyType(
    {"k": "kept", "d": "duplicate", "w": "unwanted", "m": "unmapped", "s": "kept"}
)
SLICED: Final = "s"  # accepted in slices: what became of its events is known at its end
KEYS: Final = 10  # listed of one delivery; the others are in its body
KEYS_LONG: Final = 400  # characters of them in sum
TOPICS: Final = 3
TOPIC_LONG: Final = 100
REASON_LONG: Final = 160

_MORE: Final = re.compile(rb",[0-9]+\]$")  # there are more keys than it lists


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What is listed of one delivery.

    Args:
        letter: A key of `OUTCOMES`; "": an earlier release kept it.
        keys: Of its records, up to `KEYS`.
        reason: Why something of it was left out.
        secret: Mark of the secret that proved it; "": the source had one.
        count: Number of its keys.
    """

    letter: str
    events: int = 0
    topics: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reason: str = ""
    secret: str = ""
    count: int = 0

    @property
    def outcome(self) -> str:
        return OUTCOMES.get(self.letter.lower(), "kept")

    @property
    def is_fetched(self) -> bool:
        """Whether it is what a fetcher read, not a request of the source."""
        return self.letter.isupper()

    @classmethod
    def parse(cls, text: str) -> Summary:
        """Return the summary in *text*; one that cannot be read says nothing."""
        try:
            events, topics, keys, reason, secret, count = _padded(json.loads(text[1:]))
            found = _several(keys)
            return cls(
                text[:1], events, _several(topics), found, reason, secret, count or len(found)
            )
        except (ValueError, TypeError):
            return cls("")


def listed_as(delivery: Delivery, source: Source, *, kept: bool) -> str | None:
    """Return the summary of *delivery*; None: it is no request of *source*, and is not listed."""
    if not kept and delivery.mode != "live":
        return None
    # Of several secrets it is of interest which one proved it.
    return summary_of(delivery, marked=len(source.secrets) > 1)


def summary_of(delivery: Delivery, *, marked: bool) -> str:
    """
    Return the summary of *delivery*, without the letter of its outcome.

    *marked*: The source has several secrets, so that the one that proved it is of interest.
    """
    topics: dict[str, None] = {}
    records: dict[str, None] = {}
    problems: list[FieldProblem] = []
    for event in delivery.events:
        if event.topic:
            topics[event.topic[:TOPIC_LONG]] = None
        for change in event.changes:
            records[change.record] = None
        for left in event.left:
            records[left.record] = None
        problems += event.problems
    keys = _bounded(records)
    values: list[Any] = [
        len(delivery.events),
        _one_or_all([*topics][:TOPICS]),
        _one_or_all(keys),
        _reason(problems),
        delivery.secret if marked and delivery.secret else "",
        len(records) if len(records) > len(keys) else 0,
    ]
    while not values[-1]:
        values.pop()
        if not values:
            return "[0]"
    return encoded(values)


def quick_check(letters: str, keys: Iterable[str]) -> Callable[[bytes], bool]:
    """
    Return a check of stored summaries: False: its letter is none of *letters*, or it has none of
    *keys*. True may be wrong.

    Args:
        letters: "": any.
        keys: Empty: any.
    """
    allowed = (letters + letters.upper() + SLICED).encode() if letters else b""
    forms = tuple(encoded(key)[1:-1].encode("utf-8", "surrogatepass") for key in keys)

    def may_fit(text: bytes) -> bool:
        if not text:
            return True  # an earlier release kept it
        if allowed and text[0] not in allowed:
            return False
        return not forms or any(form in text for form in forms) or bool(_MORE.search(text))

    return may_fit


def _bounded(records: Iterable[str]) -> list[str]:
    found: list[str] = []
    room = KEYS_LONG
    for record in records:
        room -= len(record)
        if room < 0 or len(found) == KEYS:
            break
        found.append(record)
    return found


def _reason(problems: Sequence[FieldProblem]) -> str:
    if not problems:
        return ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    words = problem_words(problems[0].path, problems[0].message)
    return (words if len(words) <= REASON_LONG else f"{words[: REASON_LONG - 1]}…") + more


def _one_or_all(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else texts or ""


def _several(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value)


def _padded(values: list[Any]) -> list[Any]:
    return [*values, *(0, "", "", "", "", 0)[len(values) :]]
