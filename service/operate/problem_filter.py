"""Which problems are meant, and the letters of them that an action is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from service.operate.selection import Selection, check_names, is_seen
from workers.delivery.context import Context
from workers.store.dead_letters import KINDS
from workers.store.problem_groups import STATES, Listed


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """
    What selects problems; None: everything.

    Args:
        state: "open", "seen" or "ignored"; None: all but the ignored ones.
        since: Only those with letters opened since, of which these count.
        text: Part of the words of the cause, its fields, its code, its names or its id, in any
            case.
        scope: What may be seen.
    """

    state: str | None = None
    source: str | None = None
    collection: str | None = None
    kind: str | None = None
    since: datetime | None = None
    text: str | None = None
    scope: Scope | None = None

    def takes(self, group: Listed) -> bool:
        """Whether it selects *group*, but for its state and text."""
        return (
            self.source in (None, group.source)
            and self.collection in (None, group.collection)
            and self.kind in (None, group.kind)
            and is_seen(self.scope, group.collection, group.source)
        )

    def is_of_state(self, group: Listed) -> bool:
        return group.state != "ignored" if self.state is None else group.state == self.state


def listed_problems(context: Context, chosen: ProblemFilter) -> Sequence[Listed]:
    """
    Return the problems that *chosen* selects, in any state, the largest first.

    Raises:
        FilterInvalid: There is no such state, kind, collection or source.
        StoreUnavailable: The store does not answer.
    """
    for what, value, known in (("state", chosen.state, STATES), ("kind", chosen.kind, KINDS)):
        if value is not None and value not in known:
            raise FilterInvalid(repr(value), f"one of {', '.join(known)}", f"correct the {what}")
    check_names(context, chosen.collection, chosen.source)
    found = [each for each in context.problems.listed(chosen.since) if chosen.takes(each)]
    if chosen.text is None:
        return found
    words = context.problems.words([each.id for each in found])
    text = chosen.text.casefold()
    return [each for each in found if text in _searched(each, words[each.id])]


def _searched(group: Listed, words: str) -> str:
    names = (group.id, group.kind, group.collection or "", group.source or "", words)
    return "\n".join(names).casefold()


def letters_of_problems(context: Context, ids: Sequence[str], chosen: ProblemFilter) -> Selection:
    """
    Return the letters of the problems *ids*, else of all that *chosen* selects.

    Those of *ids* that may not be seen, or have no open letters any more, are left out. Raises as
    `listed_problems` does.
    """
    if ids:
        groups = listed_problems(context, ProblemFilter(scope=chosen.scope))
        named = frozenset(ids)
        own = [each.id for each in groups if each.id in named]
        return Selection(groups=tuple(own), scope=chosen.scope)
    groups = [each for each in listed_problems(context, chosen) if chosen.is_of_state(each)]
    return Selection(
        groups=tuple(each.id for each in groups), since=chosen.since, scope=chosen.scope
    )
