"""
What is reported by alerts: the reasons and notices of the status, with what they mean for the site.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from service.ingest.spool import State
from service.ingest.spool_count import waiting
from service.operate.alert_rules import LEFT_OUT, RULES
from service.operate.held_deletes import count_held
from service.operate.notices import DELETES, decision, notices_of
from service.operate.reasons import Reason, Seen, overall, reasons_of
from service.operate.remedies import of_group
from service.operate.status import numbers_of, seen_of, trouble_of
from workers.alerts.cause import Cause, Observation
from workers.delivery.context import Context
from workers.errors import StoreFull, StoreUnavailable
from workers.model.runs import COMPARISONS
from workers.store.circuit_breaker import OPERATOR
from workers.store.problem_groups import Group

BY_HAND: Final = 3600.0  # s that a pause by hand may last without a word: somebody knows of it
MANY: Final = 100  # differences found by a scheduled reconcile
NAMED: Final = 3  # problems of one place that a message quotes
SEEN: Final = 100  # problems that somebody has seen, and that are looked at again
GROWN: Final = 10  # letters, at least, that make a problem that was seen one to look at again


class AlertObserver:
    """Reads the state of one installation; *late*: seconds that a value may be pending."""

    def __init__(self, context: Context, late: float) -> None:
        self._context = context
        self._late = late
        settings = context.settings
        self._collections = {
            name: [each.name for each in settings.collections_of(name)]
            for name in settings.destinations
        }

    def look(self) -> Observation:
        """Return what is wrong; raises StoreUnavailable if the store does not answer."""
        context, now = self._context, datetime.now(UTC)
        status = numbers_of(context)
        seen = seen_of(context, status)
        own = (*self._deletes(), *self._problems(), *self._held_runs())
        found = causes_of(seen, now, late=self._late, collections=self._collections)
        return Observation(
            (*found, *own),
            _received(status),
            _excused(status),
            well=bool(seen.workers) and not seen.trouble and overall(reasons_of(seen)) != "down",
        )

    def away(self, error: StoreUnavailable) -> Sequence[Cause]:
        """Return what is wrong while the store does not answer, or cannot be read."""
        settings = self._context.settings.store
        held = waiting(settings.data)
        spool = State(held.deliveries, held.bytes, takes=settings.spool_mb > 0)
        seen = Seen(trouble=self._trouble(error), spool=spool)
        if isinstance(error, StoreFull):
            seen = Seen(status={"memory": {"full": True}}, spool=spool)
        # The deliveries of the spool are a part of what is told of the store.
        reasons = reasons_of(seen)
        return [*_causes((each for each in reasons if each.name != "spool waits"), {})]

    def _trouble(self, error: StoreUnavailable) -> StoreUnavailable:
        """Return why the store failed: one whose disk is full answers, and takes no write."""
        with contextlib.suppress(StoreUnavailable):
            return trouble_of(self._context) or error
        return error

    def _deletes(self) -> Iterator[Cause]:
        for name, number in count_held(self._context).items():
            if number:
                yield Cause(
                    "deletes",
                    f"collection {name}: deletes wait for approval",
                    reason="More came than the guard lets through",
                    means="Their items stay on the site until you decide",
                    do=DELETES,
                    figures={"deletes": number},
                    after=30.0,
                )

    def _held_runs(self) -> Iterator[Cause]:
        for run in self._context.runs.unfinished():
            if run.state == "held" and run.kind not in COMPARISONS:
                # Not why: an assistant may have been talked into its words.
                state, why = ("proposed", f"by {run.by}") if run.proposed else ("held", run.reason)
                yield Cause(
                    "reconcile",
                    f"{run.kind} {run.id}: {state}",
                    run.started,
                    why,
                    "Nothing of it is sent until you decide",
                    decision(run.id),
                    after=10.0,
                )

    def _problems(self) -> Iterator[Cause]:
        """Yield one cause for each collection or source with problems that nobody has seen."""
        problems = self._context.problems
        places: dict[str, dict[str, int]] = defaultdict(dict)
        listed = problems.listed()
        grown = self._grown([each.id for each in listed if each.state == "seen"][:SEEN])
        for each in listed:
            place = f"collection {each.collection}" if each.collection else f"source {each.source}"
            if each.state == "open" or each.id in grown:
                places[place][each.id] = each.letters
        for place, letters in places.items():
            groups = problems.show_all([*letters][:NAMED])
            if groups:
                parts = (f"{id} more" if id in grown else id for id in letters)
                yield _problem(place, groups, letters, frozenset(parts))

    def _grown(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of *ids* that have as many new letters as they had when they were seen."""
        groups = self._context.problems.show_all(ids) if ids else []
        opened = self._context.problems.opened_since_mark(groups)
        return frozenset(
            group.id
            for group, number in zip(groups, opened, strict=True)
            if number >= max(GROWN, group.letters - number)
        )


def causes_of(
    seen: Seen, now: datetime, *, late: float, collections: Mapping[str, Sequence[str]]
) -> tuple[Cause, ...]:
    """
    Return what is wrong by what was *seen*, with its whole status, at *now*.

    Args:
        late: Seconds that a value may be pending.
        collections: Destination → its collections.
    """
    notices = notices_of(_without_own(seen.status), now, late=late)
    found = _causes((*reasons_of(seen), *notices), seen.status, collections)
    return (*found, *_differences(seen.status))


def _problem(
    place: str, groups: Sequence[Group], letters: Mapping[str, int], parts: frozenset[str]
) -> Cause:
    largest = groups[0]
    quoted = "; ".join(f"{each.kind}: {each.title} ({letters[each.id]:,})" for each in groups)
    return Cause(
        "problems",
        f"{place}: problems",
        min((each.since for each in groups if each.since), default=None),
        quoted,
        "These values are not on the site",
        of_group(largest.kind, largest.title, largest.fields, largest.id),
        {"dead_letters": sum(letters.values()), "different_problems": len(letters)},
        parts,
        after=5.0,
    )


def _causes(
    reasons: Iterable[Reason],
    status: Mapping[str, Any],
    collections: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Cause]:
    for reason in reasons:
        if LEFT_OUT.fullmatch(reason.name):
            continue
        rule = next(rule for rule in RULES if re.match(rule.names, reason.name))
        by_hand = _entry(reason.name, status).get("by") == OPERATOR
        yield Cause(
            rule.kind,
            reason.name,
            datetime.fromisoformat(reason.since) if reason.since else None,
            reason.why,
            rule.means,
            reason.do,
            _figures(reason.name, status, collections),
            after=BY_HAND if by_hand and rule.kind == "paused" else rule.after,
        )


def _entry(name: str, status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of the status that the *name* of a reason is about."""
    kind, _, rest = name.partition(" ")
    own = rest.partition(":")[0]
    for table in ("sources", "unconfigured") if kind == "source" else (f"{kind}s",):
        found: Mapping[str, Any] = status.get(table, {}).get(own, {})
        if found:
            return found
    return {}


def _figures(
    name: str, status: Mapping[str, Any], collections: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    kind, _, rest = name.partition(" ")
    own = rest.partition(":")[0]
    waits = collections.get(own, ()) if kind == "destination" else [own]
    if kind in ("destination", "collection"):
        entries = [status["collections"][each] for each in waits]
        return {"items_waiting": sum(int(each["pending_items"]) for each in entries)}
    memory = status.get("memory", {})
    if kind == "memory" and memory.get("limit"):
        return {"percent_of_the_limit": round(100 * memory["used"] / memory["limit"])}
    if name == "spool waits":
        return {"deliveries": int(status["spool"]["deliveries"])}
    return {}


def _without_own(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return *status* without what has causes of its own here."""
    collections = {
        name: {**entry, "held_deletes": 0} for name, entry in status["collections"].items()
    }
    problems = {"largest": (), "open": 0}
    return {**status, "collections": collections, "problems": problems}


def _differences(status: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield a cause for each scheduled reconcile that has found much."""
    for name, run in status["reconciles"].items():
        number = sum(run["counts"].values())
        if run["state"] == "done" and run["next"] and number >= MANY:
            yield Cause(
                "reconcile",
                f"reconcile {name}: many differences",
                datetime.fromisoformat(run["ended"]),
                "Source and site had drifted apart",
                "What it may write is written, or on its way",
                "see `instep runs list`; find out why events are missing, or who else edits the "
                "same fields",
                {"differences": number},
                after=10.0,
            )


def _received(status: Mapping[str, Any]) -> dict[str, int]:
    return {
        name: int(entry["deliveries"]) + int(entry["duplicates"])
        for name, entry in status["sources"].items()
    }


def _excused(status: Mapping[str, Any]) -> frozenset[str]:
    """Return the sources whose silence says nothing: paused ones; all while a spool drains."""
    spooled = status["spool"]["deliveries"]
    sources = status["sources"].items()
    return frozenset(name for name, each in sources if spooled or each["state"] == "paused")
