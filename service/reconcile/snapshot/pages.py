"""
Whether the list in a JSON object is one page of several: what the object says about it. Pure.

The names are those of BigCommerce, Square, HubSpot, Salesforce, Zoho, OData and Dataverse, Strapi,
Shopify, Stripe, Airtable, Pipedrive, Magento, Django and JSON:API. They are compared without case
and signs, and by their last part: ``@odata.nextLink`` is ``nextlink``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

# True: more follow. False: none.
_MORE: Final = re.compile(
    "has(more|next).*|more|more(records|results|items.*|pages)|(is)?truncated"
)
# True: none follow. False: more.
_DONE: Final = re.compile("done|(is)?complete|(is)?last(page)?")
# The next page; null: there is none.
_NEXT: Final = re.compile(
    "next(page|records?|results?)?(token|cursor|link|url|uri|href|start|offset|marker|key|id)?"
    "|continuation(token)?|scrollid"
)
_CURSOR: Final = re.compile("cursor|offset|marker")  # text: as _NEXT
_TOTAL: Final = re.compile(
    "x?total|x?total(count|results|items|size|records?|recordcount|elements|hits|matches|rows|entries"
    "|objects|documents|found|number(of.*)?|available)|numfound|(nb|num)(hits|results)"
)
# Of all pages, or of this one: if it is larger than this one, of all.
_COUNT: Final = re.compile(
    "count|(item|row|record|result|entry|object|hit)s?count|numberof(items|rows|records|results)"
)
_AROUND: Final = re.compile(  # a count in any other object may be of something else
    ".*(meta|metadata|pagination|paging|pager|pageinfo)|page|info|result(set|info)?|response|query"
)
_PAGES: Final = re.compile("totalpages|pagecount|pagestotal|numpages|lastpage|pages")
_LATER: Final = re.compile("prev(ious)?(page|records?|results?)?(token|cursor|link|url|uri|href)?")
_PAGE: Final = re.compile("page|currentpage|pagenumber|pageno|pageindex|startindex")  # from 1
_START: Final = re.compile("offset|skip|start|startat")  # from 0
_LIMIT: Final = re.compile("limit|perpage|pagesize|pagelimit|itemsperpage|maxresults|top")
_DEPTH: Final = 4

Statement = tuple[str, str, Any]  # the name as written, its normalised form, and the value


def sign_of_more(beside: Iterable[Mapping[str, Any]], count: int) -> tuple[str, Any] | None:
    """
    Return name and value of a member that shows the list to be incomplete, if any.

    Args:
        beside: The objects around the list, without it.
        count: Number of records in the list.
    """
    statements = [each for around in beside for each in _statements(around, _DEPTH)]
    signs = [(name, value) for name, plain, value in statements if _says_more(plain, value, count)]
    if not signs and not any(_says_all(plain, value, count) for _, plain, value in statements):
        signs = [
            (name, value) for name, plain, value in statements if _may_go_on(plain, value, count)
        ]
    return signs[0] if signs else None


def says_end(beside: Iterable[Mapping[str, Any]], count: int) -> bool:
    """Tell whether a page says that nothing follows the *count* records that were read so far."""
    found = [each for around in beside for each in _statements(around, _DEPTH)]
    if any(_goes_on(plain, value, count) for _, plain, value in found):
        return False
    return any(_says_all(plain, value, count) for _, plain, value in found)


def goes_on(beside: Iterable[Mapping[str, Any]], count: int) -> tuple[str, Any] | None:
    """Return name and value of what says that records follow the *count* read so far, if any."""
    found = (each for around in beside for each in _statements(around, _DEPTH))
    return next(
        ((name, value) for name, plain, value in found if _goes_on(plain, value, count)), None
    )


def total_in(beside: Iterable[Mapping[str, Any]]) -> int | None:
    """Return the number of records on all pages, if the page states one."""
    found = {
        _number(value)
        for around in beside
        for _, plain, value in _statements(around, _DEPTH)
        if _TOTAL.fullmatch(plain)
    } - {None}
    return found.pop() if len(found) == 1 else None


def _goes_on(plain: str, value: Any, count: int) -> bool:
    if isinstance(value, bool):
        return bool((_MORE if value else _DONE).fullmatch(plain))
    if isinstance(value, str | dict) and value and _NEXT.fullmatch(plain):
        return True
    number = _number(value)
    return number is not None and number > count and bool(_TOTAL.fullmatch(plain))


def _statements(around: Mapping[str, Any], depth: int, within: str = "page") -> Iterator[Statement]:
    for name, value in around.items():
        plain = _plain(name)
        if plain == "count" and not name[0].isalpha():  # @odata.count: of all
            plain = "totalcount"
        elif plain == "value" and _TOTAL.fullmatch(within):
            plain = within
        elif _COUNT.fullmatch(plain) and not _AROUND.fullmatch(within):
            plain = ""
        yield name, plain, value
        if isinstance(value, dict) and depth:
            yield from _statements(value, depth - 1, plain)


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", re.split("[.@]", name)[-1].lower())


def _says_more(plain: str, value: Any, count: int) -> bool:
    """Tell whether records follow, or came before."""
    if isinstance(value, bool):
        return bool((_MORE if value else _DONE).fullmatch(plain))
    linked = isinstance(value, str | dict) and bool(value)
    if linked and (_NEXT.fullmatch(plain) or _LATER.fullmatch(plain)):
        return True
    number = _number(value)
    above = {_TOTAL: count, _COUNT: count, _PAGES: 1, _PAGE: 1, _START: 0, _NEXT: 0}
    least = [above[names] for names in above if names.fullmatch(plain)]
    return number is not None and bool(least) and number > least[0]


def _says_all(plain: str, value: Any, count: int) -> bool:
    """Tell whether nothing follows, despite other signs."""
    if isinstance(value, bool):
        return bool((_DONE if value else _MORE).fullmatch(plain))
    if value is None:
        return bool(_NEXT.fullmatch(plain))
    return _number(value) == count and bool(_TOTAL.fullmatch(plain))


def _may_go_on(plain: str, value: Any, count: int) -> bool:
    """Tell whether there is a cursor, or the page is full, without a sign of the end."""
    if isinstance(value, str):
        return value != "" and bool(_CURSOR.fullmatch(plain))
    number = _number(value)
    return number is not None and 0 < number <= count and bool(_LIMIT.fullmatch(plain))


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else None
