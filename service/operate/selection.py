"""Which dead letters an action is for: a group, ids, or all that filters select."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from workers.delivery.context import Context
from workers.store.dead_letters import Letter

READ: Final = 200  # letters per round trip


class UnknownGroup(LookupError):
    """There is no group of this id with open letters."""


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What is named; of several, what all of them select. Nothing named: all open letters.

    Args:
        ids: Also closed letters, of which an action then says that they are.
        groups: Of several problems; one that has no open letters adds none. Not with *ids*, and
            not for a list; None: of all.
        since: Opened at this time or later.
        scope: What may be seen; None: everything.
    """

    group: str | None = None
    ids: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    kind: str | None = None
    collection: str | None = None
    source: str | None = None
    since: datetime | None = None
    scope: Scope | None = None

    @property
    def filters(self) -> bool:
        """Whether letters must be read to choose among them."""
        whole = self.scope is None or self.scope.whole
        return not whole or any((self.kind, self.collection, self.source, self.since))

    def takes(self, letter: Letter) -> bool:
        """Whether the filters select *letter*."""
        return (
            self.kind in (None, letter.kind)
            and self.collection in (None, letter.collection)
            and self.source in (None, letter.source)
            and (self.since is None or letter.created >= self.since)
            and is_seen(self.scope, letter.collection, letter.source)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what is named, ready for JSON; of ids only how many."""
        named = {
            "group": self.group,
            "ids": len(self.ids) or None,
            "groups": None if self.groups is None else len(self.groups),
            "kind": self.kind,
            "collection": self.collection,
            "source": self.source,
            "since": self.since.isoformat() if self.since else None,
        }
        return {name: value for name, value in named.items() if value is not None}


def is_seen(scope: Scope | None, collection: str | None, source: str | None) -> bool:
    """Tell whether *scope* holds a letter of *collection*, or without one, of *source*."""
    if scope is None or scope.whole:
        return True
    return collection in scope.collections if collection else source in scope.sources


def may_change(scope: Scope | None, letter: Letter) -> bool:
    """Tell whether an action on *letter* changes nothing that is out of *scope*."""
    if scope is None or scope.whole or letter.kind != "unmapped":
        return True
    # Its event is mapped for all collections of its source, and what it left out is of all.
    return letter.source not in scope.shared


def check_names(context: Context, collection: str | None, source: str | None) -> None:
    """
    Raise FilterInvalid for a name that is neither configured nor of any open letter.

    Letters outlive the configuration: one that was removed may still have some.
    """
    asked = (
        ("collection", collection, context.settings.collections),
        ("source", source, context.settings.all_sources),
    )
    for what, name, known in asked:
        if name is None or name in known:
            continue
        if not any(getattr(group, what) == name for group in context.problems.listed()):
            names = ", ".join(sorted(known)) or "none is configured"
            raise FilterInvalid(repr(name), f"a {what}: {names}", "use one of them")


def begun(cursor: str) -> tuple[int, str]:
    """
    Return number and id of *cursor*.

    Raises:
        FilterInvalid: It is no cursor of a list of problems or letters.
    """
    number, dash, id = cursor.partition("-")
    if not (dash and id and number.isascii() and number.isdigit()):
        raise FilterInvalid(repr(cursor), "`next` of the page before", "use it as it came")
    return int(number), id


def candidates(context: Context, selection: Selection) -> Sequence[tuple[int, str]]:
    """
    Return the letters among which the filters choose, oldest first: ms at which each was opened,
    and its id. An id that there is not has 0.

    Raises:
        UnknownGroup: There is no such group.
        FilterInvalid: There is no such collection or source.
        StoreUnavailable: The store does not answer.
    """
    check_selection(context, selection)
    if selection.groups is not None:
        return sorted(each for group in selection.groups for each in context.letters.since(group))
    if not selection.ids:
        return context.letters.since(selection.group)
    ids = tuple(dict.fromkeys(selection.ids))
    opened = {each.id: _ms(each.created) for each in context.letters.read(ids)}
    return [(opened.get(id, 0), id) for id in ids]


def check_selection(context: Context, selection: Selection) -> None:
    """Raise as `candidates` does."""
    check_names(context, selection.collection, selection.source)
    if selection.ids or selection.group is None:
        return
    if not context.letters.after(None, 1, selection.group) and context.problems.ungrouped():
        # Of a new letter, or the first look at the store of an older release.
        context.problems.group(context.letters.count())
    if not context.letters.after(None, 1, selection.group):
        raise UnknownGroup(selection.group)


def following(
    context: Context, selection: Selection, place: tuple[int, str] | None, count: int
) -> Sequence[tuple[int, str]]:
    """Return *count* of the `candidates` behind *place*."""
    if not selection.ids:
        return context.letters.after(place, count, selection.group)
    found = sorted(candidates(context, selection))
    return [each for each in found if place is None or each > place][:count]


def letters_of(
    context: Context, selection: Selection, *, closed_too: bool = False, heads: bool = False
) -> Iterator[Letter]:
    """
    Yield the letters that *selection* names; raises as `candidates` does.

    Args:
        closed_too: Before the open ones the closed ones that are kept.
        heads: As `DeadLetters.heads` reads the open ones.
    """
    if closed_too:
        for letter in context.letters.closed():
            group = selection.group in (None, letter.group)
            if group and selection.takes(letter):
                yield letter
    found = candidates(context, selection)
    read = context.letters.heads if heads else context.letters.read
    for start in range(0, len(found), READ):
        for letter in read([id for _, id in found[start : start + READ]]):
            if selection.takes(letter) and (selection.ids or letter.state == "open"):
                yield letter


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
