"""
Which page comes after which.

By number and offset, the end is told by an empty page, by the answer itself (``has_more``, a
total), or by a page that is shorter than `size` and than an earlier page: an API may give fewer
records at once than it was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from service.fetchers.responses import Answer
from service.mapping.paths import compile_path
from service.pulls.feeds import Page
from service.reconcile.snapshot.pages import says_end
from workers.config import json_template
from workers.config.pull import Pull
from workers.errors import PullFailed


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is asked for: *place* is the cursor, number, offset or address of the page."""

    url: str
    body: bytes | None
    place: str | int | None


@dataclass(eq=False)
class Pager:
    """
    The pages of one reading.

    Args:
        since: RFC 3339; None: everything is asked for.
    """

    pull: Pull
    since: str | None = None
    _read: int = 0  # records so far
    _longest: int = 0  # records of a page

    def __post_init__(self) -> None:
        pull = self.pull
        self._template = None if pull.body is None else json_template.parse(pull.body)
        self._in_body = json_template.names_in(pull.body or "")
        self._url = pull.url
        if self.since and pull.since:
            self._url = with_parameter(pull.url, pull.since, self.since)

    def first(self) -> PageRequest:
        """Return the request for the first page."""
        if self.pull.page in ("number", "offset"):
            return self._at(self._begin())
        return self._at(None)

    def after(
        self, request: PageRequest, page: Page, answer: Answer, count: int
    ) -> PageRequest | None:
        """
        Return the request after *request*, or None: it was the last page.

        Args:
            count: Records of *page*.

        Raises:
            PullFailed: The answer names no usable next page.
        """
        self._read += count
        match self.pull.page:
            case "cursor":
                return self._by_cursor(page)
            case "link":
                return self._by_link(request, page, answer)
            case "number" | "offset":
                step = 1 if self.pull.page == "number" else count
                last = self._is_last(page, count)
                return None if last else self._at(int(request.place or 0) + step)
        return None

    def _begin(self) -> int:
        """Return the first number: the one in the address, else 1, or the offset 0."""
        given = dict(parse_qsl(urlsplit(self.pull.url).query)).get(self.pull.parameter, "")
        if given.isascii() and given.isdigit():
            return int(given)
        return 1 if self.pull.page == "number" else 0

    def _is_last(self, page: Page, count: int) -> bool:
        if count == 0 or says_end(page.beside, self._read):
            return True
        short = self.pull.size is not None and count < min(self.pull.size, self._longest)
        self._longest = max(self._longest, count)
        return short

    def _by_cursor(self, page: Page) -> PageRequest | None:
        found = compile_path(self.pull.cursor).read(page.document)
        if not found or not isinstance(found, str | int | float):
            if found and not isinstance(found, bool):
                raise PullFailed(f"{self.pull.cursor}: found no text or number, expected a cursor")
            return None
        if found is True:
            raise PullFailed(f"{self.pull.cursor}: found true, expected a cursor")
        return self._at(found if isinstance(found, str | int) else json.dumps(found))

    def _by_link(self, request: PageRequest, page: Page, answer: Answer) -> PageRequest | None:
        if self.pull.cursor:
            found = compile_path(self.pull.cursor).read(page.document)
        else:
            found = _next_link(answer.headers)
        if not found or not isinstance(found, str):
            return None
        url = urljoin(request.url, found)
        return PageRequest(url, self._body(None), url)

    def _at(self, place: str | int | None) -> PageRequest:
        url, name = self._url, self.pull.parameter
        if place is not None and name and not self._in_body & {"cursor", "page"}:
            url = with_parameter(url, name, str(place))
        return PageRequest(url, self._body(place), place)

    def _body(self, place: str | int | None) -> bytes | None:
        if self.pull.body is None:
            return None
        values = {"cursor": place, "page": place, "since": self.since}
        return json.dumps(json_template.fill(self._template, values)).encode()


def with_parameter(url: str, name: str, value: str) -> str:
    """Return *url* with the parameter *name* set to *value*; the others stay as written."""
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if each and not _is(each, name)]
    return parts._replace(query="&".join([*kept, urlencode({name: value})])).geturl()


def _is(pair: str, name: str) -> bool:
    return [key for key, _ in parse_qsl(pair, keep_blank_values=True)] == [name]


def _next_link(headers: Mapping[str, str]) -> str | None:
    """
    Return the address in a Link header with ``rel="next"``.

    https://www.rfc-editor.org/rfc/rfc8288#section-3
    """
    links = requests.utils.parse_header_links(headers.get("link", ""))
    return next((each["url"] for each in links if "next" in each.get("rel", "").split()), None)
