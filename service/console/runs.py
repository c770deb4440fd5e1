"""``/runs``: reconciles, what was begun by hand or by schedule, and how far each is."""

from __future__ import annotations

from typing import Final, get_args

from flask import Blueprint, render_template

from service.console import query, run_figures, run_words
from service.console.actions import add
from service.console.links import link_of
from service.console.run_actions import OF_RUN, OF_SOURCE, RunActions, run_of
from service.console.sessions import caller
from service.operate import names
from service.operate.parts import Parts
from service.operate.reconcile_list import list_reconciles
from service.operate.run_list import held_runs, list_runs
from workers.model.runs import State

_FILTERS: Final = ("kind", "state", "collection")
_RECONCILES: Final = 100  # that the page shows
_HELD: Final = 20


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("runs", __name__)
    views = _Views(parts)
    made.add_url_rule("/runs", "show", views.show)
    made.add_url_rule("/runs/<id>", "run", views.run)
    add(made, "/runs", parts, views.actions.of_list, filters=OF_SOURCE)
    add(made, "/runs/<id>", parts, views.actions.of_run, filters=OF_RUN)
    return made


class _Views:
    def __init__(self, parts: Parts) -> None:
        self._context = parts.context
        self.actions = RunActions(parts)

    def show(self) -> str:
        asked, who = query.of_request(_FILTERS), caller()
        chosen = {name: asked.text(name) for name in _FILTERS}
        collection = chosen["collection"]
        names.check(chosen["kind"], "a kind of run", run_words.KINDS)
        names.check(chosen["state"], "a state", get_args(State))
        names.check(collection, "a collection", who.scope.collections)
        found = list_runs(
            self._context,
            scope=who.scope,
            by=who.name,
            kind=chosen["kind"],
            state=chosen["state"],
            collection=collection,
            cursor=asked.cursor,
            limit=query.LIMIT,
        )
        held = []
        # What needs a person comes first; who filters or goes on looks for something else.
        if not (chosen["kind"] or chosen["state"] or asked.cursor):
            held = held_runs(self._context, scope=who.scope, by=who.name, collection=collection)
        reconciles = list_reconciles(self._context, scope=who.scope, limit=_RECONCILES)
        of_one = [e for e in reconciles.items if collection in (None, e["collection"])]
        return render_template(
            "console/runs.html",
            query=asked,
            found=found,
            held=held[:_HELD],
            more_held=max(0, len(held) - _HELD),
            reconciles=of_one,
            more_reconciles=reconciles.next is not None,
            collections=sorted(who.scope.collections),
            sources=sorted(who.scope.sources),
            states=get_args(State),
            actions=self.actions,
            of=run_words,
            figures=run_figures,
        )

    def run(self, id: str) -> str:
        query.of_request()
        run = run_of(self._context, caller(), id)
        return render_template(
            "console/run.html",
            run=run,
            actions=self.actions,
            of=run_words,
            figures=run_figures,
            link_of=link_of,
        )
