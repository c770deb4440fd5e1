"""
Debezium Server's HTTP sink. One change, a batch of them, or CloudEvents.

Message ids change with every restart, and restarts send again: so the position in the database's
log and the row make the event id. The position is the version, too (`debezium_positions`). A
permanent refusal stops the connector, so unreadable changes become dead letters. Messages without a
record (transaction boundaries, schema changes, heartbeats) are ignored.

https://debezium.io/documentation/reference/stable/operations/debezium-server.html
https://debezium.io/documentation/reference/stable/integrations/cloudevents.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from service.senders import debezium_positions
from service.senders.base import Event, SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.debezium_rows import PLACEHOLDER, readable
from service.senders.event_fields import EventReader, Place, composite
from service.senders.options import optional_choice, payload_place, seconds, text
from service.senders.payload import canonical_text, parse_json, pluck
from service.senders.shared_secret import SharedSecretOptions, shared_secret
from service.senders.standard_signature import standard_signature
from service.senders.topics import Topics

_EXTENSION: Final = "iodebezium"
_CLOUD_NAMES: Final = {"txid": "txId", "tsms": "ts_ms", "tsus": "ts_us"}
_BOUNDARY: Final = {"status", "id", "event_count", "data_collections", "ts_ms", "ts_us", "ts_ns"}
_POSITIONS: Final = ("lsn", "txId", "file", "pos", "row", "scn", "change_lsn", "event_serial_no")


class DebeziumOptions(SharedSecretOptions):
    scheme = optional_choice("standard-webhooks", "bearer", "basic", "header", "query")
    tolerance = seconds(300.0)
    key = payload_place(load_default=None)
    placeholder = text(load_default=PLACEHOLDER)


@dataclass(frozen=True, slots=True)
class Debezium(Sender):
    def events(self, headers: Mapping[str, str], body: bytes) -> Iterator[Event]:
        for event in Sender.events(self, headers, body):
            yield _nothing(event) if _is_recordless(event.payload) else _placed(event)


def build(config: SenderConfig) -> Debezium:
    options = config.options
    signed = not (options["header"] or options["parameter"])
    scheme = options["scheme"] or ("standard-webhooks" if signed else "")
    proof = (
        standard_signature(config)
        if scheme == "standard-webhooks"
        else shared_secret(config, scheme)
    )
    key: Place | None = options["key"]
    reader = EventReader(
        id=(Place.computed("source", lambda change: _id(change, key)),),
        topic=(Place.computed("source and op", _topic),),
        occurred_at=(Place.computed("source", lambda change: change["source"]),),
        order=debezium_positions.order,
        each=Place.computed("the body", lambda changes: changes),
        needed=frozenset({"id", "topic"}),
    )
    return Debezium(proof, reader, partial(_changes, options["placeholder"]))


def _changes(placeholder: str, _: Mapping[str, str], body: bytes) -> list[Any]:
    payload = parse_json(body)
    changes = payload if isinstance(payload, list) else [payload]
    return [readable(_change(each), placeholder) for each in changes]


def _placed(event: Event) -> Event:
    if event.version is None:
        return event
    return replace(event, log=debezium_positions.log_of(event.payload["source"], event.version))


def _change(found: Any) -> Any:
    """Return ``{before, after, source, op}`` without its wrapper."""
    if not isinstance(found, dict):
        return found
    if "specversion" in found:
        return _of_cloud(found)
    wrapped = found.get("payload")
    return wrapped if "schema" in found and isinstance(wrapped, dict) else found


def _of_cloud(event: dict[str, Any]) -> Any:
    data = _change(event["data"]) if isinstance(event.get("data"), dict) else {}
    if _is_recordless(data):
        return data
    extensions = {
        name.removeprefix(_EXTENSION): value
        for name, value in event.items()
        if name.startswith(_EXTENSION)
    }
    source = {_CLOUD_NAMES.get(name, name): value for name, value in extensions.items()}
    return {"source": source, "op": source.get("op"), **data}


def _nothing(event: Event) -> Event:
    return replace(event, id=None, topic=None, version=None, problems=(), ping=True)


def _is_recordless(found: Any) -> bool:
    """Tell whether *found* is a message of Debezium without a record."""
    if not isinstance(found, dict):
        return False
    if "op" in found:  # "m": a message written into PostgreSQL's log
        return found["op"] == "m" and isinstance(found.get("message"), dict)
    boundary = found.get("status") in ("BEGIN", "END") and found.keys() <= _BOUNDARY
    schema = isinstance(found.get("source"), dict) and ("ddl" in found or "tableChanges" in found)
    return boundary or schema or found.keys() == {"ts_ms"}


def _table(source: Any) -> str:
    folder = source.get("schema") or pluck(source, "db", str)
    return f"{folder}.{source.get('table') or pluck(source, 'collection', str)}"


def _topic(change: Any) -> str:
    return f"{_table(change['source'])}.{pluck(change, 'op', str)}"


def _id(change: Any, key: Place | None) -> str:
    source = pluck(change, "source", dict)
    at = [source[name] for name in _POSITIONS if source.get(name) is not None]
    row = change.get("after") or change.get("before")
    found = key.find({}, row) if key else None
    # Without a key the whole row counts: sent again, it is the same.
    who = hashlib.sha256(canonical_text(row).encode()).hexdigest()[:16] if found is None else found
    if not at:  # no log position: a time, and in MongoDB the ordinal within its second
        at = [source.get("ts_us") or source.get("ts_ms")]
        at += [] if source.get("ord") is None else [source["ord"]]
    return composite(source.get("name"), _table(source), *at, who)


KIND = SenderKind(
    build,
    key="whsec_…; with another `scheme` what that carries",
    proof="Standard Webhooks v1, a bearer token, or a fixed value in a header",
    dedupe="server, table, position in the log, and row (by `key`, else whole)",
    order="position, by log: last commit and lsn, or file, pos and row, or scn; else source.ts_ms",
    retries="4 within seconds, then the connector stops",
    options=DebeziumOptions,
    dedupe_hours=168,
    covers_body=True,
    sequenced=True,
    max_body=32 * 2**20,  # batches of 200 rows; a refusal stops the connector
    topics=Topics(r"(?s:.+)\.(?s:.+)\.[cudrt]"),  # database, table and op
)
