"""
``/records``: the search, and what needs a person; ``/records/record``: the life of one record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from service.console import actions, query, record_links, record_words
from service.console.differences import differing, one
from service.console.pause_actions import pause_actions
from service.console.record_actions import FILTERS, actions_of, record_of_reference, reference
from service.console.record_timeline import days
from service.console.sessions import caller
from service.operate.names import check
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.pause_targets import resumable
from service.operate.problem_kinds import kind_of
from service.operate.record_choice import default_state, list_records
from service.operate.record_life import UnknownLocale, UnknownRecord
from service.operate.record_pages import ANY, ATTENTION
from service.operate.record_view import view_of
from service.operate.scope import Scope

ASKED: Final = 12  # collections, to choose from
_LETTER: Final = re.compile(r"\bdead letter ([dgu][0-9a-f]+)\b")
_LIST: Final = ("q", "collection", "state", "source", "part")
_RECORD: Final = ("collection", "key", "locale")
_BEFORE: Final = "/records/record/<ref>"  # begins the paths of actions


def routes(parts: Parts) -> Blueprint:
    made = Blueprint("records", __name__)
    views = _Views(parts)
    made.add_url_rule("/records", "show", views.show)
    made.add_url_rule("/records/record", "record", views.record)
    made.add_url_rule(_BEFORE, "back", _back)
    actions.add(made, _BEFORE, parts, list(views.actions.values()), filters=FILTERS)
    return made


def _back(ref: str) -> AnyResponse:
    """Lead from an action to the page of its record."""
    address = record_links.record_link(*record_of_reference(ref, caller()))
    return redirect(address, HTTPStatus.SEE_OTHER)


class _Views:
    def __init__(self, parts: Parts) -> None:
        self._context = parts.context
        self.actions = actions_of(parts)
        _, self._resume = pause_actions(parts, "overview")

    def show(self) -> str:
        asked, scope = query.of_request(_LIST), caller().scope
        chosen = {name: value for name in _LIST if (value := asked.text(name))}
        found: Mapping[str, Any] = {"items": [], "next": None}
        lacks_text = "part" in chosen and not chosen.get("q")
        if not lacks_text:
            cursor = asked.cursor
            found = list_records(self._context, scope, **chosen, cursor=cursor, limit=query.LIMIT)
        state = chosen.get("state") or default_state(chosen.get("q"), chosen.get("source"))
        scans = "part" in chosen and not lacks_text
        # A filter that fits few records: this page took its time, and the next one goes on.
        goes_on = not scans and found["next"] is not None and len(found["items"]) < query.LIMIT
        return render_template(
            "console/records.html",
            query=asked,
            found=found,
            lacks_text=lacks_text,
            scans=scans,
            goes_on=goes_on,
            sifts=state not in (ANY, ATTENTION) or "source" in chosen,
            attention=state == ATTENTION and not chosen.get("q"),
            wider=_wider(asked),
            collections=sorted(scope.collections),
            asks=_asks(asked.text("collection"), scope),
            sources=sorted(scope.sources),
            states=record_words.CHOICES,
            badge_of=_badge_of_record,
            record_link=record_links.record_link,
        )

    def record(self) -> AnyResponse | str | tuple[str, int]:
        asked, scope = query.of_request(_RECORD), caller().scope
        collection, key = asked.text("collection"), asked.text("key")
        if not collection or not key:
            found = "no " + ("key" if collection else "collection")
            raise FilterInvalid(found, "collection and key", "search for the record")
        check(collection, "a collection", scope.collections)
        try:
            shown = view_of(self._context, collection, key, asked.text("locale"), scope=scope)
        except UnknownLocale as error:
            expected = f"a locale of the site: {', '.join(error.known)}"
            raise FilterInvalid(repr(error.locale), expected, "use one of them") from None
        except UnknownRecord as error:
            return self._unknown(error), HTTPStatus.NOT_FOUND
        return render_template(
            "console/record.html",
            query=asked,
            record=shown,
            ref=reference(collection, shown["key"]),
            badge=_badge_of_record(shown["state"]),
            rows=_rows(shown["fields"]),
            days=days(shown["life"]),
            actions=self.actions,
            kind_of=kind_of,
            notes=_notes(shown["notes"]),
            resume=self._resume,
            resumes=[
                resumable(each["next"]["what"], self._context.settings, scope)
                for each in shown["waits"]
            ],
            acts=record_words.ACTIONS,
            links=record_links,
        )

    def _unknown(self, error: UnknownRecord) -> str:
        return render_template(
            "console/record_unknown.html", error=error, says=str(error), links=record_links
        )


def _asks(collection: str | None, scope: Scope) -> Sequence[str]:
    """Return the collections in which to ask for a key that is not found; empty: too many."""
    names = [collection] if collection else sorted(scope.collections)
    return names if len(names) <= ASKED else []


def _wider(asked: query.Query) -> Mapping[str, str]:
    """Return the addresses of this list in any state, and of the search in all values."""

    def with_filter(**more: Any) -> str:
        return url_for("records.show", **(dict(asked.filters) | more))

    return {"state": with_filter(state=ANY), "part": with_filter(part="1")}


def _notes(notes: Sequence[str]) -> Sequence[tuple[str, str | None]]:
    """Return each note, and the address of the problem that it names."""
    named = ((note, _LETTER.search(note)) for note in notes)
    return [(note, record_links.problem_link(found[1]) if found else None) for note, found in named]


def _badge_of_record(state: str) -> record_words.Badge:
    return record_words.badge_of(record_words.RECORDS, state)


def _rows(fields: Mapping[str, Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the table of fields: those that are not as wanted first."""
    rows = [_row(slug, each) for slug, each in fields.items()]
    return sorted(rows, key=lambda each: each["settled"])


def _row(slug: str, field: Mapping[str, Any]) -> Mapping[str, Any]:
    known, state = field["known"], field["state"]
    is_same = known == "confirmed" and state != "dead"
    has_both = known in ("confirmed", "history") and not is_same
    wanted, held = None, None
    if has_both:
        wanted, held = differing(field["wanted"], field["held"])
    elif state != "left out":
        wanted = one(field["wanted"])
    return {
        **field,
        "slug": record_words.field_name(slug),
        "badge": record_words.badge_of(record_words.FIELDS, state),
        "wanted": wanted,
        "held": held,
        "same": is_same or (has_both and field["wanted"] == field["held"]),
        "settled": state in ("written", "unchanged", "superseded", "ignored", "discarded"),
        "letter": field.get("letter") or field.get("left_out", {}).get("letter"),
    }
