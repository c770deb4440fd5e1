"""The form that shows what a payload would write: what is typed in it, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.operate.deliveries import show_delivery
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.preview_answer import preview_answer
from service.operate.problems import show_letter
from service.operate.scope import Scope
from service.operate.selection import is_seen

LARGEST: Final = 300_000  # bytes of a body that is put into the form
HEADERS: Final = 50
_JSON: Final = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Payload:
    """
    What is in the form.

    Args:
        headers: A line for each, ``Name: value``.
        fetched: The body is a fetched object, not a delivery.
        origin: Where it was taken from, in words; "": it was typed.
        lacks: Why the form is empty, though it was to be filled.
    """

    body: str = ""
    topic: str = ""
    headers: str = ""
    fetched: bool = False
    origin: str = ""
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """
    What a payload would write.

    Args:
        changes, fetches, problems, unmatched: As ``/api/preview`` answers.
        reads: The headers that the sender reads beside the body.
    """

    changes: list[dict[str, Any]]
    fetches: list[dict[str, str]]
    problems: list[dict[str, str]]
    unmatched: list[dict[str, str]]
    reads: tuple[str, ...] = field(default=())


def of_form(form: Mapping[str, str]) -> Payload:
    return Payload(
        form.get("body", ""),
        form.get("topic", "").strip(),
        form.get("headers", ""),
        fetched=form.get("fetched") == "1",
    )


def of_delivery(parts: Parts, scope: Scope, source: str, id: str) -> Payload:
    """Return the delivery *id* of *source* as a payload."""
    origin = f"delivery {id}"
    found = None
    if id.rpartition("-")[0] == source:
        found = show_delivery(
            parts.context,
            id,
            scope=scope,
            configuration=parts.configuration,
            body_most=LARGEST,
        )
    if found is None:
        return Payload(lacks=f"There is no {origin}, or no longer.")
    if found["body"] is None:
        return Payload(lacks=f"The body of {origin} was not kept.")
    if found["encoding"] != "text" or found["cut"]:
        return Payload(
            lacks=f"The body of {origin} is binary, or too large for this form: use instep preview."
        )
    headers = dict(found["headers"])
    fetched = "fetcher" in headers
    topic = headers.get("topics", "").partition(",")[0] if fetched else ""
    shown = "" if fetched else "\n".join(f"{name}: {value}" for name, value in headers.items())
    return Payload(found["body"], topic, shown, fetched, origin)


def of_letter(parts: Parts, scope: Scope, source: str, id: str) -> Payload:
    """Return the event that the problem's failure *id* holds as a payload."""
    found = show_letter(parts.context, id)
    if found is None or found["source"] != source:
        return Payload(lacks=f"There is no failure {id} of this source, or no longer.")
    if not is_seen(scope, found["collection"], found["source"]) or not found.get("body"):
        return Payload(lacks=f"The payload of failure {id} was not kept.")
    return Payload(found["body"], found.get("topic") or "", "", origin=f"failure {id}")


def try_out(parts: Parts, scope: Scope, source: str, payload: Payload) -> Trial:
    """
    Return what *payload* would write; nothing is verified, kept or sent.

    Raises:
        FilterInvalid: It is empty, or a line of its headers is none.
    """
    if not payload.body.strip():
        raise FilterInvalid("no payload", "the body of a delivery", "paste it")
    headers = headers_of(payload.headers)
    told = preview_answer(
        parts.context,
        parts.configuration,
        source,
        payload.body.encode("utf-8", "surrogatepass"),
        headers=headers,
        scope=scope,
        topic=payload.topic or None,
        fetched=payload.fetched,
    )
    reads = () if payload.fetched else tuple(parts.configuration.senders[source].headers)
    lacking = tuple(name for name in reads if name.lower() not in headers)
    return Trial(**told, reads=lacking)


def headers_of(text: str) -> dict[str, str]:
    """Return the headers of *text*, a line each; raises FilterInvalid if a line is none."""
    found = dict(_JSON)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > HEADERS:
        raise FilterInvalid(f"{len(lines)} headers", f"at most {HEADERS}", "leave some out")
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and name.strip()):
            raise FilterInvalid(repr(line[:80]), "a line such as X-Topic: value", "correct it")
        found[name.strip().lower()] = value.strip()
    return found
