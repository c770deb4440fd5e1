"""
How alike two names are: a field of the CMS and a key of a payload. Pure.

A name is taken apart into words; phrases that mean one thing in the trade become one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

Words = tuple[str, ...]

_REMEMBERED: Final = 4096

SAME: Final = 100  # of a name that is the other
MEANT: Final = 92  # of names that mean one thing
_KIND: Final = 4  # that a word more or less for the kind counts

# word of ours → phrases that mean it, in words. The longest phrase of a name counts first.
_MEANINGS: Final = {
    "name": (
        *("name", "title", "display name", "product name", "item name", "full name", "subject"),
        *("product title", "item title", "headline", "titel", "bezeichnung"),
    ),
    "price": (
        *("price", "amount", "unit amount", "unit price", "sales price", "price amount", "preis"),
        "verkaufspreis",
    ),
    "compare-price": (
        *("compare at price", "compare price", "old price", "strike price", "msrp", "rrp"),
        *("regular price", "list price", "original price", "was price"),
    ),
    "cost": ("cost", "current cost", "currentcost", "cost price", "purchase price"),
    "stock": (
        *("stock", "qty", "quantity", "inventory", "on hand", "stock level", "inventory level"),
        *("inventory quantity", "stock quantity", "quantity on hand", "qty in stock", "count"),
        *("available quantity", "inventory count", "stock count", "quantity available"),
        *("stock on hand", "available stock", "units in stock", "in stock quantity"),
        *("bestand", "lagerbestand", "menge"),
    ),
    "in-stock": ("in stock", "available", "availability", "stock status", "sold out"),
    "description": (
        *("description", "body html", "body", "content", "details", "long description", "notes"),
        *("description html", "html description", "beschreibung", "langbeschreibung"),
    ),
    "summary": (
        *("summary", "short description", "excerpt", "teaser", "intro", "subtitle"),
        "kurzbeschreibung",
    ),
    "image": (
        *("image", "picture", "photo", "thumbnail", "thumb", "img", "cover", "image url", "avatar"),
        *("featured image", "cover image", "picture url", "photo url", "image src", "logo"),
        *("bild", "foto", "titelbild"),
    ),
    "images": ("images", "pictures", "photos", "gallery", "media", "image urls"),
    "category": (
        "category",
        "product type",
        "categories",
        "product category",
        "kind",
        "group",
        "kategorie",
    ),
    "brand": (
        *("brand", "vendor", "manufacturer", "maker", "brand name", "supplier", "marke"),
        "hersteller",
    ),
    "sku": (
        *("sku", "article number", "item number", "product number", "part number", "stock code"),
        *("product code", "productnumber", "item code", "artikelnummer", "artikelnr"),
    ),
    "barcode": ("barcode", "ean", "gtin", "upc"),
    "link": (
        *("link", "url", "permalink", "html url", "href", "website", "web url", "product url"),
        "absolute url",
    ),
    "location": ("location", "venue", "place", "ort", "standort"),
    "host": ("host", "organizer", "organiser"),
    "email": ("email", "e mail", "mail", "email address", "emails"),
    "phone": ("phone", "telephone", "tel", "mobile", "phone number", "phones"),
    "color": ("color", "colour"),
    "version": ("version", "tag name", "revision"),
    "published": ("published", "publish", "publish date", "release date", "publication date"),
    "updated": (
        *(
            "updated",
            "update",
            "last updated",
            "modified",
            "last modified",
            "date modified",
            "changed",
        ),
        *("update time", "modified date", "last modified date", "last changed", "modifiedon"),
    ),
    "created": ("created", "date created", "creation date", "create time", "created date"),
    "active": ("active", "enabled", "visible", "online", "status"),
    "company": ("company", "organisation", "organization", "org", "employer", "account name"),
    "rating": ("rating", "average rating", "rating average", "stars"),
}
_PHRASES: Final = {
    tuple(phrase.split()): word for word, phrases in _MEANINGS.items() for phrase in phrases
}
_LONGEST: Final = max(map(len, _PHRASES))
_SMALL: Final = frozenset(
    {"the", "a", "of", "is", "has", "at", "on", "to", "my", "main", "primary", "cms", "gmt", "utc"}
    | {"more", "additional", "extra", "current"}
)
# Words behind another that say only of what kind it is.
_KINDS: Final = frozenset(
    {"name", "title", "label", "text", "value", "count", "url", "uri", "src", "href"}
    | {"cent", "cents"}
)
# Ends of a range: what has one is nothing that has the other.
_ENDS: Final = {
    **dict.fromkeys(("min", "minimum", "lowest"), "min"),
    **dict.fromkeys(("max", "maximum", "highest"), "max"),
}
_LAST_ENDS: Final = {"from": "min", "to": "max"}  # as the last word of several
# "start date" and "starts at" are one thing, and so are a price and that of a product.
_ASIDE: Final = frozenset({"date", "time", "datetime", "product", "item"})
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_LEAST_SHARE: Final = 0.5  # of the words of both names, for names that are merely akin


@lru_cache(_REMEMBERED)  # not without a bound: payloads name what they like
def words(name: str) -> Words:
    """Return the words of *name*: ``compareAtPrice``, ``compare_at_price``, ``Compare-at``."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(_REMEMBERED)
def meaning(name: Words) -> Words:
    """Return the words of *name* with phrases of the trade as one word, without small words."""
    found: list[str] = []
    place = 0
    while place < len(name):
        length = next(
            (n for n in range(_LONGEST, 0, -1) if tuple(name[place : place + n]) in _PHRASES), 0
        )
        if length:
            found.append(_PHRASES[tuple(name[place : place + length])])
        elif place and place == len(name) - 1 and name[place] in _LAST_ENDS:
            found.append(_LAST_ENDS[name[place]])
        elif name[place] in _ENDS:
            found.append(_ENDS[name[place]])
        elif name[place] not in _SMALL:
            found.append(singular(name[place]))
        place += length or 1
    unlike = dict.fromkeys(found)
    return tuple(word for word in unlike if word not in _ASIDE) or tuple(unlike)


def likeness(one: Words, other: Words) -> int:
    """Return how alike two names are: 100 the same, 92 of one meaning, 60 to 88 akin, else 0."""
    if not one or not other:
        return 0
    if one == other:
        return SAME
    if "".join(one) == "".join(other):  # firstname, first_name
        return SAME - 1
    like = _of_meaning(meaning(one), meaning(other))
    if like < MEANT:
        shorter = [_of_meaning(meaning(a), meaning(b)) for a, b in _without_kinds(one, other)]
        like = max(like, *(each - _KIND for each in shorter)) if shorter else like
    return like


def _of_meaning(mine: Words, theirs: Words) -> int:
    if not mine or not theirs:
        return 0
    if {*mine} == {*theirs}:
        return MEANT if mine == theirs else MEANT - _KIND
    shared = {*mine} & {*theirs}
    if {"min", "max"} <= {*mine} ^ {*theirs} or shared == {"name"}:
        return 0  # "property name" names something else
    share = len(shared) / len({*mine, *theirs})
    # What a name is about stands last: "retail price" is a price, "price list" is none.
    if share < _LEAST_SHARE or mine[-1] not in theirs or theirs[-1] not in mine:
        return 0
    return round(35 + 50 * share)


def _without_kinds(one: Words, other: Words) -> list[tuple[Words, Words]]:
    """Return the pairs of names where one lacks a word for its kind: brand_name, brand."""
    cut = [name[:-1] if len(name) > 1 and name[-1] in _KINDS else () for name in (one, other)]
    pairs = [(cut[0], other), (one, cut[1])]
    return [pair for pair in pairs if all(pair)]


def best(ones: Iterable[Words], others: Iterable[Words]) -> int:
    """Return the likeness of the pair that is most alike."""
    listed = tuple(others)
    return max((likeness(one, other) for one in ones for other in listed), default=0)


def singular(word: str) -> str:
    """Return *word* without the s of its plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def is_known(name: Words) -> bool:
    """Return whether *name* is of the trade: it means something whatever stands around it."""
    return any(word in _MEANINGS for word in meaning(name))
