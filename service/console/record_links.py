"""Addresses of other pages that a record names; None for a page that this release has not."""

from __future__ import annotations

from flask import url_for

from service.console.links import link_of


def run_link(id: str | None) -> str | None:
    return link_of("runs.run", id=id) if id else None


def problem_link(letter: str | None) -> str | None:
    """Return the address of one failure, by the id of its letter."""
    return link_of("problems.failure", letter=letter) if letter else None


def delivery_link(id: str | None) -> str | None:
    """Return the address of a delivery; *id* as ``instep deliveries`` shows it."""
    source, dash, _ = (id or "").rpartition("-")
    return link_of("sources.delivery", name=source, id=id) if dash else None


def record_link(collection: str, key: str) -> str:
    return url_for("records.record", collection=collection, key=key)
