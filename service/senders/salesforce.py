"""
Salesforce outbound messages. SOAP with up to 100 notifications; nothing is signed.

Two things prove a message instead: a secret path (``path_token``), and the organisation's id in the
body. The answer is a SOAP body with Ack; after any other the whole message is sent again. To order
the changes, the message has to include LastModifiedDate or SystemModstamp. A session id, if sent,
is neither used nor stored.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_om_outboundmessaging.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.etree.ElementTree import Element  # the type; soap.py reads

from marshmallow import Schema

from service.senders.base import Answer, SenderConfig, SenderKind
from service.senders.composed import Sender
from service.senders.event_fields import EventReader, Place, places
from service.senders.options import matching
from service.senders.soap import local, only, parse_xml
from service.senders.topics import Topics
from workers.errors import ConfigurationInvalid, PayloadInvalid, SignatureInvalid

_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_MESSAGE: Final = "http://soap.sforce.com/2005/09/outbound"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SESSION: Final = re.compile(
    rb"(<(?:[\w.-]+:)?SessionId\b[^>]*>)(?:[^<]|<!\[CDATA\[.*?\]\]>|<!--.*?-->)*(?=</)", re.DOTALL
)
ACK: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}"><soapenv:Body><notificationsResponse \
xmlns="{_MESSAGE}"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>
"""


class SalesforceOptions(Schema):
    organization_id = matching(
        "00D[0-9A-Za-z]{12}([0-9A-Z]{3})?",
        "15 or 18 letters and digits that begin with 00D",
        required=True,
    )


@dataclass(frozen=True, slots=True)
class OrganizationProof:
    organization: str  # its first 15 letters: the other three are a checksum

    def require(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        try:
            found = _text(only(_message(body), f"{_MESSAGE} OrganizationId"))
        except PayloadInvalid as error:
            raise SignatureInvalid(str(error)) from None
        if len(found) not in (15, 18) or found[:15] != self.organization:
            raise SignatureInvalid("the message is of another organisation")


def _payloads(_: Mapping[str, str], body: bytes) -> list[dict[str, Any]]:
    message = _message(body)
    return [_payload(each) for each in message if each.tag == f"{_MESSAGE} Notification"]


def _message(body: bytes) -> Element:
    envelope = parse_xml(body)
    if envelope.tag != f"{_ENVELOPE} Envelope":
        raise PayloadInvalid("the body is not a SOAP envelope")
    return only(only(envelope, f"{_ENVELOPE} Body"), f"{_MESSAGE} notifications")


def _payload(notification: Element) -> dict[str, Any]:
    """Return ``{Id, sObject: {type, …fields}}``, without missing members."""
    payload: dict[str, Any] = {}
    for child in notification:
        if child.tag == f"{_MESSAGE} Id":
            payload["Id"] = _text(child)
        elif child.tag == f"{_MESSAGE} sObject":
            kind = child.get(f"{_INSTANCE} type", "")
            fields = {local(each.tag): _value(each) for each in child}
            payload["sObject"] = {"type": kind.rpartition(":")[2], **fields}
    return payload


def _value(element: Element) -> Any:
    if element.get(f"{_INSTANCE} nil", "").strip() in ("true", "1"):
        return None
    if len(element):
        return {local(child.tag): _value(child) for child in element}
    return element.text or ""


def _text(element: Element) -> str:
    return "".join(element.itertext()).strip()


def build(config: SenderConfig) -> Sender:
    source = config.source
    problems = []
    if source.path_token is None:
        expected = "a secret part of the address: Salesforce signs nothing"
        problems.append(config.problem("path_token", "nothing", expected, "choose a long one"))
    elif any(secret != source.path_token for secret in source.secrets):
        expected = "none, or path_token again: Salesforce sends no other secret"
        problems.append(config.problem("secrets", "another secret", expected, "remove it"))
    if problems:
        raise ConfigurationInvalid(problems)
    reader = EventReader(
        id=places("Id"),
        topic=places("sObject.type"),
        occurred_at=places("sObject.LastModifiedDate", "sObject.SystemModstamp"),
        each=Place.computed("the notifications", lambda payload: payload),
        needed=frozenset({"id", "topic"}),
    )
    return Sender(OrganizationProof(config.options["organization_id"][:15]), reader, _payloads)


def conceal(body: bytes, _: Sequence[str]) -> bytes:
    return _SESSION.sub(rb"\1***", body)


KIND = SenderKind(
    build,
    key="none: path_token",
    proof="the address and the organisation's id",
    dedupe="Notification/Id",
    order="LastModifiedDate or SystemModstamp, if the message has it, else arrival",
    retries="for 24 hours, with gaps up to 2 hours",
    options=SalesforceOptions,
    dedupe_hours=48,
    answer=Answer(body=ACK, content_type="text/xml; charset=utf-8"),
    needs_secret=False,
    conceal=conceal,
    max_body=16 * 2**20,  # up to 100 notifications
    topics=Topics(r"[A-Za-z][A-Za-z0-9_]*"),  # the name of an object
)
