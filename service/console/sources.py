"""``/sources``: what came of each source; one source and its deliveries; one delivery."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from service.console import query, suggestion
from service.console.actions import add
from service.console.error_pages import missing
from service.console.json_text import pretty
from service.console.pause_actions import UNTIL
from service.console.payload_form import Payload, of_delivery, of_form, of_letter, try_out
from service.console.record_links import delivery_link, problem_link, record_link
from service.console.refusal_kinds import refusal_kind
from service.console.sessions import caller
from service.console.source_actions import FILTERS, MOST, replay_action, source_actions
from service.console.source_words import BECAME, NEEDS, OUTCOMES, TITLES
from service.operate.deliveries import list_deliveries, show_delivery
from service.operate.need_titles import title_of
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.scope import Scope
from service.operate.sources import is_removed, refused_unnamed, show_source, sources_by_need
from workers.store.delivery_list import UNNAMED
from workers.store.refusals import UNKNOWN

LISTED: Final = 25  # deliveries of one page: the form stands below them
SECONDS: Final = 0.08  # to look for deliveries by filter; the next page goes on
_FROM: Final = ("delivery", "letter")  # in the URL: what the form is filled from
_SHOWN: Final = {
    "becomes": BECAME,
    "needs": NEEDS,
    "title_of": title_of,
    "outcomes": OUTCOMES,
    "outcome_titles": TITLES,
    "refusal_kind": refusal_kind,
    "delivery_link": delivery_link,
    "problem_link": problem_link,
    "unnamed_name": UNNAMED,
}


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("sources", __name__)
    views = _Views(parts)
    made.add_url_rule("/sources", "show", views.show)
    made.add_url_rule("/sources/<name>", "source", views.source)
    made.add_url_rule("/sources/<name>/deliveries/<id>", "delivery", views.delivery)
    # For every role (`protection._OF_ALL`): it is a POST because a payload may be long and private.
    made.add_url_rule("/sources/<name>/preview", "preview", views.preview, methods=["POST"])
    suggestion.add(made, parts)
    add(made, "/sources/<name>", parts, [views.pause, views.resume], filters=(UNTIL,))
    add(made, "/sources/<name>", parts, [views.replay], filters=FILTERS)
    return made


class _Views:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.pause, self.resume = source_actions(parts)
        self.replay = replay_action(parts)

    def show(self) -> str:
        query.of_request()
        found = sources_by_need(self._parts.context, self._parts.configuration, caller().scope)
        return self._page("sources", found=found)

    def source(self, name: str) -> str | AnyResponse:
        scope = caller().scope
        asked = _list_query()
        if is_removed(self._parts.context, scope, name):
            return redirect(url_for("sources.show"))  # which says why it is there still
        source = self._source(name, scope)
        payload = self._payload(name, scope) if source["name"] != UNKNOWN else Payload()
        return self._page(
            "source", source=source, query=asked, payload=payload, **self._list(source, asked)
        )

    def _list(self, source: dict[str, Any], asked: query.Query) -> dict[str, Any]:
        found = list_deliveries(
            self._parts.context,
            source=source["name"],
            outcome=asked.text("outcome"),
            key=asked.text("key"),
            since=asked.since(),
            cursor=asked.cursor,
            limit=LISTED,
            scope=caller().scope,
            configuration=self._parts.configuration,
            seconds=SECONDS,
        )
        return {"deliveries": found, "total": _total(source, asked)}

    def delivery(self, name: str, id: str) -> str:
        query.of_request()
        scope = caller().scope
        source = self._source(name, scope)
        found = None
        if id.rpartition("-")[0] == name:
            found = show_delivery(
                self._parts.context, id, scope=scope, configuration=self._parts.configuration
            )
        if found is None:
            raise missing(id, "a delivery that is kept or listed", f"see the deliveries of {name}")
        tidy = pretty(found["body"] or "") if found.get("encoding") == "text" else None
        return self._page("delivery", delivery=found, tidy=tidy, source=source)

    def preview(self, name: str) -> Response:
        scope = caller().scope
        source = self._source(name, scope)
        if source["name"] == UNKNOWN:
            raise _no_source(name)
        payload = of_form(request.form)
        trial, fault = None, None
        try:
            trial = try_out(self._parts, scope, name, payload)
        except FilterInvalid as error:
            fault = error
        page = self._page("payload", source=source, payload=payload, trial=trial, fault=fault)
        return Response(page, HTTPStatus.BAD_REQUEST if fault else HTTPStatus.OK)

    def _payload(self, name: str, scope: Scope) -> Payload:
        if id := request.args.get("delivery"):
            return of_delivery(self._parts, scope, name, id)
        if id := request.args.get("letter"):
            return of_letter(self._parts, scope, name, id)
        return Payload()

    def _source(self, name: str, scope: Scope) -> dict[str, Any]:
        """Return the source that *name* of a URL stands for."""
        context = self._parts.context
        if name == UNNAMED and scope.whole:
            return {"name": UNKNOWN, "refusals": refused_unnamed(context)}
        found = show_source(context, self._parts.configuration, scope, name)
        if found is None:
            raise _no_source(name)
        return found

    def _page(self, template: str, **values: Any) -> str:
        return render_template(
            f"console/{template}.html",
            pause=self.pause,
            resume=self.resume,
            replay=self.replay,
            record_address=_record_address,
            shared=caller().scope.shared,
            has=current_app.blueprints,
            senders=self._parts.configuration.senders,
            **values,
            **_SHOWN,
        )


def _list_query() -> query.Query:
    """Return the filter of the deliveries; what the form is filled from is none."""
    own = MultiDict((name, value) for name, value in request.args.items() if name not in _FROM)
    return query.of_values(own, FILTERS)


def _total(source: dict[str, Any], asked: query.Query) -> int | None:
    """Return how many deliveries a replay of all that match is for; None: it is not known."""
    kept: int = source.get("kept", 0)
    return kept if not asked and kept <= MOST else None


def _record_address(collection: str, key: str | None) -> str | None:
    """Return the URL of a record; None: it has no key."""
    return record_link(collection, key) if key else None


def _no_source(name: str) -> Exception:
    return missing(name, "a source of instep.toml that you may see", "see the list of sources")
