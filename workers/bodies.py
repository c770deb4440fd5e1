"""
What a claimed item looks like in the PATCH. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
        unread: An item whose files must be read first: v2 wants the URL beside a fileId.
    """

    values: Mapping[str, Mapping[str, Any]]
    deaths: Mapping[str, Death]
    unread: ClaimedItem | None = None


def prepare(batch: Batch, api: str, options: Options) -> Prepared:
    """Return what *batch* sends by *api*, "v1" or "v2"."""
    values: dict[str, dict[str, Any]] = {}
    deaths: dict[str, Death] = {}
    unread = None
    for item in batch.items:
        body, unknown = _body(item, api, options)
        values[item.record] = body
        if unknown:
            deaths[item.record] = unknown
        if api == "v2" and unread is None and _lacks_url(item, body):
            unread = item
    return Prepared(values, deaths, unread)


def _body(item: ClaimedItem, api: str, options: Options) -> tuple[dict[str, Any], Death | None]:
    """Return what is sent of *item*, and the death of the labels that no option has."""
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
    if not unknown:
        return body, None
    message = "; ".join(f"{slug}: {words}" for slug, words in sorted(unknown.items()))
    return body, Death("refused", tuple(sorted(unknown)), message)


def _lacks_url(item: ClaimedItem, body: Mapping[str, Any]) -> bool:
    for field in item.fields:
        if field.file is None and TYPES[field.type].files:
            value = body.get(field.slug)
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict) and entry.get("fileId") and not entry.get("url"):
                    return True
    return False
