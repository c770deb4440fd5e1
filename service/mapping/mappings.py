"""
All mappings of a configuration: from one event to its changes, or to what is to be fetched first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from service.mapping.fetching import Read
from service.mapping.rules import Rule, problem
from workers.changes import Change, Fetch, FieldProblem, FieldValue

MOST_PROBLEMS = 100  # told of one event: an each may have thousands of bad elements


@dataclass(frozen=True, slots=True)
class Mapped:
    """
    What one event means.

    Args:
        changes: In the order of the mappings; none when there are problems.
        problems: Everything that keeps the event from being mapped.
        wanted: Whether any mapping takes its topic.
        fetches: Objects that are to be read before the other mappings of it can be applied.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    wanted: bool = False
    fetches: tuple[Fetch, ...] = ()


class Mappings:
    """The rules of every source; shared by threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_source: dict[str, tuple[Rule, ...]] = {}
        for rule in self.rules:
            source = rule.options.source
            self._by_source[source] = (*self._by_source.get(source, ()), rule)
        used = (rule.options.fetching for rule in self.rules if rule.options.fetching)
        self.fetchers: Mapping[str, Read] = {each.name: each.read for each in used}

    def changes(
        self, source: str, topic: str | None, payload: Any, *, version: str | None
    ) -> Mapped:
        """
        Map one event of *source*. Raises nothing, whatever *payload* holds.

        Where two mappings, or two elements of one ``each``, write one field of one item, the
        higher version stands, and at equal versions the later one.

        Args:
            version: The event's own, if it has one; a mapping's ``Meta.version`` beats it.
        """
        rules = [rule for rule in self._by_source.get(source, ()) if rule.options.takes((topic,))]
        thin = [rule for rule in rules if rule.options.fetching]
        problems: list[FieldProblem] = []
        asked = [fetch for rule in thin for fetch in rule.fetches(payload, problems)]
        whole = [rule for rule in rules if not rule.options.fetching]
        mapped = applied(whole, payload, version, problems)
        fetches = () if mapped.problems else tuple(dict.fromkeys(asked))
        return replace(mapped, wanted=bool(rules), fetches=fetches)

    def fetched(
        self,
        source: str,
        fetcher: str | None,
        topics: Collection[str] | None,
        payload: Any,
        *,
        version: str | None,
    ) -> Mapped:
        """
        Map what *fetcher* has read for *source*. Raises nothing, whatever *payload* holds.

        Args:
            fetcher: Its name; None: any.
            topics: Of the notices that it was read for; None: any.
            version: Of what was read; a mapping's ``Meta.version`` beats it.
        """
        rules = [
            rule
            for rule in self._by_source.get(source, ())
            if rule.options.fetching
            and fetcher in (None, rule.options.fetching.name)
            and (topics is None or rule.options.takes(topics))
        ]
        return applied(rules, payload, version, [])


def applied(
    rules: Sequence[Rule], payload: Any, version: str | None, problems: list[FieldProblem]
) -> Mapped:
    """Return what *rules* make of *payload*, unless there are *problems* already."""
    changes = [change for rule in rules for change in rule.changes(payload, version, problems)]
    if len(changes) > 1 and not problems:
        changes = _merged(changes, problems)
    if problems:
        return Mapped((), _told(problems), wanted=True)
    return Mapped(tuple(changes), (), wanted=bool(rules))


def _merged(changes: Iterable[Change], problems: list[FieldProblem]) -> list[Change]:
    """Return *changes* with one value per field of an item; versions of two kinds are a problem."""
    fields: dict[Change, dict[str, FieldValue]] = {}
    holders: dict[tuple[str, str, str], Change] = {}
    for change in changes:
        group = replace(change, fields=())  # one change per mapping, item and version
        mine = fields.setdefault(group, {})
        for value in change.fields:
            place = (change.collection, change.record, value.slug)
            holder = holders.get(place)
            if holder is not None and _kind(holder) != _kind(change):
                message = f"{value.slug} has a version of another kind than in {holder.mapping}"
                problems.append(problem(change.mapping, message))
            elif holder is None or (change.version or "") >= (holder.version or ""):
                if holder is not None:
                    del fields[holder][value.slug]
                mine[value.slug] = value
                holders[place] = group
    kept = ((group, own) for group, own in fields.items() if own or group.retire)
    return [replace(group, fields=tuple(own.values())) for group, own in kept]


def _told(problems: list[FieldProblem]) -> tuple[FieldProblem, ...]:
    told = tuple(dict.fromkeys(problems))
    if len(told) <= MOST_PROBLEMS:
        return told
    rest = f"and {len(told) - MOST_PROBLEMS} more problems"
    return (*told[:MOST_PROBLEMS], FieldProblem(told[MOST_PROBLEMS].path, rest))


def _kind(change: Change) -> str | None:
    return change.version[0] if change.version else None
