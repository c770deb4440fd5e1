"""Pause and resume as actions of a page: of one destination, collection, source or lane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask import flash, url_for

from service.console.actions import Action, Chosen, Estimate
from service.console.formats import clock_words, duration
from service.console.plurals import many
from service.console.query import Query
from service.operate import pauses
from service.operate.access import Caller
from service.operate.durations import seconds_of
from service.operate.parts import Parts
from service.operate.pause_targets import check_scope
from workers.errors import RequestRefused

UNTIL: Final = "until"  # filter: when a pause ends by itself, as its page has shown
_TIMES: Final = (
    ("30m", "30 minutes"),
    ("2h", "2 hours"),
    ("8h", "8 hours"),
    ("1d", "1 day"),
    ("3d", "3 days"),
)
_LONGEST: Final = 3 * 86_400.0 + 60  # s
_STAYS: Final = "What comes in is still accepted and kept. It goes out once this is resumed."


def pause_actions(parts: Parts, page: str) -> tuple[Action, Action]:
    """
    Return pause and resume of *page*, for one id: KIND:NAME, such as ``destination:site``.

    They lead back to the page, and say there what was done.
    """
    made = _Pauses(parts)

    def back(_: str) -> str:
        return url_for(f"{page}.show")

    return (
        Action(
            page, "pause", "Pause", "Pause sending", made.would_pause, made.pause, leads_to=back
        ),
        Action(
            page, "resume", "Resume", "Resume sending", made.would_resume, made.resume,
            leads_to=back,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pauses:
    parts: Parts

    def would_pause(self, who: Caller, chosen: Chosen) -> Estimate:
        name = self._name(who, chosen)
        found = pauses.pause(self.parts.context, name, reason="", by=who.name, dry_run=True)
        now = self.parts.context.runs.now().replace(microsecond=0)
        ends = {words: now + timedelta(seconds=seconds_of(text) or 0) for text, words in _TIMES}
        return Estimate(1, found["kind"], notes=[_STAYS], ends=ends, name=_plain(name))

    def pause(self, who: Caller, chosen: Chosen) -> str:
        name, until = self._name(who, chosen), Query(chosen.filters).since(UNTIL)
        seconds = None if until is None else self._seconds(until)
        pauses.pause(self.parts.context, name, reason=chosen.reason, by=who.name, seconds=seconds)
        ends = "it is resumed" if until is None else f"{clock_words(until)}, or it is resumed"
        flash(f"{_plain(name)} is paused. Nothing more of it is sent until {ends}.")
        return name

    def _seconds(self, until: datetime) -> float:
        """Return the seconds up to *until*, as it was shown; raises RequestRefused."""
        seconds = (until - self.parts.context.runs.now()).total_seconds()
        if not 0 < seconds <= _LONGEST:
            found = f"a pause until {clock_words(until)}"
            raise RequestRefused(found, "a time that is to come", "go back, and choose again")
        return seconds

    def would_resume(self, who: Caller, chosen: Chosen) -> Estimate:
        found = self._resume(who, chosen, dry_run=True)
        first = found["first"]
        items = sum(each["items"] for each in first)
        samples = [
            {
                "Goes out first": each["collection"],
                "Items": each["items"],
                "Oldest since": each["oldest"],
                "Takes at least": duration(each["seconds"]),
            }
            for each in first
        ]
        figures, name = {"items_that_go_out": items}, _plain(found["name"])
        return Estimate(1, found["kind"], figures, samples, notes=_notes(found), name=name)

    def resume(self, who: Caller, chosen: Chosen) -> str:
        found = self._resume(who, chosen, dry_run=False)
        name, items = found["name"], sum(each["items"] for each in found["first"])
        more = f" It is still paused: {found['reason']}." if found["reason"] else ""
        going = "goes out" if items == 1 else "go out"
        go_out = f"; {many(items, 'item')} {going}"
        go_out = "" if found["kind"] == "writeback" else go_out  # nothing of it goes to the CMS
        flash(f"{_plain(name)} is resumed{go_out}.{more}")
        return str(name)

    def _resume(self, who: Caller, chosen: Chosen, *, dry_run: bool) -> dict[str, Any]:
        return pauses.resume(
            self.parts.context,
            self._name(who, chosen),
            by=who.name,
            dry_run=dry_run,
            patience=pauses.WEB_PATIENCE,
            seconds=pauses.WEB_SECONDS,
        )

    def _name(self, who: Caller, chosen: Chosen) -> str:
        """Return the one name that is chosen; UnknownName: *who* may not pause it."""
        if len(chosen.ids) != 1:
            # Each asks its CMS as it goes on, which may take seconds.
            found = f"{len(chosen.ids)} names"
            raise RequestRefused(found, "one name", "pause or resume one after the other")
        (name,) = chosen.ids
        check_scope(name, self.parts.context.settings, who.scope)
        return name


def _notes(found: dict[str, Any]) -> list[str]:
    notes = []
    if found["unanswered"]:
        notes.append(
            f"The CMS could not be asked whether it takes the token: {found['unanswered']}"
        )
    if found["reason"]:
        notes.append(f"It stays paused all the same: {found['reason']}")
    return notes


def _plain(name: str) -> str:
    return name.partition(":")[2] or name
