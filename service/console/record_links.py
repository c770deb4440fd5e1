"""Addresses of other pages that a record names; None for a page that this release has not."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for


def run_link(id: str | None) -> str | None:
    return _link("runs.run", id=id) if id else None


def problem_link(letter: str | None) -> str | None:
    """Return the address of one failure, by the id of its letter."""
    return _link("problems.failure", letter=letter) if letter else None


def delivery_link(id: str | None) -> str | None:
    """Return the address of a delivery; *id* as ``instep deliveries`` shows it."""
    source, dash, _ = (id or "").rpartition("-")
    return _link("sources.delivery", name=source, id=id) if dash else None


def record_link(collection: str, key: str) -> str:
    return url_for("records.record", collection=collection, key=key)


def _link(endpoint: str, **values: Any) -> str | None:
    """Return the address of *endpoint* where its route takes these *values*."""
    if endpoint not in current_app.view_functions:
        return None
    rules = current_app.url_map.iter_rules(endpoint)
    fits = any(rule.arguments == values.keys() for rule in rules)
    return url_for(endpoint, **values) if fits else None
