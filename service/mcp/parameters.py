"""Parameters of tools, and the times in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from service.operate.list_cursor import LONGEST
from service.operate.moments import SINCE, since_of
from workers.errors import RequestRefused

PAGE: Final = 20  # entries of a page, unless it is said
_IDS: Final = 200  # in one proposal

Limit = Annotated[int, Field(ge=1, le=50, description="Entries of one page.")]
Cursor = Annotated[
    str | None, Field(max_length=LONGEST, description="`next` of the page before, as it came.")
]
# With a bound, as every text has: an error repeats what was found, and is as long.
Collection = Annotated[
    str | None, Field(max_length=200, description="The name of a collection of instep.toml.")
]
Source = Annotated[
    str | None, Field(max_length=200, description="The name of a source of instep.toml.")
]
Key = Annotated[str | None, Field(max_length=500, description="The key of a record.")]
Since = Annotated[str | None, Field(max_length=40, description=f"Since then: {SINCE}.")]
Problem = Annotated[
    str | None, Field(max_length=100, description="The id of a problem, of `list_problems`.")
]
Ids = Annotated[
    list[Annotated[str, Field(max_length=300)]] | None,
    Field(min_length=1, max_length=_IDS, description="Only these."),
]
UpTo = Annotated[int | None, Field(ge=1, description="At most so many.")]
Why = Annotated[
    str,
    Field(
        min_length=10,
        max_length=300,
        description="Why you propose it, in a sentence for the person who decides.",
    ),
]


def moment_of(since: str | None) -> datetime | None:
    """Return the time that a parameter names; RequestRefused: it is none."""
    if since is None:
        return None
    found = since_of(since)
    if found is None:
        raise RequestRefused(repr(since), SINCE, "correct it")
    return found
