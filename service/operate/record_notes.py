"""What the life of a record shows that its present state does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from service.operate.moments import at, moment
from service.operate.record_versions import readable
from workers.model.lives import Against, Entry, FieldFate
from workers.model.retirement import shown_slug
from workers.store.letters_around import ClosedLetter
from workers.store.record_facts import RecordFacts

_TOOK: Final = ("pending", "unchanged")
_RUNS: Final = ("reconcile", "remap", "replay", "undo", "editor")


def notes(entries: Sequence[Entry], closed: Iterable[ClosedLetter]) -> list[str]:
    """Return sentences: values that came too late, fields of two sources, closed letters, edits."""
    return [*_stale(entries), *_rivals(entries), *_closed(closed), *_edited(entries)]


def variant_notes(facts: RecordFacts, locale: str | None) -> list[str]:
    """Return sentences on the variants that the item lacks, or that are not published."""
    wanted = facts.locales[1:] if locale is None else (locale,)
    if not facts.listed or not facts.id or not (locale or facts.collection.localized):
        return []
    named = facts.collection.locales
    if locale is None and not isinstance(named, str):
        wanted = tuple(tag for tag in wanted if tag.lower() in {n.lower() for n in named})
    return [
        _VARIANT[state].format(tag)
        for tag in wanted
        if tag.lower() != facts.locales[0].lower() and (state := _variant(facts, tag)) in _VARIANT
    ]


def _variant(facts: RecordFacts, tag: str) -> str:
    states = {each.lower(): state for each, state in facts.variants.items()}
    return states.get(tag.lower(), "none")


_VARIANT: Final = {
    "none": "Its item has no variant in the locale {}: what goes there waits until it is made.",
    "staged": "The variant of its item in the locale {} was never published.",
}


def letters_in(entries: Iterable[Entry]) -> set[str]:
    """Return the ids of the dead letters that the life names."""
    named = (each.detail.get("letter") for each in entries)
    return {str(id) for id in named if id}


def _stale(entries: Sequence[Entry]) -> Iterator[str]:
    """Tell what the newest event gave too late."""
    last = next((each for each in reversed(entries) if each.what == "accepted"), None)
    for slug, each in (last.fields if last else {}).items():
        if last and each.fate == "stale" and each.against:
            event = (
                f"event {last.event} of {last.source}" if last.event else f"event of {last.source}"
            )
            why = _against(each.against)
            do = "to have it on the site, change the record at its source once more"
            yield f"The last {event} came too late for {shown_slug(slug)}: {why}; {do}."


def _against(against: Against) -> str:
    own, version = readable(against.own or ""), readable(against.version or "")
    held = f"event {against.event} of {against.source}" if against.event else str(against.source)
    if against.why == "newer value":
        return f"its version {own} is older than {version}, of {held}"
    return f"{against.why}, {held}"


def _rivals(entries: Sequence[Entry]) -> Iterator[str]:
    """Tell of fields that several sources write."""
    by_slug: dict[str, list[str]] = {}
    for entry in entries:
        if entry.what != "accepted" or entry.by in _RUNS or not entry.source:
            continue
        for slug, each in entry.fields.items():
            sources = by_slug.setdefault(slug, [])
            if _gave(each) and entry.source not in sources:
                sources.append(entry.source)
    for slug, sources in sorted(by_slug.items()):
        if len(sources) > 1:
            names = f"{', '.join(sources[:-1])} and {sources[-1]}"
            many = f"{len(sources)} sources write {shown_slug(slug)}"
            one = "if only one is to write it, take it out of the mapping of the others"
            yield f"{many}: {names}; the newest version wins; {one}."


def _gave(each: FieldFate) -> bool:
    return each.fate in (*_TOOK, "stale")


def _closed(letters: Iterable[ClosedLetter]) -> Iterator[str]:
    """Tell of dead letters that newer values emptied."""
    for each in letters:
        if each.reason == "superseded":
            said = f": {each.message}" if each.message else ""
            yield (
                f"The dead letter {each.id} ({each.kind}{said}) closed by itself at "
                f"{moment(each.closed)}: newer values took the place of all that it held."
            )


def _edited(entries: Sequence[Entry]) -> Iterator[str]:
    last = next((each for each in reversed(entries) if each.what == "edited"), None)
    if last is not None:
        slugs = ", ".join(shown_slug(slug) for slug in last.fields)
        what = {"edited": "edited", "gone": "gone from the listings"}.get(
            str(last.detail["what"]), str(last.detail["what"])
        )
        yield f"In the CMS its item was {what} at {at(last.at)}{f': {slugs}' if slugs else ''}."
