"""Compares the site with the truth, field by field, and sums up the dead letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.demo.simulation import SkuField
from service.sandbox.model.schema import owned
from service.sandbox.seeds.samples import FIELDS, PRODUCTS

Items = Mapping[str, Mapping[str, Any]]  # field data by sku
_CATEGORY = next(owned(one, PRODUCTS).options for one in FIELDS if one.slug == "category")


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """
    The result of the comparison.

    Args:
        checked: Number of compared fields: all there are.
        wrong: Fields with a wrong new value.
        lost: Fields with their old value, though a newer one was accepted.
    """

    checked: int
    wrong: tuple[SkuField, ...]
    lost: tuple[SkuField, ...]


def compare(
    before: Items, after: Items, truth: Mapping[SkuField, Any], excused: Collection[SkuField]
) -> SiteCheck:
    """
    Compare every field of every product.

    Args:
        before: What the site showed before the day: unchanged fields must show it still.
        excused: Fields whose newest value the CMS has refused: they may show anything.
    """
    checked = 0
    wrong: list[SkuField] = []
    lost: list[SkuField] = []
    for sku, fields in before.items():
        for slug in fields:
            checked += 1
            place = (sku, slug)
            shown, held = after[sku].get(slug), fields[slug]
            if place in excused or readable(slug, shown) == truth.get(place, readable(slug, held)):
                continue
            (lost if shown == held else wrong).append(place)
    return SiteCheck(checked, tuple(wrong), tuple(lost))


def readable(slug: str, value: Any) -> Any:
    """Return *value* as a source would write it: the CMS stores an option by its id."""
    return _CATEGORY.get(value, value) if slug == "category" else value


def reasons(letters: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return kind, count and shortest reason of the dead letters."""
    words: dict[str, list[str]] = {}
    for letter in letters:
        problems = "; ".join(f"{each['field']}: {each['message']}" for each in letter["problems"])
        words.setdefault(letter["kind"], []).append(problems or letter["message"])
    return [
        {"kind": kind, "count": len(reasons), "reason": min(reasons, key=len)}
        for kind, reasons in words.items()
    ]


def unexpected(letters: Iterable[Mapping[str, Any]], refused: Collection[SkuField]) -> int:
    """Return the number of unplanned fields in letters of values that the CMS refused."""
    return sum(
        (letter["key"], slug) not in refused
        for letter in letters
        if letter["kind"] in ("refused", "exhausted", "not-applied")
        for slug in letter["fields"]
    )
