"""``/``: whether the site follows, what needs a person first, and what came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request, url_for

from service.console import actions, charts, query
from service.console.charts import Layer, Plot, Row
from service.console.headline import headline_of
from service.console.pages import existing
from service.console.pause_actions import UNTIL, pause_actions
from service.console.sessions import caller
from service.operate.attention import Need
from service.operate.destination_view import DestinationView
from service.operate.overview import Chart, overview_of
from service.operate.parts import Parts
from service.operate.pause_targets import resumable
from service.operate.scope import Scope
from workers.config.settings import Settings
from workers.store.status import STATES

# What a need is about → the page that shows it, with its id; else a page of the documentation.
_PAGES: Final = {
    "problems": ("problems", "/problems/{}"),
    "deletes": ("deletes", "/deletes?collection={}"),
    "runs": ("runs", "/runs/{}"),
    "reconciles": ("runs", "/runs"),
    "sources": ("sources", "/sources/{}"),
}
_DOCUMENTS: Final = {
    "store": "operating",
    "processes": "running",
    "status": "operating",
    "fetchers": "fetching",
    "alerts": "alerts",
    "writebacks": "write-back",
    "reconciles": "scheduled-reconcile",
    "deletes": "held-deletes",
    "sources": "senders",
}
FIRST: Final = 8  # needs that are shown at once; the others are folded


@dataclass(frozen=True, slots=True)
class NeedRow:
    """
    One need as the page shows it.

    Args:
        href: Where to look; None: nowhere else.
        resumes: KIND:NAME that a button resumes; None: there is none.
    """

    need: Need
    href: str | None
    resumes: str | None


@dataclass(frozen=True, slots=True)
class ChartView:
    """One stretch of time: its plots, its axis, and its numbers by bin."""

    id: str
    title: str
    plots: tuple[Plot, ...]
    axis: tuple[object, ...]
    heads: tuple[str, ...]
    rows: Sequence[Row]
    is_day: bool


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("overview", __name__)
    pause, resume = pause_actions(parts, "overview")

    def show() -> str:
        query.of_request()
        who = caller()
        found = overview_of(parts.context, who.scope)
        settings = parts.context.settings
        return render_template(
            "console/overview.html",
            overview=found,
            destinations=sorted(found.destinations, key=_rank),
            headline=headline_of(found),
            needs=[_need(each, settings, who.scope) for each in found.needs],
            charts=[
                _chart("hour", "Last hour, by minute", "minute", found.hour),
                _chart("day", "Last day, by quarter of an hour", "quarter of an hour", found.day),
            ],
            first=FIRST,
            problems=_page("problems", "/problems"),
            records=_page("records", "/records"),
            sources=_page("sources", "/sources"),
            unpublished=_page("records", "/records?state=not+published"),
            pause=pause,
            resume=resume,
            urgency={"down": "failed", "degraded": "held", "notice": "waiting"},
        )

    made.add_url_rule("/", "show", show)
    actions.add(made, "/overview", parts, [pause, resume], filters=(UNTIL,))
    return made


def _rank(each: DestinationView) -> tuple[int, str]:
    """Return what sorts destinations: those that do not flow come first."""
    return -STATES.index(each.state), each.name


def _need(need: Need, settings: Settings, scope: Scope) -> NeedRow:
    return NeedRow(need, _address(need, settings), resumable(need.do, settings, scope))


def _address(need: Need, settings: Settings) -> str | None:
    """Return where the page of *need* is, or the place on this page."""
    id = need.id or ""
    if need.noun == "destinations":
        return f"#destination-{id}"
    if need.noun == "collections" and id in settings.collections:
        return f"#destination-{settings.collections[id].destination}"
    module, path = _PAGES.get(need.noun, ("", ""))
    if found := _page(module, path.format(id) if id else f"/{module}"):
        return found
    document = _DOCUMENTS.get(need.noun)
    return url_for("docs.page", name=document) if document else None


def _page(module: str, path: str) -> str | None:
    """Return the URL of *path*, which the page *module* shows; None: there is no such page."""
    known = any(page.module == module for page in existing())
    return request.root_path + path if known else None


def _chart(id: str, title: str, bin_name: str, chart: Chart) -> ChartView:
    came = [
        Layer("Deliveries", "good", chart.deliveries),
        Layer("Refused", "bad", chart.refused),
    ]
    calls = [Layer("Calls to the CMS", "info", chart.calls)]
    shown = [*came, *calls, Layer("Items that waited", "quiet", chart.pending)]
    return ChartView(
        id=id,
        title=title,
        plots=(
            charts.plot("What came in", bin_name, came),
            charts.plot("What went out", bin_name, calls),
        ),
        axis=charts.axis(chart),
        heads=tuple(each.name for each in shown),
        rows=charts.rows(chart, shown),
        is_day=id == "day",
    )
