"""``/problems``: what was not written, by cause; the failures of one cause; one failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, current_app, render_template, request, url_for

from service.console import query
from service.console.actions import add
from service.console.error_pages import Refused, missing
from service.console.problem_actions import failure_actions, problem_actions, whole_actions
from service.console.sessions import caller
from service.operate import names
from service.operate.attention import NEW
from service.operate.json_text import json_text
from service.operate.parts import Parts
from service.operate.problem_details import opened_since_mark, with_details, within, words_of
from service.operate.problem_filter import ProblemFilter
from service.operate.problem_kinds import KINDS, kind_of
from service.operate.problems import (
    ProblemPage,
    export_letters,
    list_letters,
    list_problems,
    show_letter,
    show_problem,
)
from service.operate.scope import Scope
from service.operate.selection import Selection, UnknownGroup, is_seen
from workers.store.problem_groups import STATES

FILTERS: Final = ("state", "kind", "collection", "source", "since", "text")
LISTED: Final = 4000  # letters that are counted for a page of the list, and
COUNTED: Final = 10_000  # for the page of one problem
_OF_ONE: Final = ("since",)
_SHOWN: Final = {"kind_of": kind_of, "words_of": words_of}


def filter_of(asked: query.Query, scope: Scope) -> ProblemFilter:
    """
    Return what *asked* selects.

    Raises:
        FilterInvalid, UnknownName: It names what there is not, or what may not be seen.
    """
    source, collection = asked.text("source"), asked.text("collection")
    if not scope.whole:
        # Letters outlive the configuration: who sees all may name what was removed.
        names.check(source, "a source", scope.sources)
        names.check(collection, "a collection", scope.collections)
    return ProblemFilter(
        state=asked.text("state"),
        source=source,
        collection=collection,
        kind=asked.text("kind"),
        since=asked.since(),
        text=asked.text("text"),
        scope=scope,
    )


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("problems", __name__)
    views = _Views(parts)
    made.add_url_rule("/problems", "show", views.show)
    made.add_url_rule("/problems/<group>", "problem", views.problem)
    made.add_url_rule("/problems/<group>/export", "export", views.export)
    made.add_url_rule("/problems/failures/<letter>", "failure", views.failure)
    add(made, "/problems", parts, views.of_list, filters=FILTERS)
    add(made, "/problems/<group>", parts, [*views.of_whole, *views.of_rows], filters=_OF_ONE)
    return made


class _Views:
    def __init__(self, parts: Parts) -> None:
        self._context = parts.context
        self.of_list = problem_actions(parts.context, filter_of, FILTERS)
        self.of_whole = whole_actions(parts.context)
        self.of_rows = failure_actions(parts.context)

    def show(self) -> str:
        asked, scope = query.of_request(FILTERS), caller().scope
        found = self._list(asked, scope)
        items = [
            _shown(each) for each in with_details(self._context, found.items, scope, most=LISTED)
        ]
        return render_template(
            "console/problems.html",
            query=asked,
            found=found,
            items=items,
            actions=self.of_list,
            states=STATES,
            kinds={name: kind.title for name, kind in KINDS.items()},
            collections=sorted(scope.collections),
            sources=sorted(scope.sources),
            **_SHOWN,
        )

    def _list(self, asked: query.Query, scope: Scope) -> ProblemPage:
        chosen = filter_of(asked, scope)
        return list_problems(
            self._context,
            state=chosen.state,
            source=chosen.source,
            collection=chosen.collection,
            kind=chosen.kind,
            since=chosen.since,
            text=chosen.text,
            scope=scope,
            cursor=asked.cursor,
            limit=query.LIMIT,
        )

    def problem(self, group: str) -> str:
        asked, scope = query.of_request(_OF_ONE), caller().scope
        found = self._problem(group, scope)
        selection = Selection(group=group, since=asked.since(), scope=scope)
        page = self._letters(selection, asked)
        letters = [within(each, scope) for each in page.items]
        return render_template(
            "console/problem.html",
            query=asked,
            problem=found,
            letters=[each | {"address": record_address(each)} for each in letters],
            next=page.next,
            total=None if asked or not scope.whole else found["letters"],
            whole={action.name: action for action in self.of_whole},
            actions=self.of_rows,
            **_SHOWN,
        )

    def _problem(self, group: str, scope: Scope) -> dict[str, Any]:
        found = show_problem(self._context, group)
        if not (
            found and found["letters"] and is_seen(scope, found["collection"], found["source"])
        ):
            raise _gone(group)
        (detailed,) = map(_shown, with_details(self._context, [found], scope, most=COUNTED))
        detailed["since_mark"] = opened_since_mark(self._context, group)
        return detailed

    def _letters(self, selection: Selection, asked: query.Query) -> Any:
        try:
            return list_letters(self._context, selection, cursor=asked.cursor, limit=query.LIMIT)
        except UnknownGroup:
            raise _gone(selection.group or "") from None

    def failure(self, letter: str) -> str:
        query.of_request()
        scope = caller().scope
        found = show_letter(self._context, letter)
        if found is None or not is_seen(scope, found["collection"], found["source"]):
            raise missing(letter, "a failure that is kept", "see the list of problems")
        found = within(found, scope)
        return render_template(
            "console/failure.html",
            letter=found,
            address=record_address(found),
            tried=try_address(found),
            actions=self.of_rows,
            **_SHOWN,
        )

    def export(self, group: str) -> Response:
        asked, scope = query.of_request(_OF_ONE), caller().scope
        self._problem(group, scope)
        selection = Selection(group=group, since=asked.since(), scope=scope)
        lines = _lines(export_letters(self._context, selection), scope)
        # The first is read here: what goes wrong before it is a page, not half a file.
        begun = chain([next(lines, "")], lines)
        name = f"problem-{group}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(begun, mimetype="application/jsonl", headers=headers)


def _lines(letters: Iterator[dict[str, Any]], scope: Scope) -> Iterator[str]:
    for letter in letters:
        shown = within(letter, scope)
        shown.pop("headers", None)  # of the command alone: it asks for no login
        yield json_text(shown) + "\n"


def _gone(group: str) -> Refused:
    return missing(
        group,
        "a problem with open failures",
        "see the list of problems: one that is solved is not in it any more",
    )


def _shown(problem: dict[str, Any]) -> dict[str, Any]:
    """Return *problem* with what its pages say of it."""
    since = problem["since"]
    lately = since is not None and datetime.now(UTC) - datetime.fromisoformat(since) < NEW
    new = problem["state"] == "open" and lately
    return problem | {"new": new, "record": record_address(problem["sample"] or {})}


def record_address(letter: Mapping[str, Any]) -> str | None:
    """Return the URL of the record that *letter* is about; None: it names none."""
    collection, key = letter.get("collection"), letter.get("key")
    if not (collection and key and "records.record" in current_app.view_functions):
        return None
    return url_for("records.record", collection=collection, key=key)


def try_address(letter: Mapping[str, Any]) -> str | None:
    """Return the URL at which the payload of *letter* can be tried; None: it has none."""
    if not (letter.get("body") and letter["source"] and "sources" in current_app.blueprints):
        return None
    return (
        f"{request.root_path}/sources/{quote(letter['source'], safe='')}?letter={letter['id']}#try"
    )
