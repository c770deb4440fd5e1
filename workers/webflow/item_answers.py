"""
Parse a response of the CMS (status, headers, body) into an Answer.

v1 and v2 differ in every name (``_id`` and ``id``, ``updated-on`` and ``lastUpdated``, a flat item
and ``fieldData``); an Answer hides the difference. Malformed parts are left out, never raised.

https://developers.webflow.com/data/reference/cms
https://developers.webflow.com/data/v1.0.0/reference/cms
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from workers.model.changes import FieldProblem
from workers.model.mask import Mask
from workers.webflow.answer_text import parsed
from workers.webflow.error_details import complaints
from workers.webflow.mentions import mentions
from workers.webflow.site import ListedCollection, Site, collections, sites

LONGEST = 500  # characters kept of a message
_NO_MASK = Mask(())

# https://developers.webflow.com/data/changelog/webflow-api-changed-endpoints
TYPES_V1 = {
    "Bool": "Switch",
    "Date": "DateTime",
    "ExtFileRef": "File",
    "ImageRef": "Image",
    "ItemRef": "Reference",
    "ItemRefSet": "MultiReference",
    "Set": "MultiImage",
    "Video": "VideoLink",
}
RULES_V1 = {"minimum": "minValue", "maximum": "maxValue", "decimalPlaces": "precision"}
_SYSTEM_V1 = frozenset(
    {"_id", "_cid", "_archived", "_draft"}
    | {f"{event}-{what}" for event in ("created", "updated", "published") for what in ("on", "by")}
)


class SchemaField(TypedDict):
    """A field of a collection, ready for JSON, with the names that v2 uses for types and rules."""

    slug: str
    type: str
    displayName: str
    options: list[dict[str, str]]  # {"id", "name"}, of an Option field
    required: NotRequired[bool]
    rules: NotRequired[dict[str, Any]]  # its validations, without the options


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of an answer; times are the CMS's own text, in UTC."""

    id: str
    fields: Mapping[str, Any]
    updated: str | None = None
    published: str | None = None  # None: never published
    created: str | None = None
    archived: bool = False
    draft: bool = False
    locale: str | None = None  # cmsLocaleId of this variant


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the CMS. *code* is the code in v2, the error's name in v1."""

    status: int
    code: str | None = None
    message: str = ""
    problems: tuple[FieldProblem, ...] = ()
    items: Mapping[str, ItemView] = field(default_factory=dict)
    schema: tuple[SchemaField, ...] = ()
    slug: str = ""  # of the collection whose schema it is
    limit: int | None = None  # of the rate window
    remaining: int | None = None
    retry_after: float | None = None  # s; v2 always sends it, only 429 and 503 make it count
    total: int | None = None  # items of a listing, on all pages
    at: int | None = None  # ms on the clock of the CMS
    published: frozenset[str] = frozenset()  # item ids
    errors: tuple[str, ...] = ()  # why other items were not published
    texts: tuple[str, ...] = ()  # all texts of an error body
    places: frozenset[int] = frozenset()  # items of the request it names, from 0
    variants: tuple[ItemView, ...] = ()  # every entry, also several locales of one item
    sites: tuple[Site, ...] = ()
    collections: Mapping[str, ListedCollection] = field(default_factory=dict)  # of a list, by id
    scopes: frozenset[str] | None = None  # of the token; None: it does not tell them


def read(status: int, headers: Mapping[str, str], body: bytes, mask: Mask = _NO_MASK) -> Answer:
    """
    Parse a response; *headers* have lower-case names. *mask* hides secrets in errors, not in items.

    Raises:
        ValueError: A success that is not JSON: the outcome of the request is unknown.
    """
    failed = status >= 300
    if failed:  # mask before truncating: half a secret would not be found
        body = mask.body(body)
        headers = {**headers, "location": mask.text(headers.get("location", "nowhere"))}
    try:
        document = parsed(body) if body or status != HTTPStatus.NO_CONTENT else None
    except (ValueError, RecursionError):
        if not failed:
            raise ValueError(f"answered {status} with something that is not JSON") from None
        document = None
    # Some bulk answers, and the sites of v1, are a bare list.
    known = {"items": document} if isinstance(document, list) and not failed else document
    known = known if isinstance(known, dict) else {}
    texts, places = mentions(document) if failed else ((), frozenset())
    views = () if failed else tuple(_items(known))
    return Answer(
        status=status,
        code=_code(known) if failed else None,
        message=_message(status, headers, known, body) if failed else "",
        problems=tuple(complaints(known)) if failed else (),
        items=_by_id(views),
        schema=() if failed else tuple(_schema(known)),
        slug="" if failed else _text(known.get("slug")) or "",
        limit=_count(headers.get("x-ratelimit-limit")),
        remaining=_count(headers.get("x-ratelimit-remaining")),
        retry_after=_seconds(headers.get("retry-after")),
        total=_total(known),
        at=_moment(headers.get("date")),
        published=frozenset(_texts(known.get("publishedItemIds"))),
        errors=tuple(map(mask.text, _texts(known.get("errors")))),
        texts=texts,
        places=places,
        variants=views,
        sites=() if failed else sites(known),
        collections={} if failed else collections(known),
        scopes=None if failed else _scopes(known.get("authorization")),
    )


def _by_id(views: tuple[ItemView, ...]) -> dict[str, ItemView]:
    held: dict[str, ItemView] = {}
    for view in views:
        held.setdefault(view.id, view)
    return held


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if _text(entry)] if isinstance(value, list) else []


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    # Not isdigit() alone: it accepts "²", which int() refuses.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _seconds(text: str | None) -> float | None:
    whole = _count(text)
    return None if whole is None else float(whole)


def _moment(text: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(text or "").timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _scopes(held: Any) -> frozenset[str] | None:
    """https://developers.webflow.com/data/reference/token/introspect"""
    scope = held.get("scope") if isinstance(held, dict) else None
    return frozenset(re.findall(r"[^\s,]+", scope)) if isinstance(scope, str) else None


def _code(known: Mapping[str, Any]) -> str | None:
    # v1 repeats the status as a number in "code"; the name of its error is in "name".
    return _text(known.get("code")) or _text(known.get("name"))


def _message(status: int, headers: Mapping[str, str], known: Mapping[str, Any], body: bytes) -> str:
    if status < 400:
        return f"redirects to {headers['location']}"[:LONGEST]
    said = _text(known.get("message")) or _text(known.get("msg")) or _text(known.get("err"))
    if said is None and not known:
        said = body[: 4 * LONGEST].decode("utf-8", "replace")
    return re.sub(r"\s+", " ", said or "").strip()[:LONGEST]


def _total(known: Mapping[str, Any]) -> int | None:
    pagination = known.get("pagination")
    total = (pagination if isinstance(pagination, dict) else known).get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def _items(known: Mapping[str, Any]) -> Iterator[ItemView]:
    """Yield the items of a listing or bulk answer, or the single item."""
    listed = known.get("items")
    for entry in listed if isinstance(listed, list) else [known]:
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("fieldData"), dict) and _text(entry.get("id")):
            yield _view_v2(entry)
        elif _text(entry.get("_id")):
            yield _view_v1(entry)


def _view_v2(entry: Mapping[str, Any]) -> ItemView:
    return ItemView(
        id=entry["id"],
        fields=entry["fieldData"],
        updated=_text(entry.get("lastUpdated")),
        published=_text(entry.get("lastPublished")),
        created=_text(entry.get("createdOn")),
        archived=entry.get("isArchived") is True,
        draft=entry.get("isDraft") is True,
        locale=_text(entry.get("cmsLocaleId")),
    )


def _view_v1(entry: Mapping[str, Any]) -> ItemView:
    return ItemView(
        id=entry["_id"],
        fields={slug: value for slug, value in entry.items() if slug not in _SYSTEM_V1},
        updated=_text(entry.get("updated-on")),
        published=_text(entry.get("published-on")),
        created=_text(entry.get("created-on")),
        archived=entry.get("_archived") is True,
        draft=entry.get("_draft") is True,
    )


def _schema(known: Mapping[str, Any]) -> Iterator[SchemaField]:
    fields = known.get("fields")
    for entry in fields if isinstance(fields, list) else []:
        # v1 lists what it writes itself as well: created-on, updated-by and the like.
        if not isinstance(entry, dict) or entry.get("editable") is False:
            continue
        if slug := _text(entry.get("slug")):
            kind = _text(entry.get("type")) or ""
            made = SchemaField(
                slug=slug,
                type=TYPES_V1.get(kind, kind),
                displayName=_text(entry.get("displayName")) or _text(entry.get("name")) or slug,
                options=list(_options(entry)),
            )
            if entry.get("isRequired", entry.get("required")) is True:
                made["required"] = True
            if rules := _rules(entry.get("validations")):
                made["rules"] = rules
            yield made


def _rules(held: Any) -> dict[str, Any]:
    rules: Mapping[str, Any] = held if isinstance(held, dict) else {}
    return {
        RULES_V1.get(name, name): rule
        for name, rule in rules.items()
        if isinstance(rule, bool | int | float | str)
    }


def _options(entry: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for place in ("validations", "metadata"):  # answers use the one, requests the other
        held = entry.get(place)
        options = held.get("options") if isinstance(held, dict) else None
        for option in options if isinstance(options, list) else []:
            if not isinstance(option, dict):
                continue
            name, known_as = _text(option.get("name")), _text(option.get("id"))
            if name and known_as:
                yield {"id": known_as, "name": name}
