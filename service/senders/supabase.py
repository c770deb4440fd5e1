"""
Supabase database webhooks. A row trigger posts old and new row; nothing is signed.

The headers set on the trigger are the proof: a bearer token, or ``header = "…"``. No event id: rows
and bodies tell events apart, and only where the row has the time of its change. A delivery that is
not answered within a second is lost, so reconcile.

https://supabase.com/docs/guides/database/webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from service.senders.base import Event, Given, Kind
from service.senders.carried import Carried, CarriedOptions, carried
from service.senders.options import PayloadPlace, optional_choice
from service.senders.payload import parse_json, pluck
from service.senders.reading import Place, Reading, composite, utc_version
from service.senders.topics import Topics


class Options(CarriedOptions):
    scheme = optional_choice("bearer", "basic", "header", "query")
    occurred_at = PayloadPlace(load_default=lambda: Place.parse("record.updated_at"))


@dataclass(frozen=True, slots=True)
class Supabase:
    proof: Carried
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        self.proof.require(headers, body, now=now)

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        payload = pluck(parse_json(body), "", dict)
        for event in self.reading.events(headers, payload):
            if not event.version or event.problems:
                yield event
                continue
            table = f"{payload['schema']}.{payload['table']}"
            yield replace(event, id=composite(table, hashlib.sha256(body).hexdigest()))


def build(given: Given) -> Supabase:
    reading = Reading(
        topic=(Place.computed("schema, table and type", _topic),),
        occurred_at=(given.options["occurred_at"],),
        order=utc_version,
        needed=frozenset({"topic"}),
    )
    return Supabase(carried(given, "bearer"), reading)


def _topic(payload: Any) -> str:
    return ".".join(pluck(payload, key, str) for key in ("schema", "table", "type"))


TOPICS: Final = Topics(r"(?s:.+)\.(?s:.+)\.(INSERT|UPDATE|DELETE|TRUNCATE)")

KIND = Kind(
    Options,
    build,
    key="the value that the trigger's header carries",
    proof="a fixed value in a header",
    dedupe="table and body, for five minutes, where the row has the time of its change",
    order="record.updated_at, or another column by `occurred_at`; else arrival",
    retries="none",
    dedupe_hours=1 / 12,
    max_body=8 * 2**20,  # rows, old and new; a refused one is lost
    knows_topic=TOPICS,
)
