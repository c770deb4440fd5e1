"""What pages show of problems beside their cause: an example, and how much is concerned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.operate.scope import Scope
from service.operate.selection import is_seen
from workers.delivery.context import Context
from workers.model.problem_words import problem_words
from workers.store.dead_letters import Letter
from workers.store.letter_counts import LetterCount, count_letters


def with_details(
    context: Context,
    problems: Sequence[Mapping[str, Any]],
    scope: Scope | None = None,
    *,
    most: int,
) -> list[dict[str, Any]]:
    """
    Return *problems*, as `list_problems` has them, with ``records``, ``values``, ``events`` and
    ``sample``.

    *records*, *values*: of the letters that they count, or None if these are too many to be read
    for a list; *events*: how many could not be mapped, None for another kind; *sample*: of the
    newest letter ``{id, collection, key, item, slug, value, words}``, None if it may not be seen.

    Args:
        most: Letters that are counted; their problems come first.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    read = context.letters.read([each["example"] for each in problems if each["example"]])
    samples = {each.id: each for each in read if is_seen(scope, each.collection, each.source)}
    sizes = {each["id"]: int(each["letters"]) for each in problems}
    counts = count_letters(context.steps, sizes, most)
    return [
        {**each, **_figures(each["kind"], sizes[each["id"]], counts.get(each["id"]))}
        | {"sample": _sample(samples.get(each["example"]), each["fields"])}
        for each in problems
    ]


def opened_since_mark(context: Context, group: str) -> int | None:
    """Return how many letters a problem got since somebody marked it; None: nobody did."""
    found = context.problems.show(group)
    if found is None or found.at is None:
        return None
    return context.problems.opened_since_mark([found])[0]


def _figures(kind: str, letters: int, count: LetterCount | None) -> dict[str, int | None]:
    if count is None:
        return {"records": None, "values": None, "events": letters if kind == "unmapped" else None}
    if kind == "unmapped":
        return {"records": None, "values": None, "events": letters - count.many + count.times}
    return {"records": count.records, "values": count.values, "events": None}


def _sample(letter: Letter | None, fields: Sequence[str]) -> dict[str, Any] | None:
    if letter is None:
        return None
    slugs = [slug for slug in letter.fields if slug.partition("@")[0] in fields]
    slug = next(iter(slugs or letter.fields), None)
    return {
        "id": letter.id,
        "collection": letter.collection,
        "key": letter.key,
        "item": letter.item,
        "slug": slug,
        "value": None if slug is None else letter.fields[slug]["value"],
        "words": words_of(letter.as_dict()),
    }


def words_of(letter: Mapping[str, Any]) -> str:
    """Return what was said about *letter*, as `Letter.as_dict` has it."""
    told = [problem_words(each["field"], each["message"]) for each in letter["problems"]]
    return "; ".join(told) or str(letter["message"])


def within(letter: dict[str, Any], scope: Scope | None) -> dict[str, Any]:
    """Return *letter* without what it left out of collections that are not in *scope*."""
    if scope is None or scope.whole:
        return letter
    left = [each for each in letter["left_out"] if each["collection"] in scope.collections]
    return letter | {"left_out": left}
