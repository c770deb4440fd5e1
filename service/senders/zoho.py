"""
Zoho CRM notifications. The token of the channel comes back in the body: the only proof.

A notice names records without their values: it becomes one event per id, as ``{…, "id": "…"}``
without the token, and with the ``affected_fields`` of that record alone. A channel expires after at
most a day and has to be renewed.

https://www.zoho.com/crm/developer/docs/api/v3/notifications/enable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, composite, places
from service.senders.options import choice, payload_place, text
from service.senders.payload import parse_json, pluck
from service.senders.shared_secret import conceal, shared_secret
from workers.errors import PayloadInvalid, SignatureInvalid


class ZohoOptions(Schema):
    scheme = choice("body-token")
    field = payload_place(load_default=Place.parse("token"))
    channel_id = text(load_default=None)


@dataclass(frozen=True, slots=True)
class Zoho(Sender):
    channel: str | None = None  # None: any

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        Sender.verify(self, headers, body, now=now)
        if self.channel is not None and _channel(body) != self.channel:
            raise SignatureInvalid("the notice is of another channel")


def _channel(body: bytes) -> str:
    try:
        return composite(parse_json(body)["channel_id"])
    except (KeyError, TypeError, ValueError, PayloadInvalid):
        return ""


def _records(_: Mapping[str, str], body: bytes) -> list[Any]:
    """Return one copy of the notice for each id in it."""
    notice = pluck(parse_json(body), "", dict)
    rest = {key: value for key, value in notice.items() if key not in ("token", "ids")}
    affected = notice.get("affected_fields")
    return [rest | {"id": id} | _affected(affected, id) for id in pluck(notice, "ids", list)]


def _affected(found: Any, id: Any) -> dict[str, Any]:
    """Return the entry of *id* in ``[{id: [names]}, …]``, if any."""
    entries = found if isinstance(found, list) and isinstance(id, str) else ()
    names = [entry[id] for entry in entries if isinstance(entry, dict) and id in entry]
    return {"affected_fields": names[0]} if names else {}


def build(config: SenderConfig) -> Zoho:
    reader = EventReader(
        id=(Place.computed("the notice's key", _key),),
        topic=(Place.joined("module", "operation"),),
        occurred_at=places("server_time"),
        each=Place.computed("ids", lambda records: records),
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    proof = shared_secret(config, "body-token")
    return Zoho(proof, reader, _records, channel=config.options["channel_id"])


def _key(record: Any) -> str | None:
    if record["id"] is None:
        return None
    keys = ("channel_id", "module", "operation", "id", "server_time")
    return composite(*(record.get(key) for key in keys))


KIND = SenderKind(
    build,
    key="the token of the channel",
    proof="a fixed value in the body",
    dedupe="channel, module, operation, record and server_time",
    order="server_time (ms)",
    retries="not known",
    options=ZohoOptions,
    conceal=conceal,
)
