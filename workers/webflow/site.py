"""
The locales of a site, and names of fields in one locale.

All variants of an item share its id and differ in ``cmsLocaleId``, which is not the id of the
locale: GET /sites returns both. A field that a mapping writes in one locale is named ``name@de``:
slug and locale tag.

https://developers.webflow.com/data/reference/sites/list
https://developers.webflow.com/data/docs/working-with-localization
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

IN = "@"  # between slug and locale tag; no slug contains it


@dataclass(frozen=True, slots=True)
class Locale:
    tag: str
    id: str  # its cmsLocaleId


@dataclass(frozen=True, slots=True)
class Site:
    """A site that a token can see."""

    id: str
    locales: tuple[Locale, ...] = ()  # the primary one first; none: not localized
    domain: str = ""  # where its pages are: a custom domain, else that of Webflow; "": unknown
    # When it was published last, as the CMS says it; "": never; None: the answer does not say.
    published: str | None = None
    name: str = ""  # as people call it
    domain_ids: tuple[str, ...] = ()  # of its custom domains


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A collection in the list of a site's collections."""

    id: str
    slug: str
    name: str  # as people call it; else its slug or id


def in_locale(slug: str, tag: str) -> str:
    return f"{slug}{IN}{tag}"


def field_of(slug: str) -> str:
    """Return the field's slug in *slug*, without the locale."""
    return slug.partition(IN)[0]


def tag_of(slug: str) -> str | None:
    """Return the locale tag in *slug*; None: no particular locale."""
    return slug.partition(IN)[2] or None


def sites(document: Any) -> tuple[Site, ...]:
    """Return the sites that an answer lists, or the single site that it is."""
    known = document if isinstance(document, dict) else {}
    if isinstance(listed := known.get("sites"), list):
        return tuple(_sites(listed))
    if "locales" in known:
        return tuple(_sites([known]))
    return tuple(_sites(_bare(known, "shortName")))


def collections(document: Any) -> dict[str, ListedCollection]:
    """Return the collections that an answer lists, by id."""
    known = document if isinstance(document, dict) else {}
    listed = known.get("collections")
    entries = listed if isinstance(listed, list) else _bare(known, "singularName")
    whole = [each for each in entries if isinstance(each, dict)]
    named = [(each.get("id", each.get("_id")), each) for each in whole]
    return {str(id): _collection(str(id), each) for id, each in named if id}


def _collection(id: str, entry: Mapping[str, Any]) -> ListedCollection:
    slug = _text(entry.get("slug"))
    name = _text(entry.get("displayName")) or _text(entry.get("name")) or slug or id
    return ListedCollection(id, slug, name)


def unknown(wanted: str | Sequence[str], locales: Sequence[Locale]) -> tuple[str, ...]:
    """Return the tags in *wanted* that none of *locales* has."""
    tags = {locale.tag.lower() for locale in locales}
    named = () if isinstance(wanted, str) else wanted
    return tuple(tag for tag in named if tag.lower() not in tags)


def _bare(known: Mapping[str, Any], mark: str) -> list[Any]:
    """
    Return the entries of a list of v1, which has no name, or the one that an answer is: those that
    have a member *mark*.

    https://developers.webflow.com/data/v1.0.0/reference/sites/list
    """
    listed = known.get("items", [known])
    entries = listed if isinstance(listed, list) else []
    return [each for each in entries if isinstance(each, dict) and "_id" in each and mark in each]


def _sites(entries: Sequence[Any]) -> Iterator[Site]:
    for entry in entries:
        id = entry.get("id", entry.get("_id")) if isinstance(entry, dict) else None
        if isinstance(id, str):
            yield Site(
                id,
                tuple(_locales(entry.get("locales"))),
                _domain(entry),
                _text(entry["lastPublished"]) if "lastPublished" in entry else None,
                _text(entry.get("displayName")) or _text(entry.get("shortName")),
                tuple(each["id"] for each in _custom(entry) if isinstance(each.get("id"), str)),
            )


def _custom(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    held = entry.get("customDomains")
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _domain(entry: Mapping[str, Any]) -> str:
    urls = [each["url"] for each in _custom(entry) if isinstance(each.get("url"), str)]
    name = entry.get("shortName")
    if not urls and isinstance(name, str) and name:
        urls = [f"{name}.webflow.io"]
    return urls[0].removeprefix("https://").rstrip("/") if urls else ""


def _locales(held: Any) -> Iterator[Locale]:
    known: Mapping[str, Any] = held if isinstance(held, dict) else {}
    secondary = known.get("secondary")
    for entry in [known.get("primary"), *(secondary if isinstance(secondary, list) else [])]:
        if not isinstance(entry, dict):
            continue
        tag, id = entry.get("tag"), entry.get("cmsLocaleId")
        if isinstance(tag, str) and tag and isinstance(id, str) and id:
            yield Locale(tag, id)
