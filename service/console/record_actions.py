"""What can be done with one record: send its problems again, decide on its delete, undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from service.console.actions import Action, Chosen, Estimate
from service.console.query import Query
from service.console.record_words import ACTIONS
from service.operate import bulk_actions, held_deletes, undo
from service.operate.access import Caller
from service.operate.held_delete_choice import ChosenDeletes
from service.operate.list_cursor import as_cursor, parts_of
from service.operate.names import check
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.patience import patient
from service.operate.record_view import held_now, letters_now
from service.operate.selection import Selection
from service.operate.undo_scope import UndoSelection
from workers.errors import RequestRefused, UnknownName
from workers.store.held_delete import HeldDelete
from workers.store.letter import Letter

FILTERS: Final = ("since",)
_NOTED: Final = 5  # fields that are left, by name
_SHOWN: Final = 20  # values of an estimate
_AGAIN: Final = "go back, and look at the record as it is now"


def reference(collection: str, key: str) -> str:
    """Return a record as one part of a path; its key may hold slashes and dots."""
    return as_cursor(collection, key)


def record_of_reference(reference: str, who: Caller) -> tuple[str, str]:
    """
    Return collection and key of a `reference`.

    Raises:
        UnknownName: It is none, or *who* sees no such collection.
    """
    try:
        collection, key = parts_of(reference, str, str) or ("", "")
    except FilterInvalid:
        raise UnknownName(repr(reference), "a record", "search for it") from None
    check(collection, "a collection", who.scope.collections)
    return collection, key


def actions_of(parts: Parts) -> dict[str, Action]:
    """Return the actions by name; their place is ``{ref}``, a `reference`."""
    flow = _RecordActions(parts)
    made = {
        "replay": ("Send again", "Send its values again", flow.replay_estimate, flow.replay),
        "undo": ("Undo", "Undo changes of this record", flow.undo_estimate, flow.undo),
        "approve": ("Approve", "Approve its delete", flow.delete_estimate("approve"), flow.approve),
        "drop": ("Keep the item", "Drop its delete", flow.delete_estimate("drop"), flow.drop),
    }
    return {
        name: Action(
            "records",
            name,
            label,
            title,
            estimate,
            start,
            final=name == "approve",
            of_rows=False,
            back="back",
        )
        for name, (label, title, estimate, start) in made.items()
    }


@dataclass(frozen=True, slots=True)
class _RecordActions:
    parts: Parts

    # its problems ---------------------------------------------------------------------------

    def replay_estimate(self, who: Caller, chosen: Chosen) -> Estimate:
        letters = self._letters(who, chosen)
        if not letters:
            return Estimate(0, "problem")
        found = bulk_actions.estimate(self.parts.context, "replay", _selection(who, letters))
        figures = {"key": record_of_reference(chosen.place["ref"], who)[1]}
        figures |= {name: found[name] for name in ("records", "values", "oldest") if found[name]}
        notes = [
            f"{each['letters']} cannot be sent again: {each['why']}" for each in found["cannot"]
        ]
        samples = [*islice(_samples(letters), _SHOWN)]
        return Estimate(found["letters"], "problem", figures, samples, found["held"], notes)

    def replay(self, who: Caller, chosen: Chosen) -> str:
        letters = self._letters(who, chosen)
        if not letters:
            raise RequestRefused("no problem that is open", "one, to send it again", _AGAIN)
        selection = _selection(who, letters)
        return bulk_actions.start(self.parts.context, "replay", selection, who.name)

    def _letters(self, who: Caller, chosen: Chosen) -> Sequence[Letter]:
        """Return those of the letters that were shown which are open still."""
        place = record_of_reference(chosen.place["ref"], who)
        found = letters_now(self.parts.context, *place, who.scope)
        return [each for each in found if not chosen.ids or each.id in chosen.ids]

    # undo -----------------------------------------------------------------------------------

    def undo_estimate(self, who: Caller, chosen: Chosen) -> Estimate:
        found = undo.estimate(self.parts.context, _undone(who, chosen), sleep=patient())
        if found["unseen"]:
            expected = "a free request, to read what its item holds"
            raise RequestRefused(
                "the budget of the CMS, which is used up", expected, "try it again"
            )
        left = [*_left(found["kept"])]
        if found["left"] > found["fields"] == 0:
            raise RequestRefused(
                "; ".join(left), "a value that can be put back", "correct it at its source instead"
            )
        if found["whole_since"]:
            left.append(f"Of what was written before {found['whole_since']} a part is kept")
        figures = {"key": record_of_reference(chosen.place["ref"], who)[1]}
        figures |= {name: found[name] for name in ("same", "left") if found[name]}
        samples = [
            {"Field": each["field"], "In the CMS now": each["now"], "Put back": each["back"]}
            for each in found["changes"]
        ]
        return Estimate(found["fields"], "field", figures, samples, notes=left)

    def undo(self, who: Caller, chosen: Chosen) -> str:
        # Who confirms has seen each field: what of a small collection is a mass is approved.
        return undo.start(
            self.parts.context, _undone(who, chosen), who.name, approved=True, sleep=patient()
        )

    # its delete -----------------------------------------------------------------------------

    def delete_estimate(
        self, action: Literal["approve", "drop"]
    ) -> Callable[[Caller, Chosen], Estimate]:
        def estimate(who: Caller, chosen: Chosen) -> Estimate:
            held = self._held(who, chosen)
            figures = {"key": held.key, "source": held.source, "since": held.since.isoformat()}
            done = ACTIONS.get(held.action, held.action)
            note = f"The item will be {done}: its source says that the record is gone"
            if action == "drop":
                note = "The item stays. It is not asked again until the record was seen to exist"
            return Estimate(1, "pending delete", figures, notes=[note])

        return estimate

    def approve(self, who: Caller, chosen: Chosen) -> str:
        return self._decide("approve", who, chosen)

    def drop(self, who: Caller, chosen: Chosen) -> str:
        return self._decide("drop", who, chosen)

    def _decide(self, action: Literal["approve", "drop"], who: Caller, chosen: Chosen) -> str:
        held = self._held(who, chosen)
        deletes = ChosenDeletes([(held.arrival, held.collection)])
        return held_deletes.start(self.parts.context, action, deletes, who.name)

    def _held(self, who: Caller, chosen: Chosen) -> HeldDelete:
        """Return the delete that was shown; another may have taken its place."""
        held = held_now(self.parts.context, *record_of_reference(chosen.place["ref"], who))
        if held is None or (chosen.ids and held.id not in chosen.ids):
            raise RequestRefused("no such delete that waits", "the one that was shown", _AGAIN)
        return held


def _selection(who: Caller, letters: Sequence[Letter]) -> Selection:
    return Selection(ids=tuple(each.id for each in letters), scope=who.scope)


def _samples(letters: Sequence[Letter]) -> Iterator[Mapping[str, Any]]:
    """Yield the values that would be sent again; those of an event are not known before."""
    for each in letters:
        for slug, held in each.fields.items():
            yield {"Field": slug, "Value": held["value"], "It was refused with": each.message}


def _undone(who: Caller, chosen: Chosen) -> UndoSelection:
    collection, key = record_of_reference(chosen.place["ref"], who)
    since = Query(chosen.filters).since()
    return UndoSelection(since=since, collection=collection, key=key, scope=who.scope)


def _left(kept: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield which fields are left, and why."""
    for each in kept[:_NOTED]:
        yield f"{each['field']} is left: {each['why']}"
    if len(kept) > _NOTED:
        yield f"{len(kept) - _NOTED} more fields are left"
