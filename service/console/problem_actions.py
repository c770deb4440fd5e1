"""What can be done about problems: send again, discard, mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from flask import flash

from service.console.actions import Action, Chosen, Estimate
from service.console.plurals import many
from service.console.query import Query
from service.operate import problems
from service.operate.access import Caller
from service.operate.bulk_actions import Change
from service.operate.problem_details import words_of
from service.operate.problem_filter import ProblemFilter, letters_of_problems
from service.operate.scope import Scope
from service.operate.selection import Selection, UnknownGroup, is_seen
from workers.delivery.context import Context
from workers.errors import RequestRefused, UnknownName

SAMPLES: Final = 5  # rows of the page of an estimate
Choose = Callable[[Caller, Chosen], Selection]

_MARKS: Final[tuple[tuple[Change, str, str], ...]] = (
    ("seen", "Mark as seen", "Mark problems as seen"),
    ("ignore", "Ignore", "Ignore problems"),
    ("open", "Open again", "Open problems again"),
)
_MARKED: Final = {"seen": "marked as seen", "ignore": "ignored from now on", "open": "open again"}
_EXPECTED: Final = ("a problem with open failures", "see the list of problems")
_NOTHING: Final = ("no problem that matches", *_EXPECTED)


def problem_actions(
    context: Context, filter_of: Callable[[Query, Scope], ProblemFilter], filters: Sequence[str]
) -> Sequence[Action]:
    """Return the actions on problems of the list, which has these *filters*."""

    def choose(who: Caller, chosen: Chosen) -> Selection:
        asked = Query(chosen.filters)
        return letters_of_problems(context, chosen.ids, filter_of(asked, who.scope))

    made, kept = _Letters(context, choose), {"kept": filters}
    return [
        made.action("replay", "replay", "Send again", "Send failures again", **kept),
        *(made.mark(change, change, label, title, **kept) for change, label, title in _MARKS),
        made.action("discard", "discard", "Discard", "Discard failures", **kept),
    ]


def whole_actions(context: Context) -> Sequence[Action]:
    """Return the actions on the one problem that the route names."""

    def choose(who: Caller, chosen: Chosen) -> Selection:
        return Selection(group=chosen.place["group"], scope=who.scope)

    made, one = _Letters(context, choose), {"of_rows": False, "back": "problem"}
    return [
        made.action("replay", "replay-all", "Send all again", "Send the problem again", **one),
        made.action("discard", "discard-all", "Discard all", "Discard the problem", **one),
        *(
            made.mark(change, f"mark-{change}", label, title, **one)
            for change, label, title in _MARKS
        ),
    ]


def failure_actions(context: Context) -> Sequence[Action]:
    """Return the actions on failures of the one problem that the route names."""

    def choose(who: Caller, chosen: Chosen) -> Selection:
        if chosen.ids:
            return Selection(ids=chosen.ids, scope=who.scope)
        since = Query(chosen.filters).since()
        return Selection(group=chosen.place["group"], since=since, scope=who.scope)

    made, one = _Letters(context, choose), {"back": "problem", "kept": ("since",)}
    return [
        made.action("replay", "replay-failures", "Send again", "Send failures again", **one),
        made.action("discard", "discard-failures", "Discard", "Discard failures", **one),
    ]


class _Letters:
    """
    Makes actions.

    Args:
        choose: Returns the letters that one is for; raises FilterInvalid and UnknownName.
    """

    def __init__(self, context: Context, choose: Choose) -> None:
        self._context, self._choose = context, choose

    def action(self, change: Change, name: str, label: str, title: str, **options: Any) -> Action:
        def estimate(who: Caller, chosen: Chosen) -> Estimate:
            selection = self._selection(who, chosen)
            with _known(selection):
                found = problems.estimate(self._context, change, selection)
            return _estimate(found, self._samples(selection))

        final = change == "discard"
        start = self._start(change)
        return Action("problems", name, label, title, estimate, start, final=final, **options)

    def mark(self, change: Change, name: str, label: str, title: str, **options: Any) -> Action:
        def estimate(who: Caller, chosen: Chosen) -> Estimate:
            return Estimate(len(self._selection(who, chosen).groups or (1,)), "problem")

        start = self._start(change)

        def mark(who: Caller, chosen: Chosen) -> str:
            run = start(who, chosen)
            flash(self._marked(run, change))
            return run

        return Action("problems", name, label, title, estimate, mark, at_once=True, **options)

    def _marked(self, run: str, change: Change) -> str:
        """Return what the *run* that marked problems has done."""
        about = self._context.runs.show(run)
        number = about.figures["groups"] if about else 0
        return f"{many(number, 'problem')} {'is' if number == 1 else 'are'} {_MARKED[change]}."

    def _start(self, change: Change) -> Callable[[Caller, Chosen], str]:
        def start(who: Caller, chosen: Chosen) -> str:
            selection = self._selection(who, chosen)
            if selection.groups == ():
                raise RequestRefused(*_NOTHING)
            with _known(selection):
                return problems.start(self._context, change, selection, who.name)

        return start

    def _selection(self, who: Caller, chosen: Chosen) -> Selection:
        """Return what is chosen; raises UnknownName for a problem that may not be seen."""
        selection = self._choose(who, chosen)
        if selection.group is not None:
            found = problems.show_problem(self._context, selection.group)
            if found is None or not is_seen(who.scope, found["collection"], found["source"]):
                raise _gone(selection)
        return selection

    def _samples(self, selection: Selection) -> Sequence[Mapping[str, Any]]:
        if selection.groups is not None:
            shown = problems.show_problems(self._context, selection.groups[:SAMPLES])
            return [
                {
                    "Problem": each["title"],
                    "In": each["collection"] or each["source"] or "",
                    "Failures": each["letters"],
                }
                for each in shown
            ]
        page = problems.list_letters(self._context, selection, limit=SAMPLES)
        return [_sample(each) for each in page.items]


@contextmanager
def _known(selection: Selection) -> Iterator[None]:
    """Raise UnknownName where its problem has been solved meanwhile."""
    try:
        yield
    except UnknownGroup:
        raise _gone(selection) from None


def _gone(selection: Selection) -> UnknownName:
    return UnknownName(repr(selection.group), *_EXPECTED)


def _sample(letter: Mapping[str, Any]) -> dict[str, Any]:
    values = {slug: entry["value"] for slug, entry in letter["fields"].items()}
    record = letter["key"] or letter["item"] or letter["id"]
    return {"Record": record, "Values": values or None, "Why": words_of(letter)}


def _estimate(found: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Estimate:
    figures = {
        name: found[name] for name in ("records", "values", "oldest", "newest") if found[name]
    }
    notes = [f"{each['letters']:,} will be left: {each['why']}." for each in found["cannot"]]
    if found["unknown"]:
        notes.append(f"{len(found['unknown']):,} of those selected are gone.")
    return Estimate(found["letters"], "failure", figures, samples, found["held"], notes)
