"""
The locales of a site, and which field of which variant a slug means. Pure: no I/O.

All variants of an item share its id; ``cmsLocaleId`` tells them apart. It is another id than that
of the locale itself, and stands beside it in the answer to GET /sites. A field that a mapping
writes in one locale is ``name@de``: the slug of the field, and the tag of the locale.

https://developers.webflow.com/data/reference/sites/list
https://developers.webflow.com/data/docs/working-with-localization
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

IN = "@"  # between the slug of a field and the tag of a locale; no slug holds one


@dataclass(frozen=True, slots=True)
class Locale:
    tag: str
    id: str  # its cmsLocaleId


@dataclass(frozen=True, slots=True)
class Site:
    """
    A site that a token can see.

    Args:
        locales: The primary one first; none: the site is not localized.
    """

    id: str
    locales: tuple[Locale, ...] = ()


def in_locale(slug: str, tag: str) -> str:
    """Return the name of the field *slug* in the variant of one locale."""
    return f"{slug}{IN}{tag}"


def field_of(slug: str) -> str:
    """Return the slug of the field that *slug* means in the CMS, in whatever locale."""
    return slug.partition(IN)[0]


def tag_of(slug: str) -> str | None:
    """Return the tag of the one locale that *slug* means; None: it means no particular one."""
    return slug.partition(IN)[2] or None


def sites(document: Any) -> tuple[Site, ...]:
    """Return the sites that an answer names, or the one site that it is."""
    known = document if isinstance(document, dict) else {}
    listed = known.get("sites")
    if isinstance(listed, list):
        return tuple(_sites(listed))
    return tuple(_sites([known])) if "locales" in known else ()


def collections(document: Any) -> tuple[str, ...]:
    """Return the ids of the collections that an answer lists."""
    listed = document.get("collections") if isinstance(document, dict) else None
    entries = listed if isinstance(listed, list) else []
    return tuple(str(each["id"]) for each in entries if isinstance(each, dict) and "id" in each)


def unknown(wanted: str | Sequence[str], locales: Sequence[Locale]) -> tuple[str, ...]:
    """Return the tags of *wanted* that no one of *locales* has."""
    tags = {locale.tag.lower() for locale in locales}
    named = () if isinstance(wanted, str) else wanted
    return tuple(tag for tag in named if tag.lower() not in tags)


def _sites(entries: Sequence[Any]) -> Iterator[Site]:
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield Site(entry["id"], tuple(_locales(entry.get("locales"))))


def _locales(held: Any) -> Iterator[Locale]:
    known: Mapping[str, Any] = held if isinstance(held, dict) else {}
    secondary = known.get("secondary")
    for entry in [known.get("primary"), *(secondary if isinstance(secondary, list) else [])]:
        if not isinstance(entry, dict):
            continue
        tag, id = entry.get("tag"), entry.get("cmsLocaleId")
        if isinstance(tag, str) and tag and isinstance(id, str) and id:
            yield Locale(tag, id)
