"""
Payloads in the documented shapes of the senders, made fresh for each use.

``samples/SENDER.json`` holds ``{about, topics: {topic: {headers, body | form | text}}}``. Its texts
hold placeholders: a text that is one placeholder becomes its value, a number where that is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

OWN: Final = frozenset({"basic", "bearer", "body-token", "header", "hmac", "query"})
# Their topics are those of whoever uses them, so a sample stands for any.
ANY_TOPIC: Final = OWN | {"standard-webhooks", "svix"}
# What these send is shaped by whoever uses them, too: a sample says nothing of it.
OWN_SHAPES: Final = ANY_TOPIC | {"dataverse", "debezium", "hasura", "supabase"}


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One delivery before it is signed.

    Args:
        body: JSON, or of a form with JSON in it the fields; text where the body is neither.
        form: The field of the form that holds the payload; None: it is no form.
    """

    headers: Mapping[str, str]
    body: Any
    form: str | None = None

    @property
    def payload(self) -> Any:
        """The part that a mapping reads."""
        return self.body[self.form] if self.form else self.body

    def with_payload(self, payload: Any) -> Sample:
        return replace(self, body=self.body | {self.form: payload} if self.form else payload)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is new in each delivery: *id* of its event, and its time, aware."""

    id: str
    at: datetime

    def values(self) -> dict[str, str | int]:
        """Return placeholder → value."""
        utc = self.at.astimezone(UTC)
        ms = int(utc.timestamp() * 1000)
        return {
            "{id}": self.id,
            "{number}": ms,
            "{now}": utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "{now_s}": ms // 1000,
            "{now_ms}": ms,
            "{local}": f"{utc:%Y-%m-%dT%H:%M:%S}",
            "{space}": f"{utc:%Y-%m-%d %H:%M:%S}",
        }


def samples(sender: str, occasion: Occasion) -> dict[str, Sample]:
    """Return topic → sample of the kind of sender *sender*, fresh; empty if none ships."""
    name = "own" if sender in OWN else sender
    file = files("service") / "onboarding" / "samples" / f"{name}.json"
    if not file.is_file():
        return {}
    held = json.loads(file.read_text(encoding="utf-8"))["topics"]
    values = occasion.values()
    return {topic: _sample(_fresh(each, values)) for topic, each in held.items()}


def example_topic(sender: str) -> str:
    """Return a topic of *sender* that tells of a change, for hints."""
    topics = list(samples(sender, Occasion("", datetime.fromtimestamp(0, UTC))))
    changed = (each for word in ("updat", "change") for each in topics if word in each.lower())
    return next(changed, topics[0])


def _sample(held: Mapping[str, Any]) -> Sample:
    headers = {"Content-Type": "application/json"} | held["headers"]
    if "form" in held:
        return Sample(headers | {"Content-Type": _FORM}, held["form"], "payload")
    return Sample(headers, held["text"] if "text" in held else held["body"])


_FORM: Final = "application/x-www-form-urlencoded"


def _fresh(value: Any, values: Mapping[str, str | int]) -> Any:
    if isinstance(value, dict):
        return {key: _fresh(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_fresh(each, values) for each in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    if value in values:
        return values[value]
    for placeholder, each in values.items():
        value = value.replace(placeholder, str(each))
    return value
