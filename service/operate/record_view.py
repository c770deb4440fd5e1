"""All that one page shows of a record: its life, its problems, and its delete that waits."""

from __future__ import annotations

from typing import Any

from service.operate import held_deletes
from service.operate.problems import do_about
from service.operate.record_hits import read_hits
from service.operate.record_life import life_of
from service.operate.scope import Scope
from service.operate.selection import is_seen
from workers.delivery.context import Context
from workers.store.held_delete import HeldDelete
from workers.store.letter import Letter
from workers.store.record_facts import RecordFacts
from workers.store.record_reader import RecordReader


def view_of(
    context: Context, collection: str, key: str, locale: str | None = None, *, scope: Scope
) -> dict[str, Any]:
    """
    Return the life of a record, as `life_of` does, and beside it ``{name, slug, link, changed_at,
    written_at, sources, problems, held, locales}``: of `read_hits`; its open letters with what to
    do about each; its delete that waits, or None; and the tags of its site's locales.

    Raises:
        KeyError, UnknownRecord, UnknownLocale, StoreUnavailable: As `life_of` does.
    """
    life = life_of(context, collection, key, locale, scope=scope)
    facts = RecordReader(context.steps, context.settings).read(collection, key)
    names = ("name", "slug", "link", "changed_at", "written_at", "sources")
    if facts is None:  # it was forgotten just now
        shown: dict[str, Any] = dict.fromkeys(names)
        return {**life, **shown, "sources": [], "problems": [], "held": None, "locales": []}
    place = (collection, facts.record)
    hit = read_hits(context, [place]).get(place, {})
    return {
        **life,
        **{name: hit.get(name) for name in names},
        "problems": [_problem(each) for each in open_letters(facts, scope)],
        "held": held_deletes.as_dict(facts.held) if facts.held else None,
        "locales": list(facts.locales),
    }


def open_letters(facts: RecordFacts, scope: Scope) -> list[Letter]:
    """Return the open letters of a record, the oldest first."""
    seen = (
        each
        for each in facts.letters.values()
        if each.state == "open" and is_seen(scope, each.collection, each.source)
    )
    return sorted(seen, key=lambda each: (each.created, each.id))


def letters_now(context: Context, collection: str, key: str, scope: Scope) -> list[Letter]:
    """As `open_letters`, of a record as it is now; raises StoreUnavailable."""
    facts = RecordReader(context.steps, context.settings).read(collection, key)
    return open_letters(facts, scope) if facts else []


def held_now(context: Context, collection: str, key: str) -> HeldDelete | None:
    """Return the delete of a record that waits now; raises StoreUnavailable."""
    facts = RecordReader(context.steps, context.settings).read(collection, key)
    return facts.held if facts else None


def _problem(letter: Letter) -> dict[str, Any]:
    return {**letter.as_dict(), "many": letter.stands_for_many, "do": do_about(letter)}
