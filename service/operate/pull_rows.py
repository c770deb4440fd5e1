"""The first records of a pull, for a preview or a suggestion; at most one call of its API."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from service.fetchers.responses import Answer
from service.pulls.feeds import page_of
from service.pulls.pages import Pager
from service.pulls.requester import Requester
from service.senders.payload import parse_json
from workers.config.pull import Pull
from workers.errors import PayloadInvalid, PullFailed, RequestRefused

MOST: Final = 3


def first_rows(pull: Pull, body: bytes | None, *, single: bool = False) -> list[Any]:
    """
    Return the first records of *pull*.

    Args:
        body: An answer of its API, or with *single* one record as JSON; None: its API is asked.

    Raises:
        PullFailed: The API that is asked does not answer, or not as instep.toml says.
        RequestRefused: There is no record in *body*, or in the answer.
    """
    if single and body is not None:
        try:
            return [parse_json(body)]
        except PayloadInvalid as error:
            do = "give one record, as it stands in the list of the answer"
            raise RequestRefused(str(error), "a record as JSON", do) from None
    if body is None:
        first = Pager(pull).first()
        rows = _first_of(pull, Requester(pull).get(first.url, first.body))
    else:
        try:
            rows = _first_of(pull, Answer(200, {}, body))
        except PullFailed as error:
            do = "give a captured answer, or correct instep.toml"
            expected = f"an answer as [pulls.{pull.name}] says"
            raise RequestRefused(str(error), expected, do) from None
    if not rows:
        raise RequestRefused(f"no record in the answer of {pull.name}", "one at least", "see items")
    return rows


def _first_of(pull: Pull, answer: Answer) -> list[Any]:
    return list(islice(page_of(pull, answer).records, MOST))
