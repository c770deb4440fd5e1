"""The life of a record, entry by entry, ready for JSON, with a sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from service.operate.moments import at
from service.operate.record_versions import readable
from workers.model.lives import Against, Entry, FieldFate, Request
from workers.model.problem_words import problem_words
from workers.model.retirement import shown_slug

# In P4 an outcome that is none of its words is one of these.
_FATES: Final = {
    "again": "pending",
    "not sent": "pending",
    "held": "pending",
    "unknown": "pending",
    "overtaken": "superseded",
    "edited": "written",
}
_WHY: Final = {
    "paused": "sending is paused",
    "publish": "the site is to be published first",
    "plan": "the plan has no room",
    "budget": "the budget is spent",
    "unknown": "whether the CMS took it is unknown",
    "lookup": "its item is looked up again",
    "alone": "it goes by itself next",
    "status": "the status of its item is read first",
    "staged": "it is written staged only",
    "publishing": "its item is published next",
    "late": "another request had its place by then",
}
_MISSING: Final = {
    "create": "it is to be created",
    "dead-letter": "its values are in a dead letter",
    "ignore": "its values are ignored",
    "retired": "there is nothing to retire",
    "incomplete": "none can be created of what is known",
}
_EDITS: Final = {
    "edited": "the item was edited in the CMS",
    "deleted": "the item was deleted in the CMS",
    "unpublished": "the item was unpublished in the CMS",
    "gone": "a listing no longer showed the item",
    "moved": "the item has another key in the CMS",
    "twin": "an older item has the same key",
}
_ACTS: Final = {
    "replay": "was replayed",
    "discard": "was discarded",
    "again": "is sent again",
    "dead": "took values that were refused",
}


# What became of a retirement that was held.
_HELD: Final = {
    "asked": "its delete is one of many: they wait for approval",
    "sent": "its delete no longer waits for others",
    "approved": "its delete was approved by {}",
    "dropped": "its delete was dropped by {}",
    "ended": "its delete, which was held, is overtaken",
    "nothing": "its delete no longer waits: there is no item",
}


def life_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the entries as `life` of the contract, oldest first."""
    return [_entry(each) for each in entries]


def folded(life: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], int, str]]:
    """Yield each of the `life_entries` with how often it came in a row, and when last."""
    for _, same in groupby(life, lambda each: {**each, "at": None, "detail": None}):
        entries = list(same)
        yield entries[0], len(entries), entries[-1]["at"]


def lived_values(entries: Iterable[Entry]) -> Iterator[tuple[str, Any]]:
    """Yield slug and value of all that was ever accepted, as far as it is kept whole."""
    for entry in entries:
        for slug, each in entry.fields.items():
            if each.told and each.length is None:
                yield slug, each.value


def _entry(entry: Entry) -> dict[str, Any]:
    delivery = f"{entry.source}-{entry.delivery}" if entry.delivery else None
    return {
        "at": at(entry.at),
        "what": entry.what,
        "says": says(entry),
        "by": entry.by or None,
        "run": entry.run,
        "source": entry.source,
        "delivery": delivery,
        "event": entry.event,
        "topic": entry.topic,
        "mapping": entry.mapping,
        "proof": entry.proof,
        "fields": {shown_slug(slug): _fate(each) for slug, each in entry.fields.items()},
        "call": _call(entry.call) if entry.call else None,
        "detail": {name: _plain(value) for name, value in entry.detail.items()},
    }


def _fate(each: FieldFate) -> dict[str, Any]:
    found: dict[str, Any] = {
        "value": each.value,
        "fate": _FATES.get(each.fate, each.fate),
        "outcome": each.fate,
        "against": _against(each.against) if each.against else None,
    }
    if each.length is not None:
        found["length"] = each.length
    return found


def _against(against: Against) -> dict[str, Any]:
    return {
        "why": against.why,
        "source": against.source,
        "event": against.event,
        "version": readable(against.version or ""),
        "own": readable(against.own or ""),
    }


def _call(call: Request) -> dict[str, Any]:
    names = ("method", "path", "status", "code", "message")
    return {name: getattr(call, name) or None for name in names}


def _plain(value: Any) -> Any:
    return at(value) if hasattr(value, "isoformat") else value


# For people -------------------------------------------------------------------------------------


def says(entry: Entry) -> str:
    """Return what happened, in a sentence without its end."""
    return _SAYS.get(entry.what, _other)(entry)


def _word(words: Mapping[str, str], name: str) -> str:
    return words.get(name, name)


def _other(entry: Entry) -> str:
    return entry.what


def _accepted(entry: Entry) -> str:
    if entry.by == "undo":
        return f"the undo {entry.run} put back what was there before"
    event = f"event {entry.event}" if entry.event else "an event without an id"
    of = f" of {entry.source}" if entry.source else ""
    by = f", by {_who(entry)}" if entry.by not in ("", entry.source) else ""
    topic = f", topic {entry.topic}" if entry.topic else ""
    mapping = f", mapping {entry.mapping}" if entry.mapping else ""
    return f"{event}{of}{topic}{mapping}{by}"


def _who(entry: Entry) -> str:
    return f"{entry.by} ({entry.run})" if entry.run else entry.by


def _left_out(entry: Entry) -> str:
    problems = "; ".join(problem_words(p["path"], p["message"]) for p in entry.detail["problems"])
    letter = entry.detail["letter"]
    return f"{_accepted(entry)} could not be read whole: dead letter {letter}: {problems}"


def _answered(entry: Entry) -> str:
    call, detail = entry.call, entry.detail
    if call is None:
        return "answered"
    if call.status is None:
        said = call.message or "the CMS did not answer"
        if any(each.fate == "written" for each in entry.fields.values()):
            said = f"the CMS took what was sent; the rest was {said}"
    else:
        code = f" {call.code}" if call.code else ""
        message = f": {call.message}" if call.message else ""
        said = f"the CMS answered {call.status}{code}{message}"
    why = _WHY.get(detail.get("why") or "")
    again = f"; again in {detail['wait']:g} s" if detail.get("wait") else ""
    problems = [
        problem_words(each["path"], each["message"])
        for each in detail.get("problems") or ()
        if each["message"] not in said
    ]
    return "; ".join([said, *problems, *([why] if why else ())]) + again


def _not_sent(entry: Entry) -> str:
    message = entry.call.message if entry.call else None
    wait = entry.detail.get("wait")
    again = f"; again in {wait:g} s" if wait else ""
    if message == "no request":
        return f"nothing was sent; the collection's schema is read first{again}"
    if message == "left out":
        return f"the request went without it; it goes again{again.removeprefix('; again')}"
    return f"not sent: {message or 'no connection'}{again}"


def _unanswered(entry: Entry) -> str:
    sent = at(entry.detail["sent"])
    return f"the request sent at {sent} had no answer; it may have been carried out"


def _letter(entry: Entry) -> str:
    detail = entry.detail
    why = f" ({detail['why']})" if detail.get("why") else ""
    act = _ACTS.get(detail["act"], detail["act"])
    return f"the dead letter {detail['letter']}{why} {act}{_in_run(entry)}"


def _in_run(entry: Entry) -> str:
    return f" by {_who(entry)}" if entry.run else ""


def _blocked(entry: Entry) -> str:
    names, more = entry.detail["keys"], entry.detail["number"]
    count = f" and {more - len(names)} more" if more and more > len(names) else ""
    return f"waits for {', '.join(names)}{count} of {entry.detail['collection']}"


def _written_back(entry: Entry) -> str:
    detail = entry.detail
    status = f", {detail['status']}" if detail.get("status") else ""
    if detail.get("letter"):
        why = f": {detail['message']}" if detail.get("message") else status
        return f"not told {detail['writeback']}: {detail['event']}{why}"
    return f"told {detail['writeback']}: {detail['event']}{status}"


def _named(entry: Entry) -> str:
    instead = entry.detail.get("instead")
    return f"its slug is {entry.detail['slug']}" + (f", since {instead} was taken" * bool(instead))


_PUBLISHED: Final = {
    "item": "its item was published, and seen live",
    "site": "the site was published, and its item seen as it is staged",
}
_SAYS: Final[Mapping[str, Callable[[Entry], str]]] = {
    "accepted": _accepted,
    "left-out": _left_out,
    "answered": _answered,
    "not-sent": _not_sent,
    "unanswered": _unanswered,
    "found": lambda entry: f"its item is {entry.detail['item']}",
    "missing": lambda entry: f"no item has its key: {_word(_MISSING, entry.detail['becomes'])}",
    "edited": lambda entry: _word(_EDITS, entry.detail["what"]),
    "letter": _letter,
    "rewritten": lambda entry: f"its values are to be written once more{_in_run(entry)}",
    "restored": lambda _: "its delete was taken back",
    "merged": lambda entry: f"the record {entry.detail['key']}, which is the same, was merged",
    "blocked": _blocked,
    "staged": lambda entry: f"only its staged copy is written: {entry.detail['why']}",
    "published": lambda entry: _word(_PUBLISHED, entry.detail["by"]),
    "named": _named,
    "written-back": _written_back,
    "held": lambda entry: _HELD[entry.detail["act"]].format(entry.detail["by"]),
}
