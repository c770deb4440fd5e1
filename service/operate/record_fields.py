"""What each field of a record should show, and what the CMS was last known to hold of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from service.operate.moments import at, moment
from service.operate.record_versions import readable
from workers.fields.marks import mark_of
from workers.model.changes import canonical
from workers.model.retirement import shown_slug
from workers.model.versions import moment_of
from workers.store.item_record import FieldRecord, KnownValue
from workers.store.record_facts import RecordFacts


def fields_of(
    facts: RecordFacts, locale: str | None, lived: Iterable[tuple[str, Any]] = ()
) -> dict[str, dict[str, Any]]:
    """
    Return ``{SLUG: {wanted, version, source, held, confirmed_at, state}}`` and more.

    Args:
        locale: Tag of one variant; None: the fields of all.
        lived: Slugs and values of its life, by which the value that the CMS holds is found again.
    """
    marks = {(slug, _mark(value)): value for slug, value in lived}
    found = {
        shown_slug(slug): _field(slug, each, marks)
        for slug, each in sorted(facts.fields.items())
        if is_of(slug, locale)
    }
    for slug, left in sorted(facts.schedule.left.items()):
        if is_of(slug, locale):
            own = found.setdefault(slug, _empty())
            own["left_out"] = {"letter": left.letter, "version": readable(left.version or "")}
    return found


def is_of(slug: str, locale: str | None) -> bool:
    """Tell whether a field goes to the variant *locale*; None: to any."""
    _, _, tag = slug.partition("@")
    return locale is None or not tag or tag.lower() == locale.lower()


def _empty() -> dict[str, Any]:
    names = ("wanted", "version", "source", "held", "confirmed_at")
    return {**dict.fromkeys(names), "known": "unknown", "state": "left out"}


def _field(slug: str, each: FieldRecord, marks: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    known, held, when = _held(slug, each, marks)
    found = {
        "wanted": json.loads(each.value),
        "version": readable(each.version),
        "source": each.source or None,
        "held": held,
        "known": known,
        "confirmed_at": when,
        "state": each.state,
    }
    if each.undone:
        found["state"] = "superseded"
    if each.event:
        found["event"] = each.event
    if each.letter:
        found["letter"] = each.letter
    if each.wants_repair:
        found["repair_at"] = moment(each.repair_at)
    return found


def _held(
    slug: str, each: FieldRecord, marks: Mapping[tuple[str, str], Any]
) -> tuple[str, Any, str | None]:
    """
    Return how much is known of what the CMS holds, the value, and when it was last shown.

    "confirmed": it answered with the wanted value; "history": it was last known to hold a value
    that is found again; "other": it held another one; "unknown": nothing is known.
    """
    last = _last_known(each)
    when = _time(last.updated) if last else None
    if each.confirmed and each.state in ("written", "unchanged"):
        return "confirmed", json.loads(each.value), _time(each.answered or "") or when
    if last is None:
        return "unknown", None, None
    if last.mark == _mark(json.loads(each.value)):
        return "history", json.loads(each.value), when
    if (slug, last.mark) in marks:
        return "history", marks[slug, last.mark], when
    return "other", None, when


def _last_known(each: FieldRecord) -> KnownValue | None:
    answered = [known for known in each.known if known.updated]
    if each.state == "dead":
        # An earlier release noted an answer to what was not sent as well.
        own = each.arrival, _mark(json.loads(each.value))
        answered = [known for known in answered if (known.arrival, known.mark) != own]
    return max(answered, key=lambda known: known.updated, default=None)


def _mark(value: Any) -> str:
    """Return the mark of *value* as ``write_history.lua`` computes it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return mark_of(f"{value + 0.0:.17g}")
    return mark_of(canonical(value))


def _time(version: str) -> str | None:
    return at(moment_of(version)) if version else None
