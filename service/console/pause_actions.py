"""Pause and resume as actions of a page: of one destination, collection, source or lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import flash, url_for

from service.console.actions import Action, Chosen, Estimate
from service.console.formats import duration
from service.operate import pauses
from service.operate.access import Caller
from service.operate.parts import Parts
from service.operate.pause_targets import check_scope
from workers.errors import RequestRefused

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
        return Estimate(1, found["kind"], {"name": _plain(name)}, notes=[_STAYS])

    def pause(self, who: Caller, chosen: Chosen) -> str:
        name = self._name(who, chosen)
        pauses.pause(self.parts.context, name, reason=chosen.reason, by=who.name)
        flash(f"{_plain(name)} is paused. Nothing more of it is sent until it is resumed.")
        return name

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
        figures = {"name": _plain(found["name"]), "items_that_go_out": items}
        return Estimate(1, found["kind"], figures, samples, notes=_notes(found))

    def resume(self, who: Caller, chosen: Chosen) -> str:
        found = self._resume(who, chosen, dry_run=False)
        name, items = found["name"], sum(each["items"] for each in found["first"])
        more = f" It is still paused: {found['reason']}." if found["reason"] else ""
        go_out = "1 item goes out" if items == 1 else f"{items:,} items go out"
        flash(f"{_plain(name)} is resumed; {go_out}.{more}")
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
