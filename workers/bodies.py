"""
What a claimed item looks like in the PATCH. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.changes import FieldProblem
from workers.fieldtypes import TYPES, OptionUnknown, parse
from workers.steps import Batch, ClaimedItem, Death

Options = Mapping[str, Sequence[Mapping[str, str]]]  # slug → {"id", "name"} of each option


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    What a batch sends, and the verdicts on what it cannot send.

    Args:
        values: Record → slug → value as the PATCH carries it.
        deaths: Record → option labels that no option has.
        doubted: Record → slugs of labels that the schema, as last read, does not know: it may
            have got them since.
        unread: Record → slugs of files that must be read first, where an item has nothing else
            to send: v2 wants the URL beside a fileId.
    """

    values: Mapping[str, Mapping[str, Any]]
    deaths: Mapping[str, Death]
    doubted: Mapping[str, tuple[str, ...]]
    unread: Mapping[str, tuple[str, ...]]


def prepare(batch: Batch, api: str, options: Options) -> Prepared:
    """Return what *batch* sends by *api*, "v1" or "v2"."""
    values: dict[str, dict[str, Any]] = {}
    deaths: dict[str, Death] = {}
    doubted: dict[str, tuple[str, ...]] = {}
    unread: dict[str, tuple[str, ...]] = {}
    for item in batch.items:
        body, unknown = _body(item, api, options)
        again = {field.slug for field in item.fields if field.misses}
        if new := tuple(slug for slug in unknown if slug not in again):
            doubted[item.record] = new
        if old := {slug: words for slug, words in unknown.items() if slug in again}:
            deaths[item.record] = _death(old)
        # What has been read once goes as it is: the CMS then says itself what is missing.
        lacking = {slug for slug in _without_url(item, body) if slug not in again}
        if api == "v2" and lacking:
            if lacking >= set(body):
                unread[item.record] = tuple(sorted(lacking))
            body = {slug: value for slug, value in body.items() if slug not in lacking}
        values[item.record] = body
    return Prepared(values, deaths, doubted, unread)


def _body(
    item: ClaimedItem, api: str, options: Options
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return what is sent of *item*, and slug → message of the labels that no option has."""
    body: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for field in item.fields:
        try:
            body[field.slug] = TYPES[field.type].body(
                parse(field.value),
                api=api,
                file=field.file,
                again=field.repair,
                options=options.get(field.slug, ()),
            )
        except OptionUnknown as error:
            unknown[field.slug] = str(error)
    return body, unknown


def _death(unknown: Mapping[str, str]) -> Death:
    message = "; ".join(f"{slug}: {words}" for slug, words in sorted(unknown.items()))
    problems = tuple(FieldProblem(slug, words) for slug, words in sorted(unknown.items()))
    return Death("refused", tuple(sorted(unknown)), message, problems=problems)


def _without_url(item: ClaimedItem, body: Mapping[str, Any]) -> Iterator[str]:
    for field in item.fields:
        if TYPES[field.type].files:
            value = body.get(field.slug)
            entries = value if isinstance(value, list) else [value]
            if any(isinstance(e, dict) and e.get("fileId") and not e.get("url") for e in entries):
                yield field.slug
