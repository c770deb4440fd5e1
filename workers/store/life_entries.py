"""
Entries of the lives of records, as ``lua/lib/life_entries.lua`` stores them.

Only these two files know the codes of an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from workers.model.lives import Against, Entry, FieldFate, Request
from workers.model.retirement import GONE

# What wrote last: a source is named by itself.
_BY: Final = {"c": "reconcile", "m": "remap", "u": "undo", "y": "replay", "e": "editor"}
_FATES: Final = {
    "p": "pending",
    "u": "unchanged",
    "s": "stale",
    "x": "superseded",
    "i": "ignored",
    "d": "discarded",
    "k": "dead",
    "w": "written",
    "o": "overtaken",  # a newer value came while it was sent
    "q": "unknown",  # whether the CMS took it
    "z": "again",  # it is sent once more
    "n": "not sent",  # the request did not carry it
    "h": "held",  # a retirement that waits, perhaps for an approval
}
_WHY: Final = {
    "v": "newer value",
    "g": "retirement",
    "o": "own write",
    "r": "repeat",
    "l": "other locale",
    "x": "superseded",
    "n": "undone",
}
_KINDS: Final = {
    "u": "update",
    "c": "create",
    "p": "publish",
    "r": "unpublish",
    "d": "delete",
    "l": "look",
}


@dataclass(frozen=True, slots=True)
class References:
    """What an entry tells of the records that its own refers to."""

    keys: tuple[str, ...]
    cut: tuple[str, ...]  # beginnings of values that name some


def references(told: Sequence[Any], collection: str) -> References:
    """Return what the stored entry *told* says of records of *collection* that are referred to."""
    _, kind, *rest = told
    if kind == "r":
        return References(tuple(rest[2]) if rest[1] == collection else (), ())
    if kind != "a":
        return References((), ())
    _, [fields, *_] = _head(rest)
    cut = (each[2] for each in fields if len(each) > 4 and each[2].startswith('{"key'))
    return References((), tuple(cut))


def moment(ms: float) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def entry_of(told: Sequence[Any]) -> Entry:
    """Return the stored entry *told*; one of a kind that a later release adds is "other"."""
    at, kind, *rest = told
    reader = _READERS.get(kind, _plain("other"))
    return reader(moment(at), rest)


def _request(kind: str, **known: Any) -> Request:
    how = {"sent": False} if "n" in kind[1:] else {}  # told as of an answer: its values died
    return Request(_KINDS.get(kind[:1], kind), "s" in kind[1:], **(how | known))


def _answered(at: datetime, told: Sequence[Any]) -> Entry:
    kind, copy, item, status, code, message, fates, *more = told
    call = _request(
        kind, copy=copy, item=item or None, status=status, code=code, message=message or None
    )
    fields = {slug: FieldFate(_FATES.get(fate, fate)) for fate, *slugs in fates for slug in slugs}
    detail: dict[str, Any] = {}
    if more:
        why, wait, attempts, *problems = more
        detail = {"why": why, "wait": wait / 1000, "attempts": attempts}
        detail |= {"problems": _problems(problems[0])} if problems else {}
    return Entry(at, "answered", "", fields=fields, call=call, detail=detail)


def _not_sent(at: datetime, told: Sequence[Any]) -> Entry:
    kind, message, wait, *_ = told
    call = _request(kind, message=message, sent=False)
    return Entry(at, "not-sent", "", call=call, detail={"wait": wait / 1000})


def _unanswered(at: datetime, told: Sequence[Any]) -> Entry:
    kind, sent, slugs, *_ = told
    fields = {slug: FieldFate("unknown") for slug in slugs}
    detail = {"sent": moment(sent)}
    return Entry(at, "unanswered", "", fields=fields, call=_request(kind), detail=detail)


def _head(told: Sequence[Any]) -> tuple[dict[str, Any], Sequence[Any]]:
    """Return how an event came about, and the rest of its entry."""
    by, source, delivery, event, topic, mapping, mark, *rest = told
    head = {
        "by": _BY.get(by, by) if by else source,
        "source": source,
        "delivery": delivery or None,
        "event": event,
        "topic": topic,
        "mapping": mapping,
        "proof": mark,
    }
    return head, rest


def _run(more: Sequence[Any]) -> str | None:
    return more[0] if more else None


def _problems(told: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"path": path, "message": message} for path, message in told]


def _accepted(at: datetime, told: Sequence[Any]) -> Entry:
    head, [fields, *more] = _head(told)
    fates: dict[str, FieldFate] = {}
    against = None
    for each in fields:
        fate = _fate(each, against)
        against, fates[each[0]] = fate.against or against, fate
    return Entry(at, "accepted", **head, fields=fates, run=_run(more))


def _fate(told: Sequence[Any], before: Against | None) -> FieldFate:
    """Return the fate of a field; *before*: what the last of those before was held against."""
    _, fate, *rest = told
    value, against, length = (*rest, None, None, None)[:3]
    other = before if against == 1 else _against(against) if against else None
    return FieldFate(_FATES.get(fate, fate), value, bool(rest), length, other)


def _all(slugs: Iterable[str], fate: str) -> dict[str, FieldFate]:
    return {slug: FieldFate(fate) for slug in slugs}


def _against(told: Sequence[Any]) -> Against:
    source, event, version, why, own, *_ = told
    return Against(_WHY.get(why, why), source, event, version, own)


def _left_out(at: datetime, told: Sequence[Any]) -> Entry:
    head, [letter, slugs, problems, *_] = _head(told)
    detail = {"letter": letter, "problems": _problems(problems)}
    return Entry(at, "left-out", **head, fields=_all(slugs, "left out"), detail=detail)


def _edited(at: datetime, told: Sequence[Any]) -> Entry:
    what, detail, slugs, *_ = told
    told_of = {"what": what, "detail": detail}
    return Entry(at, "edited", "editor", fields=_all(slugs, "edited"), detail=told_of)


def _letter(at: datetime, told: Sequence[Any]) -> Entry:
    act, letter, why, slugs, *more = told
    fate = {"discard": "discarded", "dead": "dead"}.get(act, "pending")
    detail = {"act": act, "letter": letter, "why": why}
    by, fields = "replay" if act == "replay" else "", _all(slugs, fate)
    return Entry(at, "letter", by, fields=fields, detail=detail, run=_run(more))


def _rewritten(at: datetime, told: Sequence[Any]) -> Entry:
    by, slugs, *more = told
    fields = _all(slugs, "pending")
    return Entry(at, "rewritten", _BY.get(by, ""), fields=fields, run=_run(more))


def _held(at: datetime, told: Sequence[Any]) -> Entry:
    act, by, *_ = told
    fate = {"dropped": "discarded", "ended": "superseded", "asked": "held"}.get(act, "pending")
    told_of = {"act": act, "by": by}
    return Entry(at, "held", by or "", fields={GONE: FieldFate(fate)}, detail=told_of)


def _blocked(at: datetime, told: Sequence[Any]) -> Entry:
    slug, collection, names, number, *_ = told
    detail = {"collection": collection, "keys": names, "number": number}
    return Entry(at, "blocked", "", fields={slug: FieldFate("pending")}, detail=detail)


def _plain(what: str, *names: str) -> Callable[[datetime, Sequence[Any]], Entry]:
    return lambda at, told: Entry(at, what, "", detail=dict(zip(names, told, strict=False)))


_READERS: Final[Mapping[str, Callable[[datetime, Sequence[Any]], Entry]]] = MappingProxyType(
    {
        "a": _accepted,
        "c": _answered,
        "n": _not_sent,
        "x": _unanswered,
        "l": _left_out,
        "f": _plain("found", "item"),
        "m": _plain("missing", "becomes"),
        "e": _edited,
        "t": _letter,
        "w": _rewritten,
        "b": _plain("restored"),
        "g": _plain("merged", "key", "fields", "overtaken"),
        "r": _blocked,
        "s": _plain("staged", "why"),
        "o": _plain("published", "by"),
        "i": _plain("named", "slug", "instead", "passed"),
        "h": _held,
        "v": _plain("written-back", "writeback", "event", "status", "message", "letter"),
    }
)
