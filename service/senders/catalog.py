"""The catalogue of senders, as plain values."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, missing

from service.senders import SENDERS
from service.senders.base import SenderKind
from service.senders.event_fields import Place
from service.senders.signing_template import Template


def listing() -> list[dict[str, Any]]:
    return [_entry(name, SENDERS[name]) for name in sorted(SENDERS)]


def _entry(name: str, kind: SenderKind) -> dict[str, Any]:
    return {
        "name": name,
        "proof": kind.proof,
        "covers_body": kind.covers_body,
        "secrets": kind.key,
        "settings": [_setting(key, each) for key, each in kind.options().fields.items()],
        "deduplicates_by": kind.dedupe,
        "dedupe_hours": round(kind.dedupe_hours, 3),
        "max_body": kind.max_body,
        "topics": list(kind.topics.examples) if kind.topics else [],
        "orders_by": kind.order,
        "retries": kind.retries,
    }


def _setting(key: str, field: fields.Field[Any]) -> dict[str, Any]:
    return {
        "key": key,
        "required": field.required,
        "default": _written(field),
        "expected": str(field.error_messages.get("invalid", ""))
        .replace("{{", "{")
        .replace("}}", "}"),
    }


def _written(field: fields.Field[Any]) -> Any:
    default: Any = field.load_default
    if default is missing:
        return None
    default = default() if callable(default) else default
    if isinstance(default, tuple) and all(isinstance(each, Place) for each in default):
        texts = [each.text for each in default]
        return texts if len(texts) > 1 else next(iter(texts), None)
    if isinstance(default, Place):
        return default.text
    if isinstance(default, Template):
        return default.text
    return list(default) if isinstance(default, tuple) else default
