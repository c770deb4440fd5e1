"""The page of ``instep status``: what is wrong and what to do, then the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import click

from service.commands.memory_line import memory_line
from service.commands.page import columns_of, duration, moment, wrapped

_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "down": "red",
        "degraded": "red",
        "notice": "yellow",
        "flowing": "green",
        "waiting": "yellow",
        "outage": "red",
        "paused": "red",
    }
)
_BESIDES: Final[Mapping[str, str]] = MappingProxyType(  # key of a collection → what it counts
    {
        "not_live": "{} items not live",
        "unpublished": "{} items wait to be published",
        "duplicate_keys": "{} keys in several items",
        "normalised": "{} values in a form of the CMS",
    }
)
_MARKS: Final[Mapping[str, str]] = MappingProxyType({"down": "x", "degraded": "x", "notice": "!"})

Status = Mapping[str, Any]
Section = Callable[[Status, int], Iterator[str]]


def lines_of(status: Status, columns: int, now: datetime) -> Iterator[str]:
    """Yield the lines of the page for *status*, each at most *columns* wide."""
    yield from _wrong([*status["reasons"], *status["notices"]], columns, now)
    for section in SECTIONS:
        lines = list(section(status, columns))
        if lines:
            yield ""
            yield from lines


def _wrong(reasons: Sequence[Mapping[str, Any]], columns: int, now: datetime) -> Iterator[str]:
    if not reasons:
        yield click.style("Everything flows.", fg="green", bold=True)
    for number, reason in enumerate(reasons):
        if number:
            yield ""
        yield from _reason(reason, columns, now)


def _reason(reason: Mapping[str, Any], columns: int, now: datetime) -> Iterator[str]:
    since = f" since {_ago(reason['since'], now)}" if reason["since"] else ""
    head = f"{reason['name']}{since}"
    for line in wrapped(head, columns, first=f"{_MARKS[reason['state']]} "):
        yield click.style(line, fg=_COLOURS[reason["state"]], bold=True)
    if reason["why"]:
        yield from wrapped(reason["why"], columns, first="  ")
    yield from wrapped(reason["do"], columns, first="  > Do: ", rest="    ")


def _ago(since: str, now: datetime) -> str:
    """Return the time *since* in UTC, and how long ago that is."""
    at = datetime.fromisoformat(since).astimezone(UTC)
    return f"{moment(since)} UTC ({duration((now - at).total_seconds())})"


def _title(text: str) -> str:
    return click.style(text, bold=True)


def _state(entry: Mapping[str, Any]) -> str:
    return str(entry["state"])


def _destinations(status: Status, columns: int) -> Iterator[str]:
    yield _title("Destinations")
    rows = [
        (
            name,
            _state(each),
            each["calls"],
            each["rate_limited"],
            f"{each['budget']['left']} of {each['budget']['limit']}",
        )
        for name, each in status["destinations"].items()
    ]
    headings = ("name", "state", "calls", "rate limited", "budget left")
    yield from columns_of(headings, rows, columns, texts=2, colours=_COLOURS)
    for name, each in status["destinations"].items():
        if seconds := each["drain_seconds"]:
            wait = f"{each['pending_items']:,} items wait, for about {duration(seconds)} of calls"
            yield from wrapped(f"{name}: {wait}", columns, rest="  ")
        if (publish := each["publish"]) and publish["next"]:
            at = f"{name}: the next publish is at {moment(publish['next'])} UTC"
            yield from wrapped(at, columns, rest="  ")


def _collections(status: Status, columns: int) -> Iterator[str]:
    yield _title("Collections")
    rows = [
        (
            name,
            _state(each),
            each["pending_items"],
            duration(each["oldest_seconds"]) if each["pending_items"] else "-",
        )
        for name, each in status["collections"].items()
    ]
    headings = ("name", "state", "pending items", "oldest")
    yield from columns_of(headings, rows, columns, texts=2, colours=_COLOURS)
    for name, each in status["collections"].items():
        counted = [text.format(each[key]) for key, text in _BESIDES.items() if each[key]]
        if counted:
            yield from wrapped(f"{name}: {', '.join(counted)}", columns, rest="  ")


def _sources(status: Status, columns: int) -> Iterator[str]:
    yield _title("Sources")
    rows = [
        (
            name,
            _state(each),
            *(each[column] for column in ("deliveries", "duplicates", "refused", "kept")),
            each["kept_dropped"] or None,
            moment(each["last"]) or "-",
        )
        for name, each in status["sources"].items()
    ]
    numbers = ("deliveries", "duplicates", "refused", "kept", "dropped")
    headings = ("name", "state", *numbers, "last (UTC)")
    yield from columns_of(headings, rows, columns, texts=2, colours=_COLOURS)
    for name, each in status["sources"].items():
        for collection, held in each["resting"].items():
            waits = f"{held['items']:,} items of {collection} wait until it is resumed"
            yield from wrapped(f"{name}: {waits}", columns, rest="  ")


def _queues(title: str, key: str, done: str) -> Section:
    """Return the section of what waits elsewhere than for the CMS; *done*: key of what does not."""

    def section(status: Status, columns: int) -> Iterator[str]:
        numbers = ("waiting", "oldest", done, "dead")
        rows = [
            (name, _state(each), *(_cell(each, column) for column in numbers))
            for name, each in status[key].items()
        ]
        if rows:
            yield _title(title)
            headings = ("name", "state", *numbers)
            yield from columns_of(headings, rows, columns, texts=2, colours=_COLOURS)

    return section


def _cell(entry: Mapping[str, Any], column: str) -> Any:
    return duration(entry["oldest_seconds"]) if column == "oldest" else entry[column]


def _lanes(status: Status, columns: int) -> Iterator[str]:
    lanes = {name: each["lanes"] for name, each in status["collections"].items()}
    paused = [name for name, each in status["lanes"].items() if each["state"] == "paused"]
    if paused or any(each["replay"] or each["reconcile"] for each in lanes.values()):
        yield _title("Lanes")
        rows = [(name, *each.values()) for name, each in lanes.items() if any(each.values())]
        headings = ("collection", "live", "replay", "reconcile")
        yield from columns_of(headings, rows, columns) if rows else ()
        if paused:
            yield f"paused: {', '.join(paused)}"


def _reconciles(status: Status, columns: int) -> Iterator[str]:
    rows = [
        (name, run["state"], moment(run["ended"]), sum(run["counts"].values()), moment(run["next"]))
        for name, run in [*status["reconciles"].items(), *_pulls(status)]
    ]
    if rows:
        yield _title("Reconciles")
        headings = ("name", "state", "ended (UTC)", "differences", "next (UTC)")
        yield from columns_of(headings, rows, columns, texts=2)


def _pulls(status: Status) -> Iterator[tuple[str, Any]]:
    return ((f"pull {name}", run) for name, run in status.get("pulls", {}).items())


def _refusals(status: Status, columns: int) -> Iterator[str]:
    rows = [
        (source, reason, times)
        for source, reasons in status["refusals"].items()
        for reason, times in reasons.items()
    ]
    if rows:
        yield _title("Refused requests")
        yield from columns_of(("source", "reason", "times"), rows, columns, texts=2)


def _secrets(status: Status, columns: int) -> Iterator[str]:
    rows = [
        (name, number, secret["matched"], moment(secret["until"]))
        for name, each in status["sources"].items()
        for number, secret in enumerate(each["secrets"], start=1)
        if len(each["secrets"]) > 1 or secret["until"]
    ]
    if rows:
        yield _title("Secrets")
        headings = ("source", "secret", "matched", "until (UTC)")
        yield from columns_of(headings, rows, columns)


def _stale(status: Status, columns: int) -> Iterator[str]:
    rows = [
        (name, collection, values)
        for name, each in status["sources"].items()
        for collection, values in each["stale"].items()
    ]
    if rows:
        yield _title("Stale field values")
        yield from columns_of(("source", "collection", "values"), rows, columns, texts=2)


def _fields(status: Status, columns: int) -> Iterator[str]:
    fates = dict(status["fields"])
    accepted = fates.pop("accepted")
    parts = " + ".join(f"{number} {fate}" for fate, number in fates.items() if number)
    yield _title("Field values")
    yield from wrapped(f"{accepted} accepted = {parts or 0}", columns, rest="  ")
    yield f"Balanced: {'yes' if status['balanced'] else 'NO, field values are missing'}"


def _freshness(status: Status, columns: int) -> Iterator[str]:
    half, most = status["freshness"]["p50"], status["freshness"]["p99"]
    if half is not None and most is not None:
        text = f"Freshness: 50 % within {half:.1f} s, 99 % within {most:.1f} s (last hour)"
        yield from wrapped(text, columns, rest="  ")


def _letters(status: Status, columns: int) -> Iterator[str]:
    counts = dict(status["problems"]["kinds"])
    if rest := status["dead_letters"] - sum(counts.values()):
        counts["not grouped yet"] = rest
    kinds = ", ".join(f"{kind} {count}" for kind, count in counts.items())
    text = f"Dead letters: {status['dead_letters']}"
    yield from wrapped(f"{text} ({kinds})" if kinds else text, columns, rest="  ")


def _processes(status: Status, columns: int) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in status["processes"]:
        pid = f"{each['pid']} (hung)" if each.get("hung") else f"{each['pid']}"
        found.setdefault((each["role"], each["host"]), []).append(pid)
    if not found:
        yield "Processes: none"
        return
    yield _title("Processes")
    rows = [(role, host, " ".join(pids)) for (role, host), pids in found.items()]
    yield from columns_of(("role", "host", "pids"), rows, columns, texts=3)


def _store(status: Status, columns: int) -> Iterator[str]:
    yield from wrapped(memory_line(status["memory"]), columns, rest="  ")
    if status["spool"]["deliveries"]:
        spool = "Spool: {deliveries} deliveries, {bytes} bytes".format_map(status["spool"])
        yield from wrapped(spool, columns, rest="  ")


SECTIONS: Final[tuple[Section, ...]] = (
    _destinations,
    _collections,
    _sources,
    _queues("Fetchers", "fetchers", "done"),
    _queues("Write-backs", "writebacks", "told"),
    _lanes,
    _reconciles,
    _refusals,
    _secrets,
    _stale,
    _fields,
    _freshness,
    _letters,
    _processes,
    _store,
)
