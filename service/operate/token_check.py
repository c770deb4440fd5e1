"""Whether the token of a destination may be used, by one request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from service.operate.cms_request import ask
from workers.errors import DestinationError, Problem
from workers.policy import messages

if TYPE_CHECKING:
    from pathlib import Path

    from workers.config.settings import Collection, Destination
    from workers.store.rate_limiter import Limiter
    from workers.webflow.item_answers import Answer

REFUSALS: Mapping[int, tuple[str, str, str]] = {  # status: key, expected, do
    400: ("id", "the id of a collection: 24 hex digits", "copy it from the CMS settings"),
    401: ("token", "a token that the CMS knows", "create a new token and set it"),
    403: (
        "token",
        "a token that may read and write the CMS",
        "create a token with the scopes cms:read and cms:write, and set it",
    ),
    404: ("id", "the id of a collection that the token can see", "correct the id, or the token"),
}


def schema_or_problem(
    file: Path, destination: Destination, collection: Collection | None, limiter: Limiter | None
) -> Problem | Answer:
    """Return the answer of the CMS to a GET of *collection*, or what is wrong with its token."""
    place = f"{file}: destinations.{destination.name}"
    try:
        answer = ask(destination, collection, limiter)
    except DestinationError as error:
        do = "check the address"
        return Problem(f"{place}.base_url", str(error), "an answer from the CMS", do)
    status = answer.status
    # A token for a collection may have no access to the list of sites, or no such list exists.
    if status == 200 or (collection is None and status in (403, 404)):
        return answer
    if problem := refusal(file, destination, collection, answer):
        return problem
    where = f"{file}: collections.{collection.name}" if collection else f"{place}.base_url"
    return Problem(where, f"status {status}", "status 200", "try again later")


def refusal(
    file: Path, destination: Destination, collection: Collection | None, answer: Answer
) -> Problem | None:
    """Return what *answer*, to a GET of *collection*, says against the configuration."""
    place = f"{file}: destinations.{destination.name}"
    status = answer.status
    found = f"status {status}" + (f" ({answer.message})" if answer.message else "")
    if messages.is_named(messages.VERSION_NAMES, answer.code):
        other = "v2" if destination.api == "v1" else "v1"
        do = f'set api = "{other}", or create a token for {destination.api}'
        return Problem(f"{place}.api", found, f"a token for the API {destination.api}", do)
    if status == HTTPStatus.NOT_FOUND and messages.says(messages.NO_ROUTE, answer.message):
        do = f"correct it: {destination.base_url} serves no API"
        return Problem(f"{place}.base_url", found, "the address of the API", do)
    key, expected, do = REFUSALS.get(status, ("", "", ""))
    if not key or (key == "id" and collection is None):
        return None
    if collection is not None and key == "id":
        place = f"{file}: collections.{collection.name}"
    return Problem(f"{place}.{key}", found, expected, do)
