"""What a person should look at while the system works fully, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from service.operate import removed_writebacks
from service.operate.reasons import Reason
from service.operate.remedies import Remedy
from workers.model.runs import COMPARISONS
from workers.store.collection_waits import NOT_PUBLISHED, PLAN_LIMIT
from workers.store.fetch_queue import NOTHING_FETCHES
from workers.store.status import LOCALES_UNREAD

LATE: Final = 300.0  # s that a value may be pending before it is named
TESTS: Final = 3  # deliveries of a source: fewer may be the tests of its sender
OVERDUE: Final = timedelta(hours=1)  # another one of its destination may go first

Status = Mapping[str, Any]
Check = Callable[[Status], Iterator[Reason]]


def notices_of(status: Status, now: datetime, *, late: float = LATE) -> tuple[Reason, ...]:
    """
    Return the notices in *status*, the numbers of ``instep status --json``, at *now*.

    *late*: seconds that a value may be pending.
    """
    found = [notice for check in CHECKS for notice in check(status)]
    pulls = overdue_pulls(status.get("pulls", {}), now)
    return (*found, *_late(status, now, late), *_overdue(status, now), *pulls)


def _notice(name: str, since: str | None, do: str, why: str = "") -> Reason:
    return Reason(name, "notice", since, do, why)


def _waits(status: Status) -> Iterator[Reason]:
    """Name the collections that wait for a publish of the site, or for room in the plan."""
    for name, entry in status["collections"].items():
        for wait in entry["waits"]:
            before = _WAITS[wait["reason"]]
            do = Remedy(f"{before}; to try at once, resume it", "resume", f"collection:{name}")
            waiting = _waiting(wait["records"])
            why = f"{waiting}{wait['message']}"
            yield _notice(f"collection {name}: {wait['reason']}", wait["since"], do, why)


def _waiting(records: int) -> str:
    if not records:
        return ""
    return "1 record waits. " if records == 1 else f"{records} records wait. "


def _edited_by_others(status: Status) -> Iterator[Reason]:
    """Name the collections with items that are not published since others have edited them."""
    for name, entry in status["collections"].items():
        if held := entry.get("edited_by_others"):
            many = "1 item waits" if held == 1 else f"{held} items wait"
            do = _EDITED.format(name=name)
            yield _notice(f"collection {name}: {many} to be published", None, do, _BY_OTHERS)


def _held_deletes(status: Status) -> Iterator[Reason]:
    """Name the collections in which deletes wait for approval."""
    for name, entry in status["collections"].items():
        if held := entry["held_deletes"]:
            many = "1 delete waits" if held == 1 else f"{held} deletes wait"
            why = "their items stay on the site until then"
            since = entry["held_since"]
            yield _notice(f"collection {name}: {many} for approval", since, DELETES, why)


def decision(run: str) -> Remedy:
    """Return what to do about the *run*, by its id, that waits for a person."""
    return Remedy("look at what it would do, then approve or drop it", "approve", run)


def _held_runs(status: Status) -> Iterator[Reason]:
    """Name the undos and replays of so much that they wait for a person."""
    for run in status.get("held_runs", ()):
        if run["kind"] not in COMPARISONS:  # named by its collection or pull, with its last run
            id, why = run["id"], run["reason"] or ""
            yield _notice(f"{run['kind']} {id}: held", run["started"], decision(id), why)


def _proposals(status: Status) -> Iterator[Reason]:
    """Name the runs that somebody proposed, and that a person is to approve or drop."""
    for run in status.get("proposals", ()):
        id = run["id"]
        why = f"proposed by {run['by']}"
        yield _notice(f"{run['kind']} {id}: proposed", run["started"], decision(id), why)


def _problems(status: Status) -> Iterator[Reason]:
    """Name the largest problems that nobody has seen or ignored."""
    problems = status["problems"]
    yield from map(problem_notice, problems["largest"])
    if others := problems["open"] - len(problems["largest"]):
        yield _notice(f"{others} more problems", None, Remedy("see them all", "list"))


def problem_notice(problem: Mapping[str, Any]) -> Reason:
    """Return the notice of *problem*, as `list_problems` returns it."""
    where = problem["collection"] or problem["source"] or ""
    name = f"problem {problem['id']}: {problem['letters']} {problem['kind']} in {where}"
    return _notice(name, problem["since"], problem["do"], problem["title"])


def _locales(status: Status) -> Iterator[Reason]:
    for name, entry in status["collections"].items():
        if entry["reason"].startswith(LOCALES_UNREAD):
            do = "give the token the scope sites:read; the site is asked again by itself"
            why = entry["reason"].removeprefix(LOCALES_UNREAD)
            yield _notice(f"collection {name}: locales unknown", None, do, why)


def _removed_writebacks(status: Status) -> Iterator[Reason]:
    """Name the write-backs that are configured no more, and have still something to tell."""
    for name, entry in status.get("removed_writebacks", {}).items():
        why, do = removed_writebacks.why(entry), removed_writebacks.remedy(name)
        yield _notice(f"writeback {name}: removed", None, do, why)


def _fetchers(status: Status) -> Iterator[Reason]:
    for name, entry in status["fetchers"].items():
        if entry["state"] in _FETCHERS:
            do = _UNFETCHED if entry["reason"] == NOTHING_FETCHES else _FETCHERS[entry["state"]]
            yield _notice(f"fetcher {name}: {entry['state']}", None, do, entry["reason"])


def notices_of_sources(status: Status) -> Iterator[Reason]:
    """Name the sources of which nothing, or nothing new, is taken."""
    for name, entry in status["sources"].items():
        if entry["refused"] and not entry["deliveries"]:
            do = (
                f"compare `secrets` of sources.{name} with the sender's settings, then run "
                "`instep reload`"
            )
            yield _notice(
                f"source {name}: every delivery refused", None, do, f"{entry['refused']} so far"
            )
        if _is_unwanted(entry):
            words = (
                "take their topics in a mapping, run `instep reload` and replay them, or have it "
                "send others"
            )
            do = Remedy(f"{words}; see which", "deliveries", f"--source {name}")
            why = f"no mapping takes any of its {entry['unwanted']} deliveries so far"
            yield _notice(f"source {name}: nothing wanted", None, do, why)
        if stalled := entry["stalled"]:
            do = "check the clock of the source, and whether its version numbers began anew"
            why = f"the last value is older than the one held by {stalled['behind']}"
            yield _notice(f"source {name}: only older values", stalled["since"], do, why)
        if entry["unmapped_bytes"] >= entry["unmapped_bytes_limit"]:
            before = "correct the mapping, run `instep reload`, then send again what did not fit it"
            do = Remedy(before, "replay", "--all --kind unmapped")
            why = "events that cannot be mapped are kept without their payloads"
            yield _notice(f"source {name}: no room for payloads", None, do, why)


def _is_unwanted(source: Mapping[str, Any]) -> bool:
    """Whether no mapping took any delivery of *source*, and there were more than tests."""
    unwanted: int = source["unwanted"]
    return unwanted >= TESTS and unwanted + source["duplicates"] >= source["deliveries"]


def _reconciles(status: Status) -> Iterator[Reason]:
    for name, run in status["reconciles"].items():
        if run["state"] in _RUNS:
            why = run["said"].removeprefix(f"{name}: ")
            do = _RUNS[run["state"]]
            yield _notice(
                f"reconcile {name}: {run['state']}", run["ended"] or run["began"], do, why
            )


def _pulls(status: Status) -> Iterator[Reason]:
    yield from pull_notices(status.get("pulls", {}))


def pull_notices(pulls: Mapping[str, Mapping[str, Any]]) -> Iterator[Reason]:
    """Name the pulls whose last run did not come to its end, or is held."""
    for name, run in pulls.items():
        if run["state"] in _RUNS:
            since, do = run["ended"] or run["began"], _RUNS[run["state"]]
            yield _notice(f"source {name}: pull {run['state']}", since, do, run["said"])


def overdue_pulls(pulls: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[Reason]:
    """Name the pulls that were due by their schedule, and have not begun."""
    for name, run in pulls.items():
        if _is_overdue(run, now):
            yield _notice(f"source {name}: pull overdue", run["next"], _OVERDUE, _NOT_BEGUN)


def _counts(status: Status) -> Iterator[Reason]:
    if not status["balanced"]:
        why = "accepted field values are not the sum of their fates"
        do = "run `instep reconcile`, and report this with the output of `instep status --json`"
        yield _notice("counters do not balance", None, do, why)


def _late(status: Status, now: datetime, late: float) -> Iterator[Reason]:
    for name, entry in status["collections"].items():
        age = entry["oldest_seconds"]
        if age < late or entry["state"] not in _LATE or entry["waits"] or _is_held(status, name):
            continue
        since = (now - timedelta(seconds=age)).isoformat(timespec="seconds")
        do = _LATE[entry["state"]]
        yield _notice(f"collection {name}: late", since, do, entry["reason"])


def _overdue(status: Status, now: datetime) -> Iterator[Reason]:
    for name, run in status["reconciles"].items():
        if _is_overdue(run, now):
            yield _notice(f"reconcile {name}: overdue", run["next"], _OVERDUE, _NOT_BEGUN)


def _is_overdue(run: Mapping[str, Any], now: datetime) -> bool:
    due = run["next"] and datetime.fromisoformat(run["next"])
    return bool(due and now - due > OVERDUE)


def _is_held(status: Status, collection: str) -> bool:
    """Whether something there waits for a source or a lane that is paused: a reason says so."""
    lanes = status["collections"][collection].get("lanes", {})
    paused = (name for name, each in status.get("lanes", {}).items() if each["state"] == "paused")
    if any(lanes.get(name) for name in paused):
        return True
    return any(
        each.get("state") == "paused" and collection in each.get("resting", ())
        for each in status["sources"].values()
    )


_EDITED: Final = (
    "publish or discard their edits in Webflow; or let them go live with what Instep has staged: "
    "`instep publish {name}`"
)
_BY_OTHERS: Final = "others have edited them, or it is not known whose their edits are"
DELETES: Final = Remedy("look at them, then approve or drop them", "deletes")
_WAITS: Final[Mapping[str, str]] = MappingProxyType(
    {NOT_PUBLISHED: "publish the site", PLAN_LIMIT: "make room in the CMS, or enlarge its plan"}
)
_LATE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "flowing": Remedy(
            "see what the log says of the attempts, and that a worker runs, or start one", "worker"
        ),
        "waiting": "nothing: it waits for its turn; raise requests_per_minute if the plan has more",
    }
)
_OVERDUE: Final = Remedy(
    "see what the log says, and that a worker runs, which begins it, or start one", "worker"
)
_NOT_BEGUN: Final = "it was due by its schedule, and has not begun"
_FETCHERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "outage": "nothing while that system is down; if it is not, renew its token and run "
        "`instep reload`",
        "waiting": "nothing: each is tried five times; what is refused still is then a problem",
    }
)
_UNFETCHED: Final = Remedy(
    "see that a mapping still names the fetcher, and that a worker runs, or start one", "worker"
)
_RUNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "held": Remedy(
            "look at what it would do, then approve or drop it, and its deletes", "runs"
        ),
        "failed": "mend the cause, and run it again; a scheduled one is tried again by itself",
        "killed": "run it again; a scheduled one is tried again by itself",
    }
)
CHECKS: Final[tuple[Check, ...]] = (
    _held_deletes,
    _edited_by_others,
    _held_runs,
    _proposals,
    _waits,
    _problems,
    _locales,
    _fetchers,
    _removed_writebacks,
    notices_of_sources,
    _reconciles,
    _pulls,
    _counts,
)
