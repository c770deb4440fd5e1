"""
Versions of values: text that sorts, with its kind as first letter.

===========  ====================================================================================
``0``        before everything; fits a field of any kind ``t``        a time: 17 digits,
microseconds since 1970 ``s``        a sequence: 20 digits, of log 0 ``sL``       a sequence of a
later log of its source: 5 digits for the log, 20 for the position ===========
====================================================================================

A tie-breaker may follow: ``p`` and 20 digits (a position) or ``t`` and 17 digits (a time). ``z``
and 10 digits come right after all of these, ordered by number. Only letters and digits, since Lua
compares by the store's locale.

In the steps, only ``lua/lib/versions.lua`` parses versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

Kind = Literal["0", "t", "s"]

BEFORE: Final = "0"
MAX_SEQUENCE: Final = 10**20 - 1
MAX_TIME_US: Final = 10**16 - 1  # the year 2286; Lua's numbers are exact up to 9e15 (2255)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FORM: Final = re.compile(
    r"(?:(?P<before>0)|t(?P<time>\d{17})|s(?:L(?P<log>\d{5}))?(?P<number>\d{20}))(?P<tie>\w*)",
    re.ASCII,
)
_AFTER: Final = re.compile(r"z(\d{10})")


@dataclass(frozen=True, slots=True)
class Version:
    """A parsed version."""

    kind: Kind
    head: str  # without the tie-breaker
    number: int = 0  # microseconds, or position; 0 for ``0``
    log: int = 0
    tie: str = ""  # tie-breaker, or ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Parse *text*; ValueError if it is no version."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no version")
        head, tie = text[: found.start("tie")], found["tie"]
        if found["before"]:
            return cls("0", head, tie=tie)
        if found["time"]:
            return cls("t", head, int(found["time"]), tie=tie)
        return cls("s", head, int(found["number"]), int(found["log"] or 0), tie)


def time_version(moment: datetime) -> str:
    """
    Return the version of a change made at *moment* (aware).

    Raises:
        ValueError: *moment* is naive, before 1970 or after 2286.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset")
    since = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)) - _EPOCH
    # Not timestamp() * 1e6: a float is too coarse for microseconds in our century.
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if not 0 <= micros <= MAX_TIME_US:
        raise ValueError(f"{moment.isoformat()} is not between 1970 and 2286")
    return micros_version(micros)


def micros_version(micros: int) -> str:
    return f"t{micros:017d}"


@lru_cache(256)  # the items of an answer have nearly all the same
def version_of_text(moment: str | None) -> str | None:
    """Return the version of the CMS's time *moment*; None if it is no time."""
    try:
        return time_version(datetime.fromisoformat(moment)) if moment else None
    except (ValueError, OverflowError):
        return None


def text_of_moment(at: int | None) -> str | None:
    """Return *at*, ms since 1970, as the CMS writes times."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def sequence_version(number: int) -> str:
    """
    Return the version of the change with sequence *number*.

    Raises:
        ValueError: *number* is negative or has more than 20 digits.
    """
    if not 0 <= number <= MAX_SEQUENCE:
        raise ValueError(f"{number} is not between 0 and {MAX_SEQUENCE}")
    return f"s{number:020d}"


def with_position(version: str, position: int) -> str:
    """
    Return *version* with the tie-breaker *position*.

    Raises:
        ValueError: *position* is negative or has more than 20 digits.
    """
    return f"{Version.parse(version).head}p{sequence_version(position)[1:]}"


def with_time(version: str, moment: datetime) -> str:
    """
    Return *version* with the tie-breaker *moment* (aware).

    Raises:
        ValueError: As `time_version`.
    """
    return f"{Version.parse(version).head}{time_version(moment)}"


def right_after(version: str) -> str:
    """Return the version after *version* and all its tie-breakers."""
    found = Version.parse(version)
    count = _AFTER.fullmatch(found.tie)
    return f"{found.head}z{int(count[1]) + 1 if count else 1:010d}"


def kind_of(version: str) -> Kind:
    return Version.parse(version).kind


def are_apart(one: str, other: str) -> bool:
    """Tell whether two versions are of different kinds, and cannot be ordered."""
    return {kind_of(one), kind_of(other)} == {"s", "t"}


def moment_of(version: str) -> datetime:
    """Return the time of *version*; ValueError if it is no time."""
    found = Version.parse(version)
    if found.kind != "t":
        raise ValueError(f"{version} is no time")
    seconds, micros = divmod(found.number, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
