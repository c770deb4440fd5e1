"""Elements of one event that write the same field of one record: which value counts, if any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from service.mapping.compiled import Element, Rule
from service.mapping.display import found
from service.mapping.field_values import problem
from workers.model.changes import LeftOut

SHOWN = 5  # elements that a problem names

FieldKey = tuple[str, str]  # record, slug


@dataclass(frozen=True, slots=True)
class _Claim:
    """An element's value for one field of one record; None: unreadable."""

    index: int
    version: str
    value: str | None


def agreed(rule: Rule, elements: Sequence[Element]) -> Sequence[Element]:
    """
    Return *elements* without what they contradict each other in; the first reports it.

    Of one field the value at the highest version counts. Where several elements have that version
    and different values, it is undecided which is meant: the field is left out of all of them.
    """
    if len(elements) < 2:
        return elements
    conflicts = Element()
    disputed = _disputed(rule, elements, conflicts)
    return [conflicts, *(_without(element, disputed) for element in elements)]


def _disputed(rule: Rule, elements: Sequence[Element], conflicts: Element) -> frozenset[FieldKey]:
    """Return the conflicting fields; report them, and leave them out, in *conflicts*."""
    claims: dict[FieldKey, list[_Claim]] = {}
    for element in elements:
        for place, claim in _claims(element):
            claims.setdefault(place, []).append(claim)
    paths = {target.slug: target.path.text for target in rule.targets}
    disputed: set[FieldKey] = set()
    for (record, slug), all_ in claims.items():
        highest = max(claim.version for claim in all_)
        kinds = {claim.version[:1] for claim in all_}
        best = [claim for claim in all_ if claim.version == highest]
        if len(kinds) == 1 and len({claim.value for claim in best}) == 1:
            continue
        disputed.add((record, slug))
        words = _words(best) if len(kinds) == 1 else "with versions of different kinds"
        about = f"{_indexes(best if len(kinds) == 1 else all_)} write {slug} of {record}: {words}"
        do = "expected one value; filter them with when, or order them with version"
        conflicts.problems.append(problem(paths[slug], f"{about}; {do}"))
        options = rule.options
        version = highest or None
        conflicts.left.append(LeftOut(options.collection, record, options.by, slug, version))
    return frozenset(disputed)


def _claims(element: Element) -> Iterator[tuple[FieldKey, _Claim]]:
    """Yield the values of *element*, unless all of it is left out."""
    change, index = element.change, element.index or 0
    if change is None:
        return
    version = change.version or ""
    for value in change.fields:
        yield (change.record, value.slug), _Claim(index, version, value.value)
    for out in element.left:
        yield (out.record, out.slug), _Claim(index, version, None)


def _without(element: Element, disputed: frozenset[FieldKey]) -> Element:
    if not disputed:
        return element
    left = [out for out in element.left if (out.record, out.slug) not in disputed]
    change = element.change
    if change is not None:
        fields = (f for f in change.fields if (change.record, f.slug) not in disputed)
        change = replace(change, fields=tuple(fields))
    return Element(change, element.problems, left, element.index)


def _indexes(claims: Sequence[_Claim]) -> str:
    names = [str(claim.index) for claim in claims[:SHOWN]]
    return f"elements {', '.join(names)}{', …' if len(claims) > SHOWN else ''}"


def _words(claims: Sequence[_Claim]) -> str:
    values = ("unreadable" if c.value is None else found(json.loads(c.value)) for c in claims)
    return ", ".join(list(dict.fromkeys(values))[:SHOWN])
