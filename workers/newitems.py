"""
What a request carries that creates items: all that is held of each, and what none can lack. Pure.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/create-items
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from workers.answers import SchemaField
from workers.bodies import Prepared
from workers.changes import FieldProblem
from workers.comparison import key_text
from workers.settings import Collection
from workers.slugs import slug_from
from workers.steps import Batch, ClaimedItem, Death

FLAGS = ("_draft", "_archived")


def completed(
    prepared: Prepared, batch: Batch, collection: Collection, schema: Sequence[SchemaField]
) -> Prepared:
    """
    Return *prepared* with the key, a slug and a status in each item of *batch*.

    Of two items with one slug the second waits for a request of its own; without a *schema* all
    of them wait.
    """
    key = collection.key or ""
    kinds = {field["slug"]: field["type"] for field in schema}
    values: dict[str, Mapping[str, Any]] = {}
    deaths = dict(prepared.deaths)
    slugs: set[str] = set()
    for item in batch.items if schema else ():
        held = prepared.values[item.record]
        try:
            entry = _entry(item, held, key, _key(item.record, kinds.get(key, ""), key))
        except ValueError as error:
            everything = tuple(field.slug for field in item.fields)
            deaths[item.record] = Death("refused", everything, str(error))
            continue
        if _says_another_key(item.record, held, key):
            deaths[item.record] = _with_key(deaths.get(item.record), item, key)
        if entry["slug"] not in slugs:
            slugs.add(entry["slug"])
            values[item.record] = entry
    return replace(prepared, values=values, deaths=deaths)


def _entry(item: ClaimedItem, held: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    slug = held.get("slug") or slug_from(str(held.get("name") or ""), item.record)
    # Said, not left to the CMS: since 2024 what is staged would start as a draft, which no publish
    # of the site takes along. https://developers.webflow.com/data/changelog/12172024
    flags = dict.fromkeys(FLAGS, False)
    return {**flags, **held, "slug": slug, key: value}


def _key(record: str, kind: str, slug: str) -> Any:
    """
    Return the key *record* as a field of *kind* takes it.

    Raises:
        ValueError: it would read back as another one, by which the item would never be found.
    """
    if kind != "Number":
        return record
    try:
        number: int | float = int(record) if record.lstrip("-").isdigit() else float(record)
        same = key_text(number) == record
    except (ValueError, OverflowError):
        same = False
    if not same:
        raise ValueError(f"the field {slug} holds numbers, which the key {record} is not one of")
    return number


def _says_another_key(record: str, held: Mapping[str, Any], key: str) -> bool:
    if key not in held:
        return False
    value = held[key]
    return key_text(float(value) if isinstance(value, Decimal) else value) != record


def _with_key(death: Death | None, item: ClaimedItem, key: str) -> Death:
    """Return *death* with the field *key* in it, whose value is not the key of the record."""
    words = f"the field holds the key, which is {item.record}: another value would hide the item"
    problem = FieldProblem(key, words)
    if death is None:
        return Death("refused", (key,), f"{key}: {words}", problems=(problem,))
    return replace(
        death,
        slugs=(*death.slugs, key),
        message=f"{death.message}; {key}: {words}",
        problems=(*death.problems, problem),
    )
