"""
What a write-back tells, and the texts that name parts of it: the URL, the body, the SQL statement.

A write-back reports what became of a record to where the record came from (``[writeback.NAME]``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args
from urllib.parse import quote, urlsplit

Event = Literal["created", "changed", "refused", "retired"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
STATES: Final = ("live", "staged", "archived", "draft", "unpublished", "deleted", "none")
PLACEHOLDERS: Final = (
    *("key", "item", "slug", "url", "collection", "state"),
    *("problem", "at", "event", "sequence"),
)

_NAMED: Final = re.compile(r"\{([A-Za-z_]\w*)\}")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
# As SQLAlchemy finds the parameters of a text: not in ``::text``, and not behind a backslash.
# https://docs.sqlalchemy.org/en/21/core/sqlelement.html#sqlalchemy.sql.expression.text
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


@dataclass(frozen=True, slots=True)
class Told:
    """
    What is told of one record.

    Args:
        id: Of the message; a repeat has the same one.
        item: Its item id; None: it has none.
        url: Of its live page; None: it has none, or it is not known.
        state: How its item is in the CMS, one of `STATES`.
        problem: Why something of it is not in the CMS; None: nothing is known to be missing.
        at: Aware, when the event happened.
        sequence: Rises with each event, so that a receiver can drop an older one.
    """

    id: str
    event: Event
    collection: str
    key: str
    item: str | None
    slug: str | None
    url: str | None
    state: str
    problem: str | None
    at: datetime
    sequence: int

    def values(self) -> dict[str, str | int | None]:
        """Return the values of the placeholders; *at* in UTC with milliseconds."""
        at = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "key": self.key,
            "item": self.item,
            "slug": self.slug,
            "url": self.url,
            "collection": self.collection,
            "state": self.state,
            "problem": self.problem,
            "at": at,
            "event": self.event,
            "sequence": self.sequence,
        }

    def whole(self) -> bytes:
        """Return the whole event as JSON."""
        return json.dumps({"id": self.id, **self.values()}, ensure_ascii=False).encode()


SAMPLE: Final = Told(
    id="wb_shop_1764450000000000",
    event="created",
    collection="products",
    key="A-1",
    item="65f000000000000000000001",
    slug="oak-desk",
    url="https://example.com/products/oak-desk",
    state="live",
    problem=None,
    at=datetime(2025, 11, 29, 21, 0, tzinfo=UTC),
    sequence=1764450000000000,
)


def names_in(template: str) -> list[str]:
    """Return the names of the placeholders in the URL or body *template*, each once."""
    return [*dict.fromkeys(_NAMED.findall(template))]


def parameters_of(statement: str) -> list[str]:
    """Return the names of the parameters in the SQL *statement*, each once."""
    return [*dict.fromkeys(_PARAMETER.findall(statement))]


def has_fixed_host(template: str) -> bool:
    """Tell whether no placeholder of the URL *template* stands before its path."""
    parts = urlsplit(template)
    return not names_in(f"{parts.scheme}://{parts.netloc}")


def url_for(template: str, told: Told) -> str:
    """
    Return the URL for *told*; values are percent-encoded.

    Raises:
        ValueError: A value would change the path: "." and ".." cannot be encoded in it.
    """
    filled = _filled(template, told, lambda value: quote(_text(value), safe=""))
    if any(part in (".", "..") for part in urlsplit(filled).path.split("/")):
        raise ValueError('a value that is "." or ".." cannot stand alone in the path of a URL')
    return filled


def body_for(template: str, told: Told) -> bytes:
    """Return the body for *told*: values as JSON, within a string of it as a part of that."""
    return "".join(_pieces(template, told)).encode()


def is_json(template: str) -> bool:
    """Tell whether the body *template* is JSON once it is filled."""
    try:
        json.loads(body_for(template, SAMPLE))
    except ValueError:
        return False
    return True


def _pieces(template: str, told: Told) -> Iterator[str]:
    end = 0
    for found in _STRING.finditer(template):
        yield _filled(template[end : found.start()], told, _json)
        yield _filled(found[0], told, lambda value: _json(_text(value))[1:-1])
        end = found.end()
    yield _filled(template[end:], told, _json)


def _filled(template: str, told: Told, form: Callable[[Any], str]) -> str:
    values: Mapping[str, Any] = told.values()
    return _NAMED.sub(lambda found: form(values[found[1]]), template)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
