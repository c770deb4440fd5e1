"""The preview of a payload: what it would change. Needs no proof; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.config.build import Configuration
from service.ingest.intake import Intake, Preview
from service.mapping.compiled import Rule
from service.operate.pull_rows import first_rows
from service.operate.scope import Scope
from service.operate.unmatched import Event, events_in
from service.pulls.pull_rules import readers_of
from service.reconcile.snapshot.rows import Row, mapped_row
from workers.config.settings import Settings
from workers.errors import UnknownName
from workers.model.changes import Change
from workers.store.outbox import Outbox


def preview(
    configuration: Configuration,
    outbox: Outbox,
    source: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    topic: str | None = None,
    fetched: bool = False,
) -> Preview:
    """
    Return what *body* of *source* would change; nothing is verified, kept or sent.

    Args:
        outbox: Is not used; it need not reach its store.
        headers: From which the sender reads events.
        topic: Replaces the topic of every event.
        fetched: *body* is the result of a fetch, not a delivery.

    Raises:
        UnknownName: There is no such source.
    """
    if source not in configuration.senders:
        names = ", ".join(sorted(configuration.senders)) or "none"
        raise UnknownName(repr(source), f"a source of instep.toml ({names})", "use one of them")
    intake = Intake(configuration.senders, configuration.mappings, outbox, wake=str)
    return intake.preview(source, body, headers, topic, fetched=fetched)


def preview_and_events(
    configuration: Configuration,
    outbox: Outbox,
    source: str,
    body: bytes | None,
    *,
    headers: Mapping[str, str],
    topic: str | None = None,
    fetched: bool = False,
) -> tuple[Preview, list[Event]]:
    """
    Return what ``preview`` of these returns, and the events in *body*.

    Args:
        source: May also be a pull: *body* is an answer of its API, or with *fetched* one record.
        body: None, of a pull alone: its API is asked for its first page.

    Raises:
        UnknownName: There is no such source.
        PullFailed: The API that is asked does not answer, or not as instep.toml says.
        RequestRefused: There is no record in *body*.
    """
    pull = configuration.settings.pulls.get(source)
    if pull is not None:
        rows = first_rows(pull, body, single=fetched)
        mapped = [
            mapped_row(own, number, row)
            for number, row in enumerate(rows, 1)
            for own in _by_collection(readers_of(configuration, pull))
        ]
        return _of_rows(mapped), [(None, row) for row in rows]
    how: dict[str, Any] = {"headers": headers, "topic": topic, "fetched": fetched}
    found = preview(configuration, outbox, source, body or b"", **how)
    return found, events_in(configuration, source, body or b"", **how)


def _by_collection(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Return *rules* as a run takes them: what one collection cannot read, others may."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.options.collection, []).append(rule)
    return [*found.values()]


def _of_rows(rows: Sequence[Row]) -> Preview:
    changes = tuple(change for row in rows for change in row.changes)
    problems = (
        replace(each, message=f"record {row.number}: {each.message}")
        for row in rows
        for each in row.problems
    )
    return Preview(changes, tuple(problems), topics=(None,) * len(changes))


def within(found: Preview, scope: Scope) -> Preview:
    """Return *found* without changes of collections that are not in *scope*."""
    pairs = zip(found.changes, found.topics, strict=True)
    own = [(each, topic) for each, topic in pairs if each.collection in scope.collections]
    return replace(
        found,
        changes=tuple(each for each, _ in own),
        topics=tuple(topic for _, topic in own),
    )


def as_dict(
    found: Preview,
    settings: Settings,
    held: Sequence[Mapping[str, Any]],
    others: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """
    Return ``{changes, fetches, problems, unmatched}``.

    Args:
        held: For each change what its item holds, as `before` returns it.
        others: The mappings that the payload does not concern, as `unmatched` returns them.
    """
    return {
        "changes": [
            shown(each)
            | {"topic": topic, "before": dict(values), "after": values_of(each)}
            | creation(each, found, settings)
            for each, topic, values in zip(found.changes, found.topics, held, strict=True)
        ],
        "fetches": [{"fetcher": each.fetcher, "object": each.object} for each in found.fetches],
        "problems": [{"path": each.path, "message": each.message} for each in found.problems],
        "unmatched": [dict(each) for each in others],
    }


def values_of(change: Change) -> dict[str, Any]:
    """Return slug → value, decoded."""
    return {field.slug: json.loads(field.value) for field in change.fields}


def shown(change: Change) -> dict[str, Any]:
    """Return *change* with its field values decoded."""
    return {
        "mapping": change.mapping,
        "collection": change.collection,
        "key": (change.shown or change.record) if change.by == "key" else None,
        "item": change.record if change.by == "item" else None,
        "fields": values_of(change),
        "version": change.version,
        **({"retire": change.retire} if change.retire else {}),
    }


def creation(change: Change, found: Preview, settings: Settings) -> dict[str, str]:
    """Return what happens if no item has the key, in a collection that creates items."""
    if (
        change.retire
        or change.by != "key"
        or settings.collections[change.collection].missing != "create"
    ):
        return {}
    if change in found.partial:
        words = "if no item has this key, none is created: the event could not be read whole"
        return {"creates": words}
    if any(field.slug == "name" for field in change.fields):
        return {"creates": "if no item has this key, one is created"}
    words = "if no item has this key, one is created once an event has given it a name"
    return {"creates": words}
