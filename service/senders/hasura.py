"""
Hasura event triggers. A header set on the trigger is the proof; the id is the same for retries.

Up to 100 deliveries come at once, in any order. Hasura obeys a Retry-After for ever.

https://hasura.io/docs/2.0/event-triggers/payload/
"""

from __future__ import annotations

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, places, utc_version
from service.senders.options import optional_choice
from service.senders.shared_secret import SharedSecretOptions, shared_secret


class HasuraOptions(SharedSecretOptions):
    scheme = optional_choice("header", "bearer", "basic", "query")


def build(config: SenderConfig) -> Sender:
    reader = EventReader(
        id=places("id"),
        topic=places("trigger.name"),
        occurred_at=places("created_at"),
        order=utc_version,
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(shared_secret(config, "header"), reader)


KIND = SenderKind(
    build,
    key="the value that the trigger's header carries",
    proof="a fixed value in a header",
    dedupe="id",
    order="created_at (µs)",
    retries="0 by default, as many as the trigger is set to",
    options=HasuraOptions,
    dedupe_hours=168,
    max_body=8 * 2**20,  # rows, old and new
)
