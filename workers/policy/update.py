"""The outcome of one item that was updated: a function per action of ``workers.policy.rules``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workers.errors import DestinationError
from workers.model.attempts import ClaimedItem, FieldFailure, ItemOutcome
from workers.model.item_status import status_of
from workers.policy import readback
from workers.policy.backoff import backoff
from workers.policy.case import Case
from workers.policy.refusals import isolate, unknown_references
from workers.webflow import item_keys
from workers.webflow.item_answers import ItemView

BASE = 2.0  # s: ceiling of the first wait
CAP = 300.0  # s: longest wait of a suspect item
SUSPECT_CAP = 8.0  # s: … while the destination is suspect; the circuit breaker waits longer
# A gateway in between timed out: the request may still land.
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
UNKNOWN = frozenset({502, 504, 520, 522, 524})


def slug_of(view: ItemView) -> str | None:
    """Return the slug in *view*, if it has one."""
    slug = view.fields.get("slug")
    return slug if isinstance(slug, str) and slug else None


def missing(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Look the id up again; if it was looked up before, or is the record itself, the item fails."""
    if not case.batch.alone:
        by_key = item.record != item.id
        return replace(isolate(case, item), relist=by_key and not item.forgotten)
    if dangling := unknown_references(case, item):
        return ItemOutcome(item.record, dangling=dangling, attempt=True)
    if item.record != item.id and not item.forgotten:
        return ItemOutcome(item.record, forget=True)
    slugs = [field.slug for field in item.fields]
    return ItemOutcome(item.record, failures=case.failure("missing", slugs), attempt=True)


def wants_publishing(item: ClaimedItem, sent: Mapping[str, Any]) -> bool:
    """Tell whether a mapping clears draft and archived, or an undone retirement had been live."""
    own = {field.slug for field in item.fields} & {"_draft", "_archived"}
    flags = [sent[slug] for slug in ("_draft", "_archived") if slug in sent]
    return bool(flags) and not any(flags) and (bool(own) or item.was_live)


def backed_off(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Wait; only an item sent alone is suspect itself, and only while others get through."""
    batch, answer = case.batch, case.answer
    blamable = answer is not None or _was_sent(case)  # a failed connection is not the item's fault
    suspect = blamable and (item.healthy or batch.trial)
    counted = blamable and batch.alone and item.healthy and not item.fresh
    failures: tuple[FieldFailure, ...] = ()
    if batch.alone and suspect and _has_had_enough(case, item, counted):
        failures = case.failure("exhausted", case.values(item))
    wait = backoff(
        item.attempts + 1, base=BASE, cap=CAP if counted else SUSPECT_CAP, spread=case.spread
    )
    if answer is not None and answer.status == 503 and answer.retry_after:
        wait = max(wait, min(answer.retry_after, CAP))
    return ItemOutcome(
        item.record,
        failures=failures,
        wait=wait,
        attempt=counted,
        failed=batch.alone and blamable,
        limit=case.halved if suspect and not batch.alone else None,
        unknown=_was_sent(case) if answer is None else answer.status in UNKNOWN,
    )


def _was_sent(case: Case) -> bool:
    return isinstance(case.outcome, DestinationError) and case.outcome.sent


def _has_had_enough(case: Case, item: ClaimedItem, counted: bool) -> bool:
    if counted and item.attempts + 1 >= case.destination.attempts:
        return True
    return 0 < item.failed_seconds >= case.destination.give_up_hours * 3600


def settle(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Written: the fields that the answer shows; the others are sent again alone, then fail."""
    answer = case.answer
    shown = answer.items.get(item.id) if answer else None
    sent = case.values(item)
    if shown is None:
        found = readback.nothing(sent)
    elif readback.is_another(case.collection, item, shown, sent, case.schema):
        return _misdirected(case, item, shown.fields)
    else:
        found = readback.compare(item, shown, sent, case.schema)
        if not found.missed and _is_to_be_published(case, item, shown):
            return ItemOutcome(
                item.record,
                files=found.files,
                updated=shown.updated,
                seen=found.seen,
                status=status_of(shown),
                publish=True,
            )
    dead = _not_applied(case, item, found)
    missed = tuple(slug for slug in found.missed if slug not in dead)
    return ItemOutcome(
        item.record,
        written=found.shown,
        normalised=found.normalised,
        edited=readback.edited(item, shown) if shown else (),
        files=found.files,
        updated=shown.updated if shown else None,
        status=status_of(shown) if shown else None,
        slug=slug_of(shown) if shown else None,
        seen=found.seen,
        failures=case.not_applied({slug: found.missed[slug] for slug in dead}) if dead else (),
        attempt=bool(missed or dead) and case.batch.alone,
        limit=1 if missed else None,
        missed=missed,
    )


def _not_applied(case: Case, item: ClaimedItem, found: readback.Findings) -> list[str]:
    """Return the fields that fail; none before the item itself has been read."""
    if not case.batch.alone:
        return []
    return [slug for slug in item.passed_over if slug in found.missed]


def _is_to_be_published(case: Case, item: ClaimedItem, shown: ItemView) -> bool:
    # An item that is published and still refuses live writes would loop for ever.
    on_hold = case.batch.staged and case.destination.live and item.attempts < 3
    if not on_hold or item.unpublishable or shown.archived or shown.draft:
        return False
    return wants_publishing(item, case.sent.get(item.record, {}))


def _misdirected(case: Case, item: ClaimedItem, held: Mapping[str, Any]) -> ItemOutcome:
    """Another key is under this id: forget the id, and write that key's record again."""
    other = item_keys.key_of(case.collection, held)
    if not item.forgotten:
        return ItemOutcome(item.record, forget=True, overwrote=other)
    if not case.batch.alone:
        return ItemOutcome(item.record, limit=1, overwrote=other)
    slugs = [field.slug for field in item.fields]
    key = item_keys.shown_key(case.collection, held)
    message = f"item {item.id} holds {key} as its key, not {item.record}"
    failures = case.failure("missing", slugs, message=message)
    return ItemOutcome(item.record, failures=failures, attempt=True, overwrote=other)
