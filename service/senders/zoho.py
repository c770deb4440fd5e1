"""
Zoho CRM notifications. The token of the channel comes back in the body: the only proof.

A notice names records, not what they hold: one event for each id, as ``{…, "id": "…"}`` without
the token, and with the ``affected_fields`` of that record alone. A channel ends after a day at
most and has to be renewed.

https://www.zoho.com/crm/developer/docs/api/v3/notifications/enable.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.senders.base import Event, Given, Kind
from service.senders.event_fields import Place, Reading, composite, places
from service.senders.options import Options as SenderOptions
from service.senders.options import PayloadPlace, Text, choice
from service.senders.payload import parse_json, pluck
from service.senders.shared_secret import Carried, conceal, secrets
from workers.errors import PayloadInvalid, SignatureInvalid


class Options(SenderOptions):
    scheme = choice("body-token")
    field = PayloadPlace(load_default=lambda: Place.parse("token"))
    channel_id = Text(load_default=None)


@dataclass(frozen=True, slots=True)
class Zoho:
    proof: Carried
    channel: str | None  # None: any
    reading: Reading

    @property
    def headers(self) -> tuple[str, ...]:
        return self.reading.headers

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        self.proof.require(headers, body, now=now)
        if self.channel is not None and _channel(body) != self.channel:
            raise SignatureInvalid("the notice is of another channel")

    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        return self.reading.events(headers, list(_records(pluck(parse_json(body), "", dict))))


def _channel(body: bytes) -> str:
    try:
        return composite(parse_json(body)["channel_id"])
    except (KeyError, TypeError, ValueError, PayloadInvalid):
        return ""


def _records(notice: dict[str, Any]) -> Iterator[Any]:
    """Yield the notice once for each id in it."""
    rest = {key: value for key, value in notice.items() if key not in ("token", "ids")}
    for id in pluck(notice, "ids", list):
        yield rest | {"id": id} | _affected(notice.get("affected_fields"), id)


def _affected(found: Any, id: Any) -> dict[str, Any]:
    """Return what ``[{id: [names]}, …]`` says of *id*, if it says anything."""
    entries = found if isinstance(found, list) and isinstance(id, str) else ()
    names = [entry[id] for entry in entries if isinstance(entry, dict) and id in entry]
    return {"affected_fields": names[0]} if names else {}


def build(given: Given) -> Zoho:
    reading = Reading(
        id=(Place.computed("the notice's key", _key),),
        topic=(Place.computed("module and operation", _topic),),
        occurred_at=places("server_time"),
        each=Place.computed("ids", lambda records: records),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    proof = Carried(secrets(given, "body-token"), "body-token", place=given.options["field"])
    return Zoho(proof, given.options["channel_id"], reading)


def _key(record: Any) -> str | None:
    if record["id"] is None:
        return None
    keys = ("channel_id", "module", "operation", "id", "server_time")
    return composite(*(record.get(key) for key in keys))


def _topic(record: Any) -> str:
    return f"{pluck(record, 'module', str)}.{pluck(record, 'operation', str)}"


KIND = Kind(
    Options,
    build,
    key="the token of the channel",
    proof="a fixed value in the body",
    dedupe="channel, module, operation, record and server_time",
    order="server_time (ms)",
    retries="not known",
    conceal=conceal,
)
