"""Findings and items as rows of the table, and back. Pure."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

from service.reconcile.plan.causes import Finding
from service.reconcile.plan.model import ListedItem


def finding_row(finding: Finding) -> tuple[Any, ...]:
    values = list(astuple(finding))
    values[6] = None if finding.cms is None else json.dumps(finding.cms)
    return tuple(values)


def finding_of(values: list[Any]) -> Finding:
    values[6] = json.loads(values[6]) if values[6] is not None else None
    return Finding(*values)


def item_row(item: ListedItem, second: str | None) -> tuple[Any, ...]:
    """Return *item* as a row, whose second column is its record, or its locale."""
    times = (item.updated, item.published, item.created)
    return (item.id, second, *times, item.archived, item.draft, json.dumps(dict(item.fields)))


def listed_of(row: tuple[Any, ...]) -> ListedItem:
    id, _, updated, published, created, archived, draft, text = row
    return ListedItem(
        id, json.loads(text), updated, published, created, bool(archived), bool(draft)
    )
