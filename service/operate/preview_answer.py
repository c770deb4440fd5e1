"""The preview of a payload as the API and the MCP server answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.config.build import Configuration
from service.operate import previews
from service.operate.preview_before import before
from service.operate.scope import Scope
from service.operate.unmatched import unmatched
from workers.delivery.context import Context


def preview_answer(
    context: Context,
    configuration: Configuration,
    source: str,
    data: bytes,
    *,
    headers: Mapping[str, str],
    scope: Scope,
    topic: str | None = None,
    fetched: bool = False,
) -> dict[str, Any]:
    """
    Return ``{changes, fetches, problems, unmatched}`` of the payload *data*; nothing is kept.

    Args:
        headers: From which the sender reads events.
        topic: Replaces the topic of every event.
        fetched: It is the result of a fetch, not a delivery.

    Raises:
        UnknownName: There is no such source.
    """
    options: dict[str, Any] = {"headers": headers, "topic": topic, "fetched": fetched}
    found, events = previews.preview_and_events(
        configuration, context.outbox, source, data, **options
    )
    found, settings = previews.within(found, scope), configuration.settings
    held = before(context.steps, settings, found.changes)
    others = unmatched(configuration, source, found, events, scope.collections)
    return previews.as_dict(found, settings, held, others)
