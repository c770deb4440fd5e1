"""A realistic delivery of a source, signed as its system would: what `instep trigger` sends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from service.onboarding.payload_edit import parsed, placed, steps_of
from service.onboarding.sample_events import ANY_TOPIC, Occasion, Sample, samples
from service.onboarding.signing import Outgoing, sign
from service.senders.configured_sender import ConfiguredSender
from service.senders.event_fields import FORM, Place
from service.senders.shared_secret import SharedSecret
from workers.config.settings import Source
from workers.errors import SelectionInvalid, UnknownName

_NAME: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")


def delivery(
    source: Source,
    sender: ConfiguredSender,
    topic: str,
    changes: Sequence[tuple[str, str]],
    occasion: Occasion,
) -> Outgoing:
    """
    Return a signed request of *source*, as its system would send it for *topic*.

    Args:
        sender: Of the source.
        changes: Path in the payload → value, JSON or else text.
        occasion: Makes the event a new one.

    Raises:
        UnknownName: No sample of this topic ships; the message lists those that do.
        SelectionInvalid: A path does not fit the payload.
        RequestRefused: Nothing here can sign for this source.
    """
    sample = _at_places(source, sender, _chosen(source, topic, occasion), topic, occasion)
    for path, text in changes:
        sample = _changed(sample, path, text)
    sample = _carrying(sample, sender)
    headers = {name.lower(): value for name, value in sample.headers.items()}
    request = Outgoing(headers, _written(sample), occasion.id, occasion.at)
    return sign(sender.senders[0].proof, request)


def address(base: str, source: Source) -> str:
    """Return the URL of *source* below *base*, the address of the web processes."""
    token = f"/{quote(source.path_token, safe='')}" if source.path_token else ""
    return f"{base.rstrip('/')}/webhooks/{source.name}{token}"


def _chosen(source: Source, topic: str, occasion: Occasion) -> Sample:
    held = samples(source.sender, occasion)
    if topic in held:
        return held[topic]
    if held and source.sender in ANY_TOPIC:
        return next(iter(held.values()))
    expected = f"one of {', '.join(held)}" if held else "a sender with samples"
    raise UnknownName(f"topic {topic!r}", expected, "use one of them, or send a real delivery")


def _at_places(
    source: Source, sender: ConfiguredSender, sample: Sample, topic: str, occasion: Occasion
) -> Sample:
    """Return *sample* with id, topic and time where an own system's source reads them."""
    if source.sender not in ANY_TOPIC:
        return sample
    reader = sender.senders[0].reader
    payload, headers = sample.payload, dict(sample.headers)
    values = (
        (reader.id, occasion.id),
        (reader.topic, topic),
        (reader.occurred_at, _time(occasion)),
    )
    for places, value in values:
        for place in places[:1]:
            payload = _put(payload, headers, place, value)
    if reader.each is not None:
        payload = placed({}, steps_of(reader.each.text), [payload])
    sample = Sample(headers, payload)
    if (field := sender.senders[0].field) is not None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        named = {name.removeprefix(FORM): each for name, each in headers.items() if ":" in name}
        rest = {name: each for name, each in headers.items() if ":" not in name}
        return Sample(rest | form, named | {field: payload}, field)
    return sample


def _time(occasion: Occasion) -> Any:
    return occasion.values()["{now}"]


def _put(payload: Any, headers: dict[str, str], place: Place, value: Any) -> Any:
    """Put *value* at *place* of a header or a form, else return *payload* with it."""
    if place.header is not None:
        headers[place.header.lstrip(":")] = value
        return payload
    # Of "event_type || type" the first name is read first.
    name = _NAME.match(place.text)
    return placed(payload, steps_of(name[0]), value) if name else payload


def _changed(sample: Sample, path: str, text: str) -> Sample:
    if isinstance(sample.body, str):
        found = "a payload that is XML"
        raise SelectionInvalid(found, "JSON, where a value can be set", "leave out --set")
    if isinstance(sample.payload, list) and not path.startswith("["):
        # A system that sends its events as a list: the one that is there is meant.
        first = placed(sample.payload[0], steps_of(path), parsed(text))
        return sample.with_payload([first, *sample.payload[1:]])
    return sample.with_payload(placed(sample.payload, steps_of(path), parsed(text)))


def _carrying(sample: Sample, sender: ConfiguredSender) -> Sample:
    """Return *sample* with the secret in its body, where that is the proof."""
    proof = sender.senders[0].proof
    if not isinstance(proof, SharedSecret) or proof.place is None:
        return sample
    steps, secret = steps_of(proof.place.text), proof.values[0].decode()
    # Of a form it is a field beside the one with the payload.
    return replace(sample, body=placed(sample.body, steps, secret))


def _written(sample: Sample) -> bytes:
    if isinstance(sample.body, str):
        return sample.body.encode()
    if sample.form:
        fields: Mapping[str, Any] = sample.body
        texts = {
            name: each if isinstance(each, str) else _json(each) for name, each in fields.items()
        }
        return urlencode(texts).encode()
    return _json(sample.body).encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
