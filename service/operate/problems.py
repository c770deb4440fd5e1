"""Problems: open dead letters by cause, and the letters themselves."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.operate.bulk_actions import estimate as estimate
from service.operate.bulk_actions import start as start
from service.operate.letter_actions import stands_for
from service.operate.page import Page
from service.operate.problem_filter import ProblemFilter, listed_problems
from service.operate.remedies import Remedy, of_group, remedy
from service.operate.scope import Scope
from service.operate.selection import (
    READ,
    Selection,
    begun,
    check_selection,
    following,
    is_seen,
)
from service.operate.selection import UnknownGroup as UnknownGroup
from service.operate.selection import letters_of as letters_of
from workers.delivery.context import Context
from workers.model.problem_words import problem_words
from workers.store.dead_letters import Letter
from workers.store.problem_groups import Group, Listed

LIMIT: Final = 50
GROUPED: Final = 200  # letters grouped before a list, at most; the sweeper groups the others
SCANNED: Final = 1000  # letters read for one page of a list with filters


_ALL: Final = Selection()


@dataclass(frozen=True, slots=True)
class ProblemPage(Page):
    """
    A page of problems.

    Args:
        problems: That match, on all pages.
        letters: Their letters.
        ignored: Problems that match but for their state, and are ignored.
    """

    problems: int = 0
    letters: int = 0
    ignored: int = 0


def list_problems(
    context: Context,
    *,
    state: str | None = None,
    source: str | None = None,
    collection: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    text: str | None = None,
    scope: Scope | None = None,
    cursor: str | None = None,
    limit: int = LIMIT,
) -> ProblemPage:
    """
    Return groups of open letters, largest first.

    Each is ``{id, kind, collection, source, fields, status, code, title, letters, since, newest,
    example, state, by, at, do}``; *letters*: those opened since *since*, if that is given.

    Args:
        cursor: As an earlier call returned it.
        state, source, collection, kind, since, text, scope: As of `ProblemFilter`.

    Raises:
        FilterInvalid: There is no such state, kind, collection or source, or the cursor is no
            cursor.
        StoreUnavailable: The store does not answer.
    """
    context.problems.group(GROUPED)
    chosen = ProblemFilter(state, source, collection, kind, since, text, scope)
    listed = listed_problems(context, chosen)
    every = [each for each in listed if chosen.is_of_state(each)]
    groups = every
    if cursor is not None:
        letters, last = begun(cursor)
        groups = [each for each in every if each.place > (-letters, last)]
    page = groups[:limit]
    following = f"{page[-1].letters}-{page[-1].id}" if len(groups) > limit and page else None
    return ProblemPage(
        show_listed(context, page),
        following,
        problems=len(every),
        letters=sum(each.letters for each in every),
        ignored=sum(each.state == "ignored" for each in listed),
    )


def newest_problems(
    context: Context, scope: Scope, since: datetime, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """
    Return open problems as `list_problems` does, and how many there are.

    Those whose first letter was opened after *since* come first, then the others, each the largest
    first. Raises StoreUnavailable if the store does not answer.
    """
    context.problems.group(GROUPED)
    groups = [
        each
        for each in context.problems.listed()
        if each.state == "open" and is_seen(scope, each.collection, each.source)
    ]
    begins = since.timestamp() * 1000
    groups.sort(key=lambda each: (each.since < begins, each.place))
    return show_listed(context, groups[:limit]), len(groups)


def show_listed(context: Context, chosen: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return *chosen* as `list_problems` does, with the letters that each was listed with."""
    counts = {each.id: each.letters for each in chosen}
    found = context.problems.show_all(list(counts))
    return [_shown(each) | {"letters": counts[each.id]} for each in found]


def show_problem(context: Context, group: str) -> dict[str, Any] | None:
    """Return one group as `list_problems` does; None: it has no open letters."""
    context.problems.group(GROUPED)
    found = context.problems.show(group)
    return _shown(found) if found else None


def show_problems(context: Context, groups: Sequence[str]) -> list[dict[str, Any]]:
    """Return those of *groups* that there are, as `list_problems` does, in their order."""
    return [_shown(each) for each in context.problems.show_all(groups)]


def _shown(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "kind": group.kind,
        "collection": group.collection,
        "source": group.source,
        "fields": list(group.fields),
        "status": group.status,
        "code": group.code,
        "title": group.title,
        "letters": group.letters,
        "since": group.since.isoformat() if group.since else None,
        "newest": group.newest.isoformat() if group.newest else None,
        "example": group.example,
        "state": group.state,
        "by": group.by,
        "at": group.at.isoformat() if group.at else None,
        "do": of_group(group.kind, group.title, group.fields, group.id),
    }


def list_letters(
    context: Context,
    selection: Selection = _ALL,
    *,
    cursor: str | None = None,
    limit: int = LIMIT,
) -> Page:
    """
    Return open letters, oldest first, each as `Letter.as_dict` has it.

    A page with filters may have fewer letters than *limit* although it is not the last: no more
    than `SCANNED` letters are read for it.

    Raises:
        UnknownGroup: There is no such group.
        FilterInvalid: There is no such collection or source, or the cursor is no cursor.
        StoreUnavailable: The store does not answer.
    """
    last = None if cursor is None else begun(cursor)
    check_selection(context, selection)
    items: list[dict[str, Any]] = []
    read, most = 0, SCANNED if selection.filters else limit
    while len(items) < limit and read < most:
        count = min(READ, most - read)
        part = following(context, selection, last, count)
        letters = {letter.id: letter for letter in _open(context, part)}
        for place in part:
            last, read = place, read + 1
            letter = letters.get(place[1])
            if letter is not None and selection.takes(letter):
                items.append(letter.as_dict())
                if len(items) == limit:
                    break
        if len(part) < count and (not part or last == part[-1]):
            return Page(items)
    more = last is not None and following(context, selection, last, 1)
    return Page(items, f"{last[0]}-{last[1]}" if last and more else None)


def _open(context: Context, part: Sequence[tuple[int, str]]) -> Iterator[Letter]:
    for letter in context.letters.read([id for _, id in part]):
        if letter.state == "open":
            yield letter


def show_letter(context: Context, id: str) -> dict[str, Any] | None:
    """
    Return one letter, open or closed, with what to do, and for an event its body; None: there is
    none.
    """
    letter = context.letters.show(id)
    if letter is None:
        return None
    if letter.group is None and letter.state == "open":
        context.problems.group(GROUPED)
        letter = context.letters.show(id) or letter
    found = letter.as_dict() | {"do": None}
    if letter.state == "open":
        found["do"] = do_about(letter)
    if letter.kind == "unmapped":
        found["body"] = letter.body.decode("utf-8", "replace")
    return found


def do_about(letter: Letter) -> Remedy:
    """Return what to do about one letter."""
    if letter.stands_for_many:
        return Remedy(stands_for(letter).partition(": ")[2], "discard", letter.id)
    told = [problem_words(each["field"], each["message"]) for each in letter.problems]
    fields = [*letter.fields, *(each["field"] for each in letter.problems)]
    return remedy(letter.kind, "; ".join(told) or letter.message, fields, target=letter.id)


def export_letters(context: Context, selection: Selection) -> Iterator[dict[str, Any]]:
    """
    Yield the letters of *selection* whole, oldest first: as `Letter.as_dict`, with their headers
    and bodies; ``body_base64`` where a body is no text.

    Raises:
        UnknownGroup: There is no such group.
        StoreUnavailable: The store does not answer.
    """
    for letter in letters_of(context, selection):
        found = letter.as_dict()
        if letter.raw is not None and (whole := context.letters.show(letter.id)):
            found |= {"headers": dict(whole.headers), **_body(whole.body)}
        yield found


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
