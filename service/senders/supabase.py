"""
Supabase database webhooks. A row trigger posts the old and the new row; nothing is signed.

A header set on the trigger is the proof: a bearer token, or ``header = "…"``. There is no event id:
the table and the body identify an event, but only if the row has its time of change. A delivery not
answered within a second is lost, so reconcile. A change without a time of its own is ordered right
after the row that it replaces.

https://supabase.com/docs/guides/database/webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import Sender, json_object
from service.senders.event_fields import EventReader, Place, composite, utc_version
from service.senders.options import optional_choice, payload_place
from service.senders.shared_secret import SharedSecretOptions, shared_secret
from service.senders.topics import Topics
from workers.model.versions import right_after


class SupabaseOptions(SharedSecretOptions):
    scheme = optional_choice("bearer", "basic", "header", "query")
    occurred_at = payload_place(load_default=Place.parse("record.updated_at"))


@dataclass(frozen=True, slots=True)
class Supabase(Sender):
    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        payload = json_object(headers, body)
        for event in self.reader.events(headers, payload):
            if event.problems:
                yield event
                continue
            before = self._before(headers, payload)
            # A time that the write did not change belongs to the row before.
            if event.version is None or event.version == before:
                yield self._after(event, before, payload)
                continue
            table = f"{payload['schema']}.{payload['table']}"
            yield replace(event, id=composite(table, hashlib.sha256(body).hexdigest()))

    def _before(self, headers: Mapping[str, str], payload: dict[str, Any]) -> str | None:
        """Return the version of the row that is replaced; an insert replaces none."""
        if payload.get("type") == "INSERT":
            return None
        old = payload | {"record": payload.get("old_record")}
        before = next(self.reader.events(headers, old))
        return None if before.problems else before.version

    def _after(self, event: Event, before: str | None, payload: dict[str, Any]) -> Event:
        """Order *event*, which has no time of its own, right after the row that it replaces."""
        if payload.get("type") == "INSERT":
            return replace(event, placed="first")
        if before is None:
            return event
        return replace(event, version=right_after(before), placed="after")


def build(config: SenderConfig) -> Supabase:
    reader = EventReader(
        topic=(Place.joined("schema", "table", "type"),),
        occurred_at=(config.options["occurred_at"],),
        order=utc_version,
        needed=frozenset({"topic"}),
    )
    return Supabase(shared_secret(config, "bearer"), reader)


KIND = SenderKind(
    build,
    key="the value that the trigger's header carries",
    proof="a fixed value in a header",
    dedupe="table and body, for five minutes, where the row has the time of its change",
    order="record.updated_at, or another column by `occurred_at`; else after that of old_record",
    retries="none",
    options=SupabaseOptions,
    dedupe_hours=1 / 12,
    max_body=8 * 2**20,  # rows, old and new; a refused one is lost
    topics=Topics(r"(?s:.+)\.(?s:.+)\.(INSERT|UPDATE|DELETE|TRUNCATE)"),
)
