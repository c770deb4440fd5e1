"""
Payloads that create items: all values known of an item, its key, a slug and its status.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/create-items
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from workers.config.settings import Collection
from workers.fields.key_forms import kept
from workers.fields.slugify import slug_from
from workers.model.attempts import Batch, ClaimedItem, FieldFailure
from workers.model.changes import FieldProblem
from workers.webflow.item_keys import kept_key, key_number, key_parts, key_text
from workers.webflow.item_payloads import Prepared
from workers.webflow.schema import Schema, Trust
from workers.webflow.site import field_of

FLAGS = ("_draft", "_archived")


def completed(prepared: Prepared, batch: Batch, collection: Collection, schema: Schema) -> Prepared:
    """
    Add the key, a slug and the status flags to each item of *batch*.

    A second item of the same name gets the next slug; one with the same mapped slug or the same key
    waits for a later request. Without a *schema* all of them wait. An item that lacks a field which
    the schema requires is not created.
    """
    values: dict[str, Mapping[str, Any]] = {}
    failures = dict(prepared.failures)
    doubted = set(prepared.doubted)
    slugs: set[str] = set()
    keys: set[str] = set()
    for item in batch.items if schema.fields else ():
        held = {field_of(slug): value for slug, value in prepared.values[item.record].items()}
        try:
            entry = _entry(item, held, _key(collection, item.record, schema), slugs)
        except ValueError as error:
            everything = tuple(field.slug for field in item.fields)
            failures[item.record] = FieldFailure("refused", everything, str(error))
            continue
        lacking = _lacking(entry, collection, schema)
        if lacking and (fate := _fate(item, schema)) != "send":
            if fate == "refuse":
                failures[item.record] = _without(failures.get(item.record), item, lacking, schema)
            else:
                doubted.add(item.record)
            continue
        for slug, part in _parts(collection, item.record):
            if _says_another_key(part, held, slug, schema):
                failures[item.record] = _with_key(failures.get(item.record), slug, part)
        key = kept_key(collection, item.record, schema)
        # A field may store two keys alike: the second item waits and finds what the first created.
        if entry["slug"] not in slugs and key not in keys:
            slugs.add(entry["slug"])
            keys.add(key)
            values[item.record] = entry
    return replace(prepared, values=values, failures=failures, doubted=frozenset(doubted))


def _lacking(entry: Mapping[str, Any], collection: Collection, schema: Schema) -> list[str]:
    """Return the required fields that *entry* leaves empty."""
    required = schema.required if collection.preflight else ()
    return [slug for slug in required if entry.get(slug) in (None, "")]


def _fate(item: ClaimedItem, schema: Schema) -> Trust:
    """Return what happens to an item that lacks a required field, judged by its newest value."""
    return schema.trust(max(item.fields, key=lambda field: field.arrival))


def _without(
    failure: FieldFailure | None, item: ClaimedItem, lacking: Sequence[str], schema: Schema
) -> FieldFailure:
    """Add the missing fields to *failure*: all of *item* fails."""
    words = "the field is required, and no event has given it a value that can be sent"
    told = "; ".join(f"{slug}: {words}" for slug in lacking)
    message = f"not created: checked here against the schema read at {schema.told}: {told}"
    problems = tuple(FieldProblem(slug, words) for slug in lacking)
    everything = tuple(field.slug for field in item.fields)
    if failure:
        message, problems = f"{failure.message}; {message}", (*failure.problems, *problems)
    return FieldFailure("refused", everything, message, problems=problems)


def _entry(
    item: ClaimedItem, held: Mapping[str, Any], key: Mapping[str, Any], given: Container[str]
) -> dict[str, Any]:
    """Build the payload of a new *item*; *given*: the slugs already used in this request."""
    slug, name = held.get("slug"), str(held.get("name") or "")
    passed = item.passed
    while not slug or (slug in given and not held.get("slug")):
        following = slug_from(name, item.record, passed)
        if following is None:  # the slugs are used up: the CMS names the item that has the last one
            slug = passed
            break
        slug = passed = following
    # Always sent: since 2024 a staged item is created as a draft by default, which no publish of
    # the site includes. https://developers.webflow.com/data/changelog/12172024
    flags = dict.fromkeys(FLAGS, False)
    return {**flags, **held, "slug": slug, **key}


def _parts(collection: Collection, record: str) -> list[tuple[str, str]]:
    """
    Return the slug and the value of each field that holds a part of the key *record*.

    Raises:
        ValueError: The record has another number of parts: the key was configured differently then.
    """
    parts = key_parts(collection, record)
    if len(parts) != len(collection.keys):
        expected = f"{len(collection.keys)} fields hold the key"
        raise ValueError(f"the key {record} has {len(parts)} parts, while {expected}")
    return list(zip(collection.keys, parts, strict=True))


def _key(collection: Collection, record: str, schema: Schema) -> dict[str, Any]:
    """Return slug → value of the fields that hold the key *record*; ValueError as in `_part`."""
    return {slug: _part(part, schema, slug) for slug, part in _parts(collection, record)}


def _part(record: str, schema: Schema, slug: str) -> Any:
    """
    Return a part of a key as the field *slug* takes it.

    Raises:
        ValueError: The field would read it back as another key, and never find the item again.
    """
    field = schema.fields.get(slug)
    if field is None or field["type"] != "Number":
        return record
    number = key_number(record)
    if number is None:
        words = f"the field {slug} holds numbers, none of which reads back as the key {record}"
        raise ValueError(words)
    return number


def _says_another_key(record: str, held: Mapping[str, Any], key: str, schema: Schema) -> bool:
    if key not in held:
        return False
    value = held[key]
    said = key_text(float(value) if isinstance(value, Decimal) else value)
    cms_type = schema.kind(key)[0]
    return said is None or kept(said, cms_type) != kept(record, cms_type)


def _with_key(failure: FieldFailure | None, key: str, part: str) -> FieldFailure:
    """Add the field *key* to *failure*: its value contradicts the record's key."""
    words = f"the field holds the key, which is {part}: another value would hide the item"
    problem = FieldProblem(key, words)
    if failure is None:
        return FieldFailure("refused", (key,), f"{key}: {words}", problems=(problem,))
    return replace(
        failure,
        slugs=(*failure.slugs, key),
        message=f"{failure.message}; {key}: {words}",
        problems=(*failure.problems, problem),
    )
