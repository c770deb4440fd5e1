"""
Microsoft Dataverse. A value in a header or in the query, set when the webhook is registered.

The body is the execution context. Its changes are a list of keys and values, which mappings can
also read as ``attributes.<name>``. Times are ``/Date(milliseconds)/``; an offset does not change
the instant. Over 256 KB the values are left out.

https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from service.senders.base import SenderConfig, SenderKind
from service.senders.composed import Sender, json_object
from service.senders.event_fields import EventReader, Place, places, version
from service.senders.options import optional_choice, text
from service.senders.payload import canonical_text
from service.senders.shared_secret import SharedSecretOptions, shared_secret
from service.senders.topics import Topics

_NO_OPERATION: Final = "00000000-0000-0000-0000-000000000000"
_DATE: Final = re.compile(r"/Date\((\d{1,14})(?:[+-]\d{4})?\)/", re.ASCII)


class DataverseOptions(SharedSecretOptions):
    scheme = optional_choice("header", "query")
    parameter = text(load_default="code")


def build(config: SenderConfig) -> Sender:
    options = config.options
    named = options["scheme"] or ("header" if options["header"] else "query")
    reader = EventReader(
        id=(Place.computed("OperationId", _id),),
        topic=(Place.joined("PrimaryEntityName", "MessageName"),),
        occurred_at=places("attributes.modifiedon", "OperationCreatedOn"),
        order=_order,
        needed=frozenset({"id", "topic", "occurred_at"}),
    )
    return Sender(shared_secret(config, named), reader, _context)


def _context(headers: Mapping[str, str], body: bytes) -> Any:
    context = json_object(headers, body)
    found = _pairs(context.get("InputParameters")).get("Target")
    attributes = _pairs(found.get("Attributes")) if isinstance(found, dict) else {}
    return {"attributes": attributes} | context


def _pairs(found: Any) -> dict[str, Any]:
    """Return ``[{key, value}, …]`` as a dict."""
    pairs = found if isinstance(found, list) else ()
    return {
        pair["key"]: pair.get("value")
        for pair in pairs
        if isinstance(pair, dict) and isinstance(pair.get("key"), str)
    }


def _id(context: Any) -> Any:
    found = context.get("OperationId")
    if found != _NO_OPERATION:
        return found
    # The zero id is that of a step without its own job, shared by all of them. A retry repeats the
    # body, and a second change has another OperationCreatedOn.
    return hashlib.sha256(canonical_text(context).encode()).hexdigest()


def _order(found: Any) -> str:
    date = _DATE.fullmatch(found) if isinstance(found, str) else None
    # A small number would be read as seconds; this one is always milliseconds.
    return version(int(date[1]) / 1000 if date else found)


KIND = SenderKind(
    build,
    key="the value",
    proof="a fixed value in a header or in the query",
    dedupe="OperationId, or the whole body where that is zero",
    order="modifiedon of the row, else OperationCreatedOn (ms)",
    retries="one, on 502, 503 and 504 alone",
    options=DataverseOptions,
    topics=Topics(r"(?!.*\.(create|update|delete)$)[a-z0-9_]+\.[A-Za-z0-9_]+"),
)
