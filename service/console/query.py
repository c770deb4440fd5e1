"""The filter and the page of a list, as its URL has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import request, url_for

from service.operate.list_cursor import LONGEST as LONGEST_CURSOR
from service.operate.moments import SINCE, since_of
from service.operate.page import FilterInvalid

LIMIT: Final = 50  # entries of one page
LONGEST: Final = 500  # characters of one value
_CURSOR: Final = "cursor"


@dataclass(frozen=True, slots=True)
class Query:
    """
    Args:
        filters: By name, without those that are empty.
        cursor: None: the first page.
    """

    filters: Mapping[str, str]
    cursor: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.filters)

    def text(self, name: str) -> str | None:
        """Return the filter *name*; None: it is not given."""
        return self.filters.get(name)

    def since(self, name: str = "since") -> datetime | None:
        """Return the time of the filter *name*; raises FilterInvalid for what is no time."""
        text = self.text(name)
        found = since_of(text) if text else None
        if text and found is None:
            raise FilterInvalid(repr(text), SINCE, f"correct {name}")
        return found

    def address(self, cursor: str | None = None) -> str:
        """Return the URL of this list: from *cursor* on, else from its beginning."""
        values = {**(request.view_args or {}), **self.filters}
        if cursor is not None:
            values[_CURSOR] = cursor
        return url_for(str(request.endpoint), **values)

    def address_unfiltered(self) -> str:
        """Return the URL of the whole list."""
        return url_for(str(request.endpoint), **(request.view_args or {}))


def of_request(names: Collection[str] = ()) -> Query:
    """
    Return what the URL of this request selects.

    Args:
        names: The filters of the list.

    Raises:
        FilterInvalid: There is no such filter: else a misspelt one would select everything.
    """
    return of_values(request.args, names)


def of_values(values: Mapping[str, str], names: Collection[str]) -> Query:
    """As `of_request`, of other *values*."""
    for name, value in values.items():
        if name not in names and name != _CURSOR:
            known = ", ".join(sorted(names)) or "none here"
            raise FilterInvalid(f"the filter {name!r}", f"one of: {known}", "correct the address")
        most = LONGEST_CURSOR if name == _CURSOR else LONGEST
        if len(value) > most:
            raise FilterInvalid(f"a {name} of {len(value)} characters", f"{most}", "shorten it")
    given = {name: values[name].strip() for name in names if values.get(name, "").strip()}
    return Query(given, values.get(_CURSOR) or None)
