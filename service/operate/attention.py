"""What needs a person first, by what it costs the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from service.operate.need_titles import title_of
from service.operate.reasons import Grade, Reason
from workers.store.circuit_breaker import OPERATOR

MOST: Final = 20  # that are listed
NEW: Final = timedelta(days=1)  # for which a problem is new

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """
    One thing that needs a person.

    Args:
        what: The name of its reason or notice.
        title: The same in the words of a page.
        many: How many items, deletes or letters it is about; None: that is no number.
        noun: What to look at: a page of the console, a path of the API.
        id: Of the one to look at; None: all of them.
    """

    what: str
    title: str
    state: Grade
    since: str | None
    many: int | None
    do: str
    why: str
    noun: str
    id: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A reason, the numbers beside it, and the time."""

    reason: Reason
    status: Status
    now: datetime

    def by_hand(self, kind: str, name: str | None) -> bool:
        entry = self.status.get(f"{kind}s", {}).get(name, {})
        return bool(entry.get("by") == OPERATOR)

    @property
    def is_new(self) -> bool:
        since = self.reason.since
        return since is not None and self.now - datetime.fromisoformat(since) < NEW


Only = Callable[[_Seen, "re.Match[str]"], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A row of the table.

    Args:
        names: Pattern of whole names; its groups: id, and many.
        noun: As of `Need`; empty: its kind, the first word of the name.
        only: None: all that match.
    """

    names: str
    noun: str
    only: Only | None = None


def _by_instep(seen: _Seen, found: re.Match[str]) -> bool:
    return not seen.by_hand(found["kind"], found["id"])


def _new(seen: _Seen, _: re.Match[str]) -> bool:
    return seen.is_new


_PROBLEM: Final = r"problem (?P<id>\S+): (?P<many>\d+) .*"
_HALTED: Final = r"(?P<kind>destination|collection) (?P<id>.+): "

# The first that fits counts, and its place is that of the need: what costs the site most comes
# first. What a person has done himself comes late: he knows.
RULES: Final = (
    # What comes is lost, or may have been.
    Rule(r"store (?:away|loads|weak|newer|forbidden)|memory full|spool full", "store"),
    Rule(r"store (?:damaged|older|copied).*|spool damaged", "store"),
    # Nothing reaches the site.
    Rule(r"no worker", "processes"),
    Rule(rf"{_HALTED}paused", "", _by_instep),
    Rule(rf"{_HALTED}outage", ""),
    # Soon nothing will.
    Rule(r"memory short|spool waits", "store"),
    Rule(r"\S+ hung", "processes"),
    Rule(r"counters do not balance", "status"),
    # Some of it is late.
    Rule(r"collection (?P<id>.+): (?:not published|plan limit|late)", ""),
    Rule(r"source (?P<id>.+): (?:every delivery refused|most requests refused)", ""),
    Rule(r"destination (?P<id>.+): publish (?:held|failed)", ""),
    # A few records, of a cause that nobody has seen yet.
    Rule(_PROBLEM, "", _new),
    # Decisions that are asked for.
    Rule(r"collection (?P<id>.+): (?P<many>\d+) deletes? waits? for approval", "deletes"),
    Rule(r"collection (?P<id>.+): (?P<many>\d+) items? waits? to be published", ""),
    Rule(r"(?:undo|replay|remap|pull) (?P<id>\S+): held", "runs"),
    Rule(r"reconcile (?P<id>.+): held", ""),
    Rule(r"source (?P<id>.+): pull held", ""),
    Rule(r"(?:undo|replay|discard|approve|drop) (?P<id>\S+): proposed", "runs"),
    # Nothing proves that all is in step.
    Rule(r"reconcile (?P<id>.+): (?:failed|killed|overdue)", ""),
    Rule(r"source (?P<id>.+): pull (?:failed|killed|overdue)", ""),
    Rule(r"source (?P<id>.+): (?:silent|nothing wanted|only older values|no room .*)", ""),
    Rule(r"fetcher (?P<id>.+): (?:outage|waiting)", ""),
    Rule(r"(?P<kind>writeback) (?P<id>.+): (?:outage|paused)", "", _by_instep),
    Rule(r"writeback (?P<id>.+): removed", "status"),
    Rule(r"collection (?P<id>.+): locales unknown", ""),
    Rule(_PROBLEM, ""),
    Rule(r"\d+ more problems", "problems"),
    # Somebody has paused it.
    Rule(r"(?:destination|collection|source|lane|writeback) (?P<id>.+): paused", ""),
    # Nothing is left out for having no row.
    Rule(r".*", "status"),
)


def needs_of(reasons: Iterable[Reason], status: Status, now: datetime) -> tuple[Need, ...]:
    """
    Return what needs a person, the most urgent first: at most `MOST`.

    Args:
        reasons: And notices.
        status: The numbers of ``instep status --json``.
    """
    placed = [_placed(_Seen(reason, status, now)) for reason in reasons]
    placed.sort(key=lambda each: (each[0], -(each[1].many or 0), each[1].since or ""))
    return tuple(need for _, need in placed[:MOST])


def _placed(seen: _Seen) -> tuple[int, Need]:
    """Return the number of the rule of a reason, and what it says."""
    fitting = (
        (number, _need(seen, rule, found.groupdict()))
        for number, rule in enumerate(RULES)
        if (found := re.fullmatch(rule.names, seen.reason.name))
        and (rule.only is None or rule.only(seen, found))
    )
    return next(fitting)  # the last rule takes all


def _need(seen: _Seen, rule: Rule, groups: Mapping[str, str | None]) -> Need:
    reason, id, many = seen.reason, groups.get("id"), groups.get("many")
    kinds = f"{reason.name.partition(' ')[0]}s"
    entry = seen.status.get(kinds, {}).get(id, {})
    number = int(many) if many else entry.get("pending_items")
    noun = rule.noun or kinds
    return Need(
        what=reason.name,
        title=title_of(reason.name),
        state=reason.state,
        since=reason.since,
        many=number,
        do=reason.do,
        why=reason.why,
        noun=noun,
        id=id,
    )
