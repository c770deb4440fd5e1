"""The life of a record as a page shows it: newest first, by day, each entry with its links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from service.console import record_links
from service.console.differences import Pieces, one
from service.console.record_words import AGAINST, OUTCOMES, Badge, field_name
from service.operate.record_entries import folded

_RUNS: Final = {"undo": "undo", "replay": "sent again", "reconcile": "reconcile", "remap": "remap"}


@dataclass(frozen=True, slots=True)
class LivedField:
    """What became of a field; *outcome*: in words, with what it was held against."""

    slug: str
    outcome: str
    value: Pieces | None


@dataclass(frozen=True, slots=True)
class Moment:
    """
    One entry.

    Args:
        at: The last time, where it came several *times* in a row; *since*: then the first.
        call: Method and path of the request.
        links: Word → address.
    """

    at: str
    badge: Badge
    says: str
    times: int
    since: str
    fields: Sequence[LivedField]
    call: str
    links: Mapping[str, str]


def days(life: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Moment]]]:
    """Return the entries of each day, of UTC, the newest first."""
    found = [_moment(*each) for each in folded(life)][::-1]
    return [(day, list(own)) for day, own in groupby(found, lambda each: _day(each.at))]


def _day(at: str) -> str:
    return f"{datetime.fromisoformat(at):%A, %d %B %Y}"


def _moment(entry: Mapping[str, Any], times: int, last: str) -> Moment:
    call = entry["call"] or {}
    links = {
        "run": record_links.run_link(entry["run"]),
        "delivery": record_links.delivery_link(entry["delivery"]),
        "problem": record_links.problem_link(entry["detail"].get("letter")),
    }
    return Moment(
        last,
        _BADGES.get(entry["what"], _plain)(entry),
        entry["says"],
        times,
        entry["at"],
        [_field(slug, each) for slug, each in entry["fields"].items()],
        f"{call['method']} {call['path']}" if call.get("method") else "",
        {word: address for word, address in links.items() if address},
    )


def _field(slug: str, each: Mapping[str, Any]) -> LivedField:
    outcome = OUTCOMES.get(each["outcome"], each["outcome"])
    if against := each["against"]:
        event = f"event {against['event']} of " if against["event"] else ""
        version = f", {against['version']}" if against["version"] else ""
        why = AGAINST.get(against["why"], against["why"])
        outcome += f"; {why}: {event}{against['source']}{version}"
    return LivedField(field_name(slug), outcome, _value(each))


def _value(each: Mapping[str, Any]) -> Pieces | None:
    if each["value"] is None:
        return None
    if "length" not in each:
        return one(each["value"])
    begun = str(each["value"]).removeprefix('"')
    return Pieces(f"{begun}… ({each['length']:,} characters)")


# What an entry is, in a word or two ------------------------------------------------------------


def _plain(entry: Mapping[str, Any]) -> Badge:
    return "", str(entry["what"])


def _accepted(entry: Mapping[str, Any]) -> Badge:
    return "running", _RUNS.get(entry["by"], "event")


def _answered(entry: Mapping[str, Any]) -> Badge:
    status = (entry["call"] or {}).get("status")
    if status is None:
        return "held", "no answer"
    return ("done" if status < 300 else "refused"), f"CMS {status}"


def _letter(entry: Mapping[str, Any]) -> Badge:
    return ("refused" if entry["detail"]["act"] == "dead" else "running"), "problem"


def _written_back(entry: Mapping[str, Any]) -> Badge:
    return ("refused", "not told") if entry["detail"].get("letter") else ("done", "told")


def _is(state: str, word: str) -> Callable[[Mapping[str, Any]], Badge]:
    return lambda _: (state, word)


_BADGES: Final[Mapping[str, Callable[[Mapping[str, Any]], Badge]]] = MappingProxyType(
    {
        "accepted": _accepted,
        "left-out": _is("refused", "not readable"),
        "answered": _answered,
        "not-sent": _is("held", "not sent"),
        "unanswered": _is("held", "no answer"),
        "found": _is("", "item found"),
        "missing": _is("held", "no item"),
        "edited": _is("held", "edited in the CMS"),
        "letter": _letter,
        "rewritten": _is("running", "written again"),
        "restored": _is("done", "kept"),
        "merged": _is("", "merged"),
        "blocked": _is("held", "waits"),
        "staged": _is("draft", "staged only"),
        "published": _is("done", "published"),
        "named": _is("", "slug"),
        "held": _is("held", "delete"),
        "written-back": _written_back,
    }
)
