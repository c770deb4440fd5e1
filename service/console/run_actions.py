"""Deciding on held runs, and undoing what a run or a source has written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from service.console.actions import Action, Chosen, Estimate
from service.console.error_pages import missing
from service.console.proposals import proposal_estimate
from service.console.query import Query
from service.console.run_words import is_final
from service.console.undo_estimate import undo_estimate
from service.operate import names
from service.operate import undo as undoing
from service.operate.access import Caller
from service.operate.held_runs import approve_run, drop_run, shows_items
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.patience import patient
from service.operate.run_list import show_run
from service.operate.undo_scope import UndoSelection
from workers.delivery.context import Context
from workers.errors import RequestRefused
from workers.model.runs import COMPARISONS

OF_RUN: Final = ("up_to",)  # filters of the actions on one run
OF_SOURCE: Final = ("source", "since")


def run_of(context: Context, who: Caller, id: str) -> dict[str, Any]:
    """Return a run; raises the answer 404 if there is none that *who* may see."""
    found = show_run(context, id, scope=who.scope, by=who.name)
    if found is None:
        raise missing(id, "a run that is kept: the newest 500", "see the list of runs")
    return found


class RunActions:
    """The actions on one run (`of_run`), and the undo of a source (`of_list`)."""

    def __init__(self, parts: Parts) -> None:
        self._context, self._configuration = parts.context, parts.configuration
        self.approve = self._approving("approve", final=False)
        # Of a proposal of what cannot be taken back.
        self.approve_final = self._approving("approve_final", final=True)
        one: dict[str, Any] = {"of_rows": False, "back": "run"}
        self.drop = Action(
            "runs", "drop", "Drop", "Drop a held run", self._dropping, self._drop, **one
        )
        self.undo = Action(
            "runs", "undo", "Undo this run", "Undo a run", self._undoing, self._undo, **one
        )
        self.undo_source = Action(
            "runs",
            "undo_source",
            "Undo",
            "Undo what a source wrote",
            self._undoing,
            self._undo,
            of_rows=False,
            fix=_with_time,
        )
        self.of_run: Sequence[Action] = (self.approve, self.approve_final, self.drop, self.undo)
        self.of_list: Sequence[Action] = (self.undo_source,)

    def _approving(self, name: str, *, final: bool) -> Action:
        def estimate(who: Caller, chosen: Chosen) -> Estimate:
            found = self._approve(who, chosen, final=final, dry_run=True)
            if "proposal" in found:
                return proposal_estimate(found["proposal"])
            return self._approval(who, found)

        def start(who: Caller, chosen: Chosen) -> str:
            self._approve(who, chosen, final=final, dry_run=False)
            return chosen.place["id"]

        return Action(
            "runs", name, "Approve", "Approve a run", estimate, start, final, False, "run"
        )

    def _approve(
        self, who: Caller, chosen: Chosen, *, final: bool, dry_run: bool
    ) -> dict[str, Any]:
        id = chosen.place["id"]
        if is_final(run_of(self._context, who, id)) is not final:
            raise RequestRefused("the form of another run", "that of its page", "begin there again")
        return approve_run(
            self._context,
            id,
            by=who.name,
            scope=who.scope,
            up_to=_limit(chosen),
            dry_run=dry_run,
            configuration=self._configuration,
        )

    def _approval(self, who: Caller, found: Mapping[str, Any]) -> Estimate:
        kind = run_of(self._context, who, found["run"])["kind"]
        figures = {"created": found["created"], "overwritten": found["overwritten"]}
        figures |= {"left": found["left"]} if found["left"] else {}
        notes = [_goes_on(found, kind, named=shows_items(self._context, found))]
        return Estimate(found["created"] + found["overwritten"], "item", figures, notes=notes)

    def _dropping(self, who: Caller, chosen: Chosen) -> Estimate:
        id = chosen.place["id"]
        drop_run(self._context, id, by=who.name, scope=who.scope, dry_run=True)
        note = (
            "Nothing of what it is held for is done. A later run that finds the same is held again."
        )
        return Estimate(1, "run", notes=[note])

    def _drop(self, who: Caller, chosen: Chosen) -> str:
        id = chosen.place["id"]
        drop_run(self._context, id, by=who.name, scope=who.scope)
        return id

    def _undoing(self, who: Caller, chosen: Chosen) -> Estimate:
        selection = self._selection(who, chosen)
        found = undoing.estimate(self._context, selection, sleep=patient())
        return undo_estimate(found)

    def _undo(self, who: Caller, chosen: Chosen) -> str:
        selection = self._selection(who, chosen)
        return undoing.start(self._context, selection, who.name, sleep=patient())

    def _selection(self, who: Caller, chosen: Chosen) -> UndoSelection:
        """Return what is to be undone; raises what the page answers if it may not be seen."""
        if "id" in chosen.place:
            id = run_of(self._context, who, chosen.place["id"])["id"]
            return UndoSelection(run=id, scope=who.scope)
        asked = Query(chosen.filters)
        source, since = asked.text("source"), asked.since()
        if source is None or since is None:
            raise FilterInvalid("no source, or no time", "both", "go back, and name them")
        names.check(source, "a source", who.scope.sources)
        return UndoSelection(source=source, since=since, scope=who.scope)


def _with_time(chosen: Chosen) -> Chosen:
    since = Query(chosen.filters).since()
    if since is None:
        return chosen
    return replace(chosen, filters={**chosen.filters, "since": since.isoformat()})


def _limit(chosen: Chosen) -> int | None:
    text = chosen.filters.get("up_to")
    if text is None:
        return None
    plain = text.replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 9):
        raise FilterInvalid(f"up to {text!r}", "a whole number, such as 50", "go back, correct it")
    return int(plain)


def _goes_on(found: Mapping[str, Any], kind: str, *, named: bool) -> str:
    if kind not in COMPARISONS:
        return "A worker goes on with it at once."
    goes = (
        "The schedule starts the reconcile again at once"
        if found["starts"]
        else "Then run the same reconcile again"
    )
    if named:
        return f"{goes}; it does what was shown, as far as that is still the same."
    return f"{goes}; it may change so many items, of whichever: too many to keep which ones."
