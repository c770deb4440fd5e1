"""
One action for all dead letters that match: an estimate, and a run (``bulk_runner.py``).

What a run is for is fixed as it starts: ids of letters. A letter that is opened later, or anew, is
not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal

from service.operate.letter_actions import obstacle
from service.operate.run_mass import Mass, Wanted, mass_of
from service.operate.selection import (
    Selection,
    UnknownGroup,
    candidates,
    letters_of,
    may_change,
)
from workers.delivery.context import Context
from workers.policy.run_guard import OVERWRITTEN
from workers.store.audit import Audited
from workers.store.dead_letters import Letter
from workers.store.problem_groups import State
from workers.store.runs import WAKE

Change = Literal["replay", "discard", "seen", "ignore", "open"]

DONE: Final[Mapping[str, str]] = {"replay": "replayed", "discard": "discarded"}
STATE: Final[Mapping[str, State]] = {"seen": "seen", "ignore": "ignored", "open": "open"}
SHARED: Final = "its source feeds destinations too that this access does not see"
NAMED: Final = 10  # problems that an entry of the audit list names
REASONS: Final = 20  # distinct reasons that a run keeps


def estimate(context: Context, action: Change, selection: Selection) -> dict[str, Any]:
    """
    Return what *action* would be for, and change nothing.

    ``{action, letters, records, values, oldest, newest, cannot: [{why, letters}], unknown: [id],
    held: {collection: why}}``; *cannot*: letters that are left, of which those that *selection*
    may not change are no part of *letters*, as in the run; *values*: field values, as far as known;
    *held*: as of a mass (``run_mass.py``).

    Raises:
        UnknownGroup: There is no such group.
        StoreUnavailable: The store does not answer.
    """
    tally = _Tally(action, selection)
    for letter in letters_of(context, selection, heads=True):
        tally.add(letter)
    return tally.figures() | {"held": mass_of(context, tally.wanted()).why}


class _Tally:
    def __init__(self, action: Change, selection: Selection) -> None:
        self._action = action
        self._selection = selection
        self._records: set[tuple[str | None, ...]] = set()
        self._written: dict[str, set[str | None]] = {}  # collection → items that a replay writes
        self._seen: set[str] = set()
        self._cannot: Counter[str] = Counter()
        self._letters: list[Letter] = []
        self._values = 0

    def add(self, letter: Letter) -> None:
        self._seen.add(letter.id)
        if self._action in DONE and not may_change(self._selection.scope, letter):
            self._cannot[SHARED] += 1
            return
        self._letters.append(letter)
        if letter.collection and (letter.key or letter.item):
            self._records.add((letter.collection, letter.key or letter.item))
        for left in letter.left_out:
            self._records.add((left["collection"], left["key"]))
        self._values += letter.values + len(letter.left_out)
        if self._action == "replay" and (reason := obstacle(letter)):
            self._cannot[reason] += 1
        elif self._action == "replay" and letter.collection and letter.values:
            self._written.setdefault(letter.collection, set()).add(letter.key or letter.item)

    def wanted(self) -> Wanted:
        """
        Return how many items a replay would overwrite, as far as known.

        Each of which a letter holds values counts, whatever the CMS has of it. What an event that
        is mapped again gives is not known.
        """
        return {name: {OVERWRITTEN: len(items)} for name, items in self._written.items()}

    def figures(self) -> dict[str, Any]:
        moments = [letter.created for letter in self._letters]
        return {
            "action": self._action,
            "letters": len(self._letters),
            "records": len(self._records),
            "values": self._values,
            "oldest": min(moments).isoformat() if moments else None,
            "newest": max(moments).isoformat() if moments else None,
            "cannot": [{"why": why, "letters": n} for why, n in self._cannot.most_common(REASONS)],
            "unknown": [id for id in self._selection.ids if id not in self._seen],
        }


def start(
    context: Context,
    action: Change,
    selection: Selection,
    by: str,
    *,
    approved: bool = False,
    proposed: str = "",
    wake: bool = True,
) -> str:
    """
    Begin *action*, and return the id of its run; a worker carries it out.

    Marking a group is done at once, and its run has ended. The replay of a mass is held.

    Args:
        by: Who asks for it, as in the audit list.
        approved: By an operator: a mass is not held.
        proposed: Why it is only proposed (`Runs.start`); not for marking a group.
        wake: Ask for a worker; without, the caller goes on with `Carrier`.

    Raises:
        UnknownGroup: There is no such group.
        StoreUnavailable: The store does not answer.
    """
    if action in STATE:
        return _mark(context, action, selection, by)
    found = candidates(context, selection)
    begun = figures(action, letters=len(found))
    if selection.filters:
        taken = [*letters_of(context, selection, heads=True)]
        own = {letter.id for letter in taken if may_change(selection.scope, letter)}
        found = [(ms, id) for ms, id in found if id in own]
        begun = figures(action, letters=len(found), shared=len(taken) - len(own))
    mass = Mass() if approved else _mass(context, action, selection)
    group = context.problems.show(selection.group) if selection.group else None
    id = context.runs.start(
        action,
        by,
        collection=selection.collection or (group.collection if group else None),
        source=selection.source or (group.source if group else None),
        figures=begun | mass.figures,
        about={
            "selection": selection.as_dict(),
            # What is opened anew while it goes on is none of its own any more.
            "until": max((ms for ms, _ in found), default=0),
            "named": bool(selection.ids),
        },
        work=[id for _, id in found],
        ended=not found,
        waits=mass.words,
        proposed=proposed,
        audited=_audited(proposing(action, proposed), selection, letters=len(found)),
    )
    if found and wake and not (mass.words or proposed) and context.outbox.wants_job(WAKE):
        context.wakes.wake(WAKE)
    return id


def _mass(context: Context, action: Change, selection: Selection) -> Mass:
    """Return what of *action* has to be approved."""
    if action != "replay":
        return Mass()
    tally = _Tally(action, selection)
    for letter in letters_of(context, selection, heads=True):
        tally.add(letter)
    return mass_of(context, tally.wanted())


def figures(action: Change, letters: int, shared: int = 0) -> dict[str, Any]:
    """Return the figures of a run that begins; *shared*: letters that it leaves (`may_change`)."""
    left = {"left": shared, "reasons": {SHARED: shared} if shared else {}}
    return {"letters": letters, "done": 0, DONE[action]: 0, "closed": 0, **left}


def _mark(context: Context, action: Change, selection: Selection, by: str) -> str:
    """Mark the groups of *selection*; without a group, all that its letters are in."""
    if selection.group is not None:
        groups = [selection.group]
    elif selection.groups is not None:
        groups = [*selection.groups]
    else:
        found = (letter.group for letter in letters_of(context, selection))
        groups = [group for group in dict.fromkeys(found) if group]
    marked = sum(context.problems.mark(group, STATE[action], by) for group in groups)
    if selection.group is not None and not marked:
        raise UnknownGroup(selection.group)
    about = {"selection": selection.as_dict()}
    return context.runs.start(
        action,
        by,
        figures={"groups": marked},
        about=about,
        ended=True,
        audited=_audited(action, selection, groups=marked),
    )


def proposing(action: str, proposed: str) -> str:
    """Return *action* as the audit list names it: what is only proposed is not done."""
    return f"propose {action}" if proposed else action


def _audited(action: str, selection: Selection, **told: Any) -> Audited:
    chosen = {name: value for name, value in selection.as_dict().items() if name != "group"}
    return Audited(action, _target(selection), {**chosen, **told})


def _target(selection: Selection) -> str:
    if selection.groups is None:
        return selection.group or ", ".join(selection.ids) or "all dead letters"
    if len(selection.groups) > NAMED:
        return f"{len(selection.groups):,} problems"
    return ", ".join(selection.groups) or "no problem"
