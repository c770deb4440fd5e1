"""The mappings of a source that a payload does not concern, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from service.config.build import Configuration
from service.ingest.intake import Preview
from service.mapping.compiled import Rule
from service.senders.payload import parse_json
from workers.errors import PayloadInvalid

Event = tuple[str | None, Any]  # topic, payload


def unmatched(
    configuration: Configuration,
    source: str,
    found: Preview,
    events: Sequence[Event],
    collections: Collection[str] | None = None,
) -> list[dict[str, str]]:
    """
    Return ``[{mapping, why}]``, in the order of the mappings.

    Args:
        events: That the payload holds.
        collections: Only the mappings of these; None: all.
    """
    used = {change.mapping for change in found.changes}
    rules = (
        rule
        for rule in configuration.mappings.rules
        if rule.options.source == source
        and rule.name not in used
        and (collections is None or rule.options.collection in collections)
    )
    pairs = ((rule, _why(rule, found, events)) for rule in rules)
    return [{"mapping": rule.name, "why": why} for rule, why in pairs if why]


def why_none(configuration: Configuration, source: str, events: Sequence[Event]) -> str:
    """Return why no mapping at all can use *events*; "": some could."""
    if not any(rule.options.source == source for rule in configuration.mappings.rules):
        return f"none has the source {source}"
    return "" if events else "it holds no event, as a test of the connection"


def _why(rule: Rule, found: Preview, events: Sequence[Event]) -> str:
    """Return why *rule* takes none of *events*; "": it takes one, or its problems say why not."""
    options = rule.options
    taken = [payload for topic, payload in events if options.takes((topic,))]
    if not taken:
        if not events:
            return ""
        topics = ", ".join(dict.fromkeys(topic or "none" for topic, _ in events))
        return f"it takes {', '.join(sorted(options.topics or ()))}; the topic is {topics}"
    if options.fetching and found.fetches:
        return ""
    passed = [payload for payload in taken if _passes(rule, payload)]
    if not passed:
        path = options.when or options.each
        return f"`{path.text if path else 'each'}` lets nothing of it through"
    return "" if found.problems else "none of its fields is in the payload"


def _passes(rule: Rule, payload: Any) -> bool:
    try:
        return rule.takes(payload)
    except Exception:  # a mapping is the user's code; it is told as a problem
        return True


def events_in(
    configuration: Configuration,
    source: str,
    body: bytes,
    headers: Mapping[str, str],
    topic: str | None,
    *,
    fetched: bool,
) -> list[Event]:
    """Return the events of *body*; none where it cannot be read. See `previews.preview`."""
    if fetched:
        try:
            return [(topic, parse_json(body))]
        except PayloadInvalid:
            return []
    lower = {name.lower(): value for name, value in headers.items()}
    received = configuration.senders[source].split(lower, body)
    return [(topic or event.topic, event.payload) for event in received.events if not event.ping]
