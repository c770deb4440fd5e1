"""The table at the end, and the text around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TextIO

NEXT = """\
Next: write a configuration of your own, and try it against the sandbox:
  instep init my-site"""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """
    The results of the day; its fields are the keys of ``--json``.

    Args:
        deliveries: Requests sent by the sources.
        duplicates: Those that Instep recognised as repeated.
        refused: Unsigned ones, answered 401.
        resent: Requests that were not accepted at first.
        field_values: Number accepted; fields: their outcomes.
        calls_one_per_event: Calls needed with one PATCH for each event.
        limit: Calls that the site allows in a minute.
        wrong, lost: See `site_check.SiteCheck`.
        unexpected: Values in dead letters that were not planned.
        unanswered: Deliveries that were never accepted.
        seconds: From the first delivery until nothing was waiting.
    """

    api: str
    events: int
    deliveries: int
    duplicates: int
    late: int
    refused: int
    resent: int
    field_values: int
    fields: Mapping[str, int]
    calls: int
    calls_one_per_event: int
    limit: int
    rate_limited: int
    checked: int
    wrong: int
    lost: int
    unexpected: int
    pending: int
    unanswered: int
    repairs: int
    balanced: bool
    dead_letters: Sequence[Mapping[str, Any]]
    seconds: float

    @property
    def good(self) -> bool:
        bad = (self.wrong, self.lost, self.unexpected, self.pending, self.unanswered)
        return self.balanced and not any(bad)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "good": self.good}


def duration(calls: int, limit: int) -> str:
    """Return the duration of *calls* at *limit* a minute, in words."""
    minutes = calls / limit
    return f"{minutes:,.0f} minutes" if minutes >= 2 else f"{minutes * 60:.0f} seconds"


def rows(found: DemoResult) -> list[tuple[str, str, str]]:
    """Return the lines of the table: name, number and comment."""
    fates = ", ".join(f"{count:,} {fate}" for fate, count in found.fields.items() if count)
    return [
        (
            "deliveries",
            f"{found.deliveries:,}",
            f"{found.late:,} late, {found.resent:,} sent again",
        ),
        ("duplicates", f"{found.duplicates:,}", "recognised, and not acted on twice"),
        ("refused", f"{found.refused:,}", "not signed by the source: 401"),
        ("field values", f"{found.field_values:,}", fates),
        ("CMS calls", f"{found.calls:,}", f"the site allows {found.limit:,} a minute"),
        (
            "one PATCH per event",
            f"{found.calls_one_per_event:,}",
            f"calls, {duration(found.calls_one_per_event, found.limit)} at that limit",
        ),
        ("429s", f"{found.rate_limited:,}", "the one that was staged" * (found.rate_limited == 1)),
        ("wrong values", f"{found.wrong:,}", f"of {found.checked:,} fields compared"),
        ("lost values", f"{found.lost:,}", "each accepted value is accounted for" * found.balanced),
        *(
            (f"dead letters: {each['kind']}", f"{each['count']:,}", str(each["reason"]))
            for each in found.dead_letters
        ),
        ("seconds", f"{found.seconds:.0f}", "from the first delivery until nothing waited"),
    ]


def verdict(found: DemoResult) -> str:
    if not found.good:
        reasons = {
            "fields show something wrong": found.wrong,
            "fields show nothing new": found.lost,
            "field values are still waiting": found.pending,
            "deliveries were never taken": found.unanswered,
            "values are in unexpected dead letters": found.unexpected,
            "the counters do not add up": 0 if found.balanced else 1,
        }
        flaws = "; ".join(f"{text}: {count:,}" for text, count in reasons.items() if count)
        return f"FAILED. {flaws}."
    text = (
        f"In step: all {found.checked:,} fields of the site are right, after {found.events:,} "
        f"events and {found.calls:,} calls."
    )
    if found.repairs:
        text += (
            f"\n{found.repairs} products were under way when the worker was killed; to be certain, "
            "Instep would write them once more in a minute."
        )
    return text


def show(found: DemoResult, out: TextIO) -> None:
    lines = rows(found)
    wide = max(len(name) for name, _, _ in lines)
    for name, count, words in lines:
        out.write(f"{name:{wide}}  {count:>9}  {words}".rstrip() + "\n")
    out.write(f"\n{verdict(found)}\n" + (f"\n{NEXT}\n" if found.good else ""))
