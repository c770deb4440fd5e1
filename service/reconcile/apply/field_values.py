"""Findings as values for the outbox, with what the listing showed in their place."""

from __future__ import annotations

from collections.abc import Iterable

from service.reconcile.plan.causes import Finding
from service.reconcile.plan.model import SourceField
from workers.fields.shown_value import shown_value
from workers.model.changes import FieldValue


def wanted_of(findings: Iterable[Finding]) -> list[SourceField]:
    return [
        SourceField(
            f.slug or "",
            f.source or "null",
            f.type,
            f.version,
            f.mapping,
            f.on_create,
            before=shown_of(f),
        )
        for f in findings
    ]


def shown_of(finding: Finding) -> tuple[str, str] | None:
    """Return what the listing showed of a field, as JSON text, and its type; None: unknown."""
    if finding.item is None or not finding.type:
        return None
    return shown_value(finding.type, finding.cms)


def field_value(wanted: SourceField) -> FieldValue:
    before, kind = wanted.before or (None, "")
    own = (wanted.slug, wanted.value, wanted.type, wanted.on_create)
    return FieldValue(*own, before=before, before_type=kind)


def change_of(wanted: SourceField) -> tuple[str, str]:
    """Return mapping and version of the change that carries a value."""
    return wanted.mapping, wanted.version
