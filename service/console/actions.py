"""
Actions of a page: chosen → what it would do → confirmed → a run.

A page has a table of them, and adds their routes with `add`:

    REPLAY = Action(
        "problems", "replay", "Replay", "Replay dead letters",
        estimate=lambda who, chosen: Estimate(12, "dead letter", {"records": 9}),
        start=lambda who, chosen: problems.start(context, "replay", …, who.name),
    )
    add(blueprint, "/problems", parts, [REPLAY], filters=FILTERS)

Its button is ``ui.bulk`` or ``ui.act`` of the macros. `POST /problems/replay` shows the estimate;
posted again with the token of that page, it starts. A token begins one run, however often it is
sent: the first request claims it in the store, the others are led to the run of the first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from service.console.error_pages import Refused
from service.console.query import of_values
from service.console.sessions import caller
from service.operate.access import Caller
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from workers.errors import ReconcileFailed, RequestRefused
from workers.store.audit import Audit
from workers.store.confirmations import Confirmations

Answer = TypeVar("Answer")

MOST: Final = 1000  # ids of one form
REASON: Final = 200  # characters
_FILTER: Final = "filter-"  # begins the names of the fields that hold the filter
_TOKEN: Final = 22  # characters, at least, of what `secrets.token_urlsafe` makes
_PATIENCE: Final = 5.0  # s to wait for the run of a request that came just before
_TURN: Final = 0.1


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    What an action is for.

    Args:
        ids: Those selected; empty: all that *filters* select.
        filters: As the list had them; values as typed.
        place: The variables of the route, such as the id of a problem.
        reason: As typed at the confirmation.
    """

    ids: tuple[str, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    What an action would do.

    Args:
        count: Of what it is for; 0: there is nothing to do.
        noun: What one of them is called.
        figures: More numbers and texts, by name.
        samples: Rows of a table, alike: heading → value.
        held: Collection → why the run will be held, with its name (`Mass.why`).
        notes: What else is to be known before.
        ends: For what may end by itself: words → when that is. The one that is chosen comes to
            `start` as the filter ``until``; without a choice it does not end.
        name: Of the only one: it is shown instead of the number.
    """

    count: int
    noun: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    samples: Sequence[Mapping[str, Any]] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    ends: Mapping[str, datetime] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """
    One action of a page.

    Args:
        page: Name of the blueprint.
        name: The last part of its path.
        label: Of its button.
        title: Of the page that shows the estimate.
        estimate: Changes nothing.
        start: Begins a run, and returns its id.
        final: It cannot be taken back: the number has to be typed.
        of_rows: It is for rows that are selected, or all that match; else for what the route names.
        back: The endpoint of the page that it is on, with the variables of its route.
        fix: Makes of what was chosen what estimate and run are both for: "2h" becomes a time. The
            filters that it sets are some of those of `add`.
        at_once: It starts without a look at the estimate: it changes nothing but a mark.
            `start` says what was done, and the page that it is on is shown again.
        leads_to: For what leaves no run, such as a pause: `start` returns what it was done to, and
            this the URL to go to. It keeps the reason by itself.
        kept: Those filters of `add` that the page it is on has too: they are kept on the way back.

    `estimate` and `start` raise RequestRefused, FilterInvalid or StoreUnavailable.
    """

    page: str
    name: str
    label: str
    title: str
    estimate: Callable[[Caller, Chosen], Estimate]
    start: Callable[[Caller, Chosen], str]
    final: bool = False
    of_rows: bool = True
    back: str = "show"
    at_once: bool = False
    leads_to: Callable[[str], str] | None = None
    fix: Callable[[Chosen], Chosen] | None = None
    kept: Sequence[str] = ()

    def address(self, **values: Any) -> str:
        """Return its URL; *values*: the variables of its route."""
        return url_for(f"{self.page}.do_{self.name}", **values)

    def back_address(self, chosen: Chosen) -> str:
        """Return the URL of its page, with the filter that the list had."""
        kept = {name: value for name, value in chosen.filters.items() if name in self.kept}
        values: dict[str, Any] = {**chosen.place, **kept}
        return url_for(f"{self.page}.{self.back}", **values)


def add(
    blueprint: Blueprint,
    rule: str,
    parts: Parts,
    actions: Sequence[Action],
    *,
    filters: Sequence[str] = (),
) -> None:
    """
    Add ``POST {rule}/{name}`` for each of *actions*.

    Args:
        filters: The names of the filters of the list.
    """
    for action in actions:
        flow = _Flow(parts, action, filters)
        blueprint.add_url_rule(
            f"{rule}/{action.name}", f"do_{action.name}", flow.act, methods=["POST"]
        )


def run_address(id: str) -> str:
    """Return the URL of the page of a run."""
    return f"{request.root_path}/runs/{id}"


class _Flow:
    def __init__(self, parts: Parts, action: Action, filters: Sequence[str]) -> None:
        client = parts.context.steps.client
        self._action, self._filters = action, filters
        self._confirmations = Confirmations(client)
        self._audit = Audit(parts.context.steps)
        self._runs = parts.context.runs

    def act(self, **place: str) -> AnyResponse | str:
        who = caller()
        chosen, is_selected = self._chosen(place)
        if not is_selected:
            flash("Nothing is selected. Select rows, or all that match.")
            return self._back(chosen)
        if self._action.at_once:
            _asked(self._action.start, who, chosen)
            return self._back(chosen)
        token = request.form.get("token")
        if token is None:
            return self._show(who, self._action.fix(chosen) if self._action.fix else chosen)
        if not _TOKEN <= len(token) <= 2 * _TOKEN:
            expected = "the token of the page before"
            raise Refused(HTTPStatus.BAD_REQUEST, "another token", expected, "begin again")
        return self._confirm(who, chosen, token)

    def _back(self, chosen: Chosen) -> AnyResponse:
        return redirect(self._action.back_address(chosen), HTTPStatus.SEE_OTHER)

    def _chosen(self, place: Mapping[str, str]) -> tuple[Chosen, bool]:
        """Return what the form names, and whether that is anything."""
        form = request.form
        values = {
            name.removeprefix(_FILTER): value
            for name, value in form.items()
            if name.startswith(_FILTER)
        }
        filters = of_values(values, self._filters).filters
        ids = tuple(dict.fromkeys(form.getlist("ids")))
        if len(ids) > MOST:
            found = f"{len(ids):,} selected"
            raise RequestRefused(found, f"at most {MOST:,}", "choose all that match")
        reason = form.get("reason", "").strip()[:REASON]
        if self._action.of_rows and form.get("which") == "all":
            return Chosen((), filters, place, reason), True
        return Chosen(ids, filters, place, reason), bool(ids) or not self._action.of_rows

    def _show(self, who: Caller, chosen: Chosen, problem: str = "") -> str:
        return self._page(chosen, _asked(self._action.estimate, who, chosen), problem)

    def _page(self, chosen: Chosen, found: Estimate, problem: str = "") -> str:
        return render_template(
            "console/confirm.html",
            action=self._action,
            chosen=chosen,
            found=found,
            problem=problem,
            token=secrets.token_urlsafe(16),
            which="all" if self._action.of_rows and not chosen.ids else "selected",
            back=self._action.back_address(chosen),
        )

    def _confirm(self, who: Caller, chosen: Chosen, token: str) -> AnyResponse | str:
        # Before anything else: once it has begun, the number that a repeat would find is another.
        if (begun := self._confirmations.run_of(token, who.name)) is not None:
            return self._lead(begun)
        if self._action.final:
            found = _asked(self._action.estimate, who, chosen)
            typed = request.form.get("number", "").strip().replace(",", "")
            if typed != str(found.count):
                words = (
                    f"The number is {found.count:,}, not {typed[:20] or 'empty'}: type it to go on."
                )
                return self._page(chosen, found, words)
        if not self._confirmations.claim(token, who.name):
            return self._lead(self._run_of_first(token, who.name))
        try:
            id = _asked(self._action.start, who, chosen)
        except (RequestRefused, FilterInvalid):
            self._confirmations.release(token, who.name)  # nothing was begun
            raise
        self._confirmations.note(token, who.name, id)
        if chosen.reason and self._action.leads_to is None:
            self._audit.record(who.name, "reason", id, reason=chosen.reason)
            self._runs.note(id, who.name, chosen.reason)
        return self._lead(id)

    def _run_of_first(self, token: str, by: str) -> str:
        """Return the run that another request with this token has begun."""
        end = monotonic() + _PATIENCE
        while (found := self._confirmations.run_of(token, by)) is None:
            if monotonic() > end:
                raise Refused(
                    HTTPStatus.CONFLICT,
                    "a confirmation that was sent before and is not answered yet",
                    "the run that it began",
                    "look under Runs whether it is there; if not, begin again",
                )
            sleep(_TURN)
        return found

    def _lead(self, id: str) -> AnyResponse:
        leads_to = self._action.leads_to or run_address
        return redirect(leads_to(id), HTTPStatus.SEE_OTHER)


def _asked(call: Callable[[Caller, Chosen], Answer], who: Caller, chosen: Chosen) -> Answer:
    try:
        return call(who, chosen)
    except ReconcileFailed as error:
        raise RequestRefused(str(error), "items that can be read", "try it again") from None
