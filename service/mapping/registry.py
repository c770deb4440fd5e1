"""
All mappings of a configuration: from one event to its changes, or to what has to be fetched first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.mapping.compiled import Rule
from service.mapping.elements import agreed
from service.mapping.field_values import problem
from service.mapping.meta_fetch import Read
from workers.model.changes import Change, Fetch, FieldProblem, FieldValue, LeftOut, Placed
from workers.model.values import value_class

FieldKey = tuple[str, str, str]  # collection, record, slug
Takers = tuple[tuple[Rule, ...], tuple[Rule, ...]]  # of notices, and of whole events
MOST_PROBLEMS = 100  # reported of one event: an each may have thousands of bad elements


@value_class
class Mapped:
    """
    The result of one event: the changes, and why the rest is left out.

    Args:
        changes: In the order of the mappings.
        problems: Why parts of it are left out; none: nothing is.
        wanted: Whether any mapping takes its topic.
        fetches: Objects to read before its other mappings can be applied.
        left: The values left out, as far as their record can be read.
        nameless: Some of the values left out are not in *left*.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    wanted: bool = False
    fetches: tuple[Fetch, ...] = ()
    left: tuple[LeftOut, ...] = ()
    nameless: bool = False


class Mappings:
    """
    The rules of every source; safe to share between threads.

    Args:
        unused: Classes without a source of which no mapping is made, as ``file: name``.
        whole: False: some could not be read, so that what no rule writes may still be written.
    """

    def __init__(
        self, rules: Sequence[Rule], unused: Sequence[str] = (), *, whole: bool = True
    ) -> None:
        self.rules = tuple(rules)
        self.unused = tuple(unused)
        self.whole = whole
        self._by_source: dict[str, tuple[Rule, ...]] = {}
        for rule in self.rules:
            source = rule.options.source
            self._by_source[source] = (*self._by_source.get(source, ()), rule)
        self._by_topic = {source: _by_topic(own) for source, own in self._by_source.items()}
        used = (rule.options.fetching for rule in self.rules if rule.options.fetching)
        self.fetchers: Mapping[str, Read] = {each.name: each.read for each in used}

    def changes(
        self,
        source: str,
        topic: str | None,
        payload: Any,
        *,
        version: str | None,
        placed: Placed = "arrival",
    ) -> Mapped:
        """
        Map one event of *source*. Raises nothing, whatever *payload* holds.

        If two mappings write one field of one item, the higher version wins, and at equal versions
        the later mapping; for elements of one ``each`` see `agreed`.

        Args:
            version: The event's own, if any; a mapping's ``Meta.version`` overrides it.
            placed: How the event orders its changes beside its version.
        """
        thin, whole = self._takers(source, topic)
        problems: list[FieldProblem] = []
        asked = [fetch for rule in thin for fetch in rule.fetches(payload, problems)]
        mapped = applied(whole, payload, version, problems, placed)
        return replace(mapped, wanted=True, fetches=tuple(dict.fromkeys(asked))) if thin else mapped

    def _takers(self, source: str, topic: str | None) -> Takers:
        """Return the rules of *source* that take *topic*: those of notices, and the others."""
        takers = self._by_topic.get(source)
        if takers is None:
            return (), ()
        return takers[topic] if topic in takers else takers[None]

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
        Map the result of *fetcher* for *source*. Raises nothing, whatever *payload* holds.

        Args:
            fetcher: Its name; None: any.
            topics: Of the notices that it was read for; None: any.
            version: Of the fetched object; a mapping's ``Meta.version`` overrides it.
        """
        rules = [
            rule
            for rule in self._by_source.get(source, ())
            if rule.options.fetching
            and fetcher in (None, rule.options.fetching.name)
            and (topics is None or rule.options.takes(topics))
        ]
        return applied(rules, payload, version, [])


def _by_topic(rules: Sequence[Rule]) -> dict[str | None, Takers]:
    """Return the rules for each topic that one of *rules* names; None: for any other, or none."""
    named = {topic for rule in rules for topic in rule.options.topics or ()}
    found: dict[str | None, Takers] = {}
    for topic in (None, *named):
        taking = [rule for rule in rules if rule.options.takes((topic,))]
        thin = tuple(rule for rule in taking if rule.options.fetching)
        found[topic] = thin, tuple(rule for rule in taking if not rule.options.fetching)
    return found


def applied(
    rules: Sequence[Rule],
    payload: Any,
    version: str | None,
    problems: list[FieldProblem],
    placed: Placed = "arrival",
) -> Mapped:
    """Apply *rules* to *payload*; *problems* holds those found before."""
    changes: list[Change] = []
    left: list[LeftOut] = []
    nameless = bool(problems)
    for rule in rules:
        known = len(problems)
        elements = rule.elements(payload, version, problems, placed)
        nameless |= len(problems) > known
        for element in elements:
            nameless |= bool(element.problems) and not element.left
        for element in agreed(rule, elements):
            change = element.change
            if change is not None and (change.fields or change.retire):
                changes.append(change)
            problems += element.problems
            left += element.left
    if len(changes) > 1:
        changes = _merged(changes, problems, left)
    names = tuple(dict.fromkeys(left))
    return Mapped(tuple(changes), _capped(problems), bool(rules), left=names, nameless=nameless)


def _merged(
    changes: Sequence[Change], problems: list[FieldProblem], left: list[LeftOut]
) -> list[Change]:
    """Return *changes* with one value per field of an item; versions of two kinds leave it out."""
    fields: dict[Change, dict[str, FieldValue]] = {}
    holders: dict[FieldKey, Change] = {}
    apart: set[FieldKey] = set()
    for change in changes:
        group = replace(change, fields=())  # one change per mapping, item and version
        mine = fields.setdefault(group, {})
        for value in change.fields:
            place = (change.collection, change.record, value.slug)
            holder = holders.get(place)
            if holder is not None and _kind(holder) != _kind(change):
                message = f"{value.slug} has a version of another kind than in {holder.mapping}"
                problems.append(problem(change.mapping, message))
                left += (_left_out(each, value.slug) for each in (holder, change))
                apart.add(place)
            elif holder is None or (change.version or "") >= (holder.version or ""):
                if holder is not None:
                    fields[holder].pop(value.slug, None)
                mine[value.slug] = value
                holders[place] = group
    for place in apart:
        fields[holders[place]].pop(place[2], None)
    kept = ((group, own) for group, own in fields.items() if own or group.retire)
    return [replace(group, fields=tuple(own.values())) for group, own in kept]


def _left_out(change: Change, slug: str) -> LeftOut:
    return LeftOut(change.collection, change.record, change.by, slug, change.version)


def _capped(problems: list[FieldProblem]) -> tuple[FieldProblem, ...]:
    unique = tuple(dict.fromkeys(problems))
    if len(unique) <= MOST_PROBLEMS:
        return unique
    rest = f"and {len(unique) - MOST_PROBLEMS} more problems"
    return (*unique[:MOST_PROBLEMS], FieldProblem(unique[MOST_PROBLEMS].path, rest))


def _kind(change: Change) -> str | None:
    return change.version[0] if change.version else None
