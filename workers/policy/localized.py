"""
The outcome of an item that was sent in several variants, or not in the primary one.

A field is written once every variant it was sent to shows it; what one variant lacks is sent to
that variant again. Publishing, and whether the variant exists, is decided per variant; a refusal of
an item sent alone concerns the one variant sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.model.item_status import status_of
from workers.model.retirement import GONE
from workers.policy import publication, readback, update
from workers.policy.case import Case
from workers.webflow.item_answers import ItemView
from workers.webflow.site import field_of
from workers.webflow.variants import view_of

Decide = Callable[[Case, ClaimedItem], ItemOutcome]


def decide(usual: Decide, case: Case, item: ClaimedItem) -> ItemOutcome:
    """Return the outcome of *usual* on *item*, or one per variant."""
    if case.batch.create or case.batch.retire:
        return usual(case, item)
    if usual is update.settle:
        return settle(case, item)
    if usual is publication.published:
        return _published(case, item)
    locale = _only(case, item)
    if not case.batch.alone:
        return _parted(usual(case, item), case)
    if locale is None:
        return _named(usual(case, item), case, item)
    if usual is update.missing:
        return ItemOutcome(item.record, variants={locale: "gone"}, attempt=True)
    if usual is publication.staged and not case.batch.staged and case.destination.live:
        return ItemOutcome(item.record, variants={locale: "staged"}, attempt=True)
    return _named(usual(case, item), case, item)


def _parted(item_outcome: ItemOutcome, case: Case) -> ItemOutcome:
    """For a batch of one item, isolate its variants the way items are isolated."""
    if len(case.batch.items) > 1 or item_outcome.part is None:
        return item_outcome
    return replace(item_outcome, part="", limit=case.halved)


def _only(case: Case, item: ClaimedItem) -> str | None:
    """Return the locale sent, if it is a single one and not the primary."""
    others = [locale for locale in item.variants if locale not in ("", case.batch.primary)]
    return others[0] if len(item.variants) == len(others) == 1 else None


def read_back(usual: Decide, case: Case, item: ClaimedItem) -> ItemOutcome:
    """Return the outcome of *usual* on the one variant that was read."""
    if not item.variants:
        return usual(case, item)
    (locale,) = item.variants
    item_outcome = usual(case, item)
    shown = dict.fromkeys(item_outcome.written, (locale,))
    return replace(_named(item_outcome, case, item), shown=shown)


def _named(item_outcome: ItemOutcome, case: Case, item: ClaimedItem) -> ItemOutcome:
    """Add the locales to the messages of the failures."""
    if not item_outcome.failures:
        return item_outcome
    tags = ", ".join(_tag(case, locale) for locale in item.variants)
    failures = (replace(one, message=f"in {tags}: {one.message}") for one in item_outcome.failures)
    return replace(item_outcome, failures=tuple(failures))


def _tag(case: Case, locale: str) -> str:
    return case.batch.locales.get(locale, "the primary locale")


def _published(case: Case, item: ClaimedItem) -> ItemOutcome:
    item_outcome = publication.published(case, item)
    if item_outcome.staged is not False:
        return item_outcome
    live = {locale: "live" for locale in item.variants if locale not in ("", case.batch.primary)}
    primary = len(live) < len(item.variants)
    return replace(item_outcome, staged=False if primary else None, variants=live)


@dataclass(slots=True)
class _Found:
    """What the answer shows, over all variants sent."""

    shown: dict[str, list[str]] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    normalised: dict[str, None] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)  # variants that have become live
    updated: list[str] = field(default_factory=list)
    status: str | None = None  # of the primary variant
    held_back: bool = False  # a variant is a draft or archived

    def add(self, locale: str, where: str, found: readback.Findings) -> None:
        for slug in found.shown:
            self.shown.setdefault(slug, []).append(locale)
        self.missed |= {slug: f"in {where}: {words}" for slug, words in found.missed.items()}
        self.files = {**found.files, **self.files}
        self.seen = {**found.seen, **self.seen}
        self.normalised |= dict.fromkeys(found.normalised)


def settle(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Written: what all variants show; the rest is sent again to the variants that lack it."""
    sent, found = case.values(item), _Found()
    for locale, slugs in item.variants.items():
        mine = {slug: sent[slug] for slug in slugs if slug in sent}
        view = view_of(case.answer, case.batch, item, locale) if case.answer else None
        is_primary = locale in ("", case.batch.primary)
        # The key may be localized; only the primary variant's counts.
        if (
            view
            and is_primary
            and readback.is_another(case.collection, item, view, sent, case.schema)
        ):
            return update.settle(case, replace(item, variants={}))
        if view is None:
            found.add(locale, _tag(case, locale), readback.nothing(mine))
        elif not is_primary and _went_live(case, item, view):
            found.live[locale] = "live"
        else:
            found.add(locale, _tag(case, locale), readback.compare(item, view, mine, case.schema))
        found.updated += [view.updated] if view and view.updated else []
        if view is not None:
            found.held_back |= view.draft or view.archived
            found.status = status_of(view) if is_primary else found.status
    return _verdict(case, item, sent, found)


def _went_live(case: Case, item: ClaimedItem, view: ItemView) -> bool:
    """Tell whether a variant was written staged although it is published; see `decide`."""
    if not case.batch.staged or not case.destination.live or item.attempts >= 2:
        return False
    return view.published is not None and not (view.draft or view.archived)


def _verdict(case: Case, item: ClaimedItem, sent: Mapping[str, Any], found: _Found) -> ItemOutcome:
    item_outcome = ItemOutcome(
        item.record,
        files=found.files,
        updated=max(found.updated, default=None),
        seen=found.seen,
        status=found.status,
        variants=found.live,
    )
    as_sent = not (found.missed or found.live or found.held_back)
    if as_sent and _is_to_be_published(case, item, sent):
        return replace(item_outcome, publish=True)
    again = case.batch.alone
    dead = [slug for slug in found.missed if again and slug in item.passed_over]
    missed = tuple(slug for slug in found.missed if slug not in dead)
    whole = {slug: sum(slug in own for own in item.variants.values()) for slug in found.shown}
    return replace(
        item_outcome,
        written=tuple(slug for slug, shown in found.shown.items() if len(shown) == whole[slug]),
        normalised=tuple(found.normalised),
        shown={slug: tuple(shown) for slug, shown in found.shown.items()},
        failures=case.not_applied({slug: found.missed[slug] for slug in dead}),
        attempt=bool(found.missed) and again,
        limit=1 if missed else None,
        missed=missed,
    )


def _is_to_be_published(case: Case, item: ClaimedItem, sent: Mapping[str, Any]) -> bool:
    # An item that is published and still refuses live writes would loop for ever.
    on_hold = case.batch.staged and case.destination.live and item.attempts < 3
    if not on_hold or item.unpublishable:
        return False
    own = [to for slug, to in sent.items() if field_of(slug) in ("_draft", "_archived")]
    flags = [*own, *sent.get(GONE, {}).values()]
    return bool(flags) and not any(flags) and (bool(own) or item.was_live)
