"""The payload of a claimed item in an update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workers.fields.types import TYPES, OptionUnknown, parse
from workers.model.attempts import Batch, ClaimedField, ClaimedItem, FieldFailure
from workers.model.changes import FieldProblem
from workers.model.retirement import GONE
from workers.webflow.schema import Schema, Trust, check
from workers.webflow.site import field_of

_GOES = (None, "send")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a batch sends, and the failures of what it cannot send; keys are records."""

    values: Mapping[str, Mapping[str, Any]]  # slug → value as the PATCH carries it
    failures: Mapping[str, FieldFailure]  # invalid by the schema, or unknown option labels
    doubted: frozenset[str]  # a value breaks the schema, which may have changed since it was read
    # Slugs of files to read first where an item has nothing else to send: v2 wants the URL beside a
    # fileId.
    unread: Mapping[str, tuple[str, ...]]


def prepare(batch: Batch, api: str, schema: Schema, *, checked: bool) -> Prepared:
    """
    Build the payload of *batch* for *api*, "v1" or "v2"; *checked*: validate every value, not only
    the option labels, against *schema*.
    """
    checked = checked and schema.whole and not batch.publish
    values: dict[str, dict[str, Any]] = {}
    failures: dict[str, FieldFailure] = {}
    doubted: set[str] = set()
    unread: dict[str, tuple[str, ...]] = {}
    for item in batch.items:
        body, problems = _body(item, api, schema)
        lacking = _without_url(item, body) if api == "v2" else None
        if lacking:
            if lacking >= set(body):
                unread[item.record] = tuple(sorted(lacking))
            body = {slug: value for slug, value in body.items() if slug not in lacking}
        if checked:
            problems |= _problems(body, api, schema)
        if not problems:
            values[item.record] = body
            continue
        fates = _fates(item, body, problems, schema)
        if "wait" in fates.values():
            doubted.add(item.record)
        if bad := {slug: words for slug, words in problems.items() if fates[slug] == "refuse"}:
            failures[item.record] = _failure(bad, schema)
        values[item.record] = {s: value for s, value in body.items() if fates.get(s) in _GOES}
    return Prepared(values, failures, frozenset(doubted), unread)


def _body(item: ClaimedItem, api: str, schema: Schema) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the payload of *item*, and slug → message for unknown option labels."""
    body: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for field in item.fields:
        kind = TYPES[field.type]
        try:
            body[field.slug] = kind.body(
                parse(field.value),
                api=api,
                file=field.file,
                again=field.repair or field.same,
                options=schema.options(field_of(field.slug)) if kind.needs_schema else (),
                link=field.link,
            )
        except OptionUnknown as error:
            unknown[field.slug] = str(error)
        if field.misses and body.get(field.slug, "") is None and _is_text(field, schema):
            body[field.slug] = ""  # the CMS ignored null before
    if GONE in body:
        # A status flag set by a mapping wins over the flag that undoes a retirement.
        body[GONE] = {flag: body.get(flag, to) for flag, to in body[GONE].items()}
        body |= body[GONE]
    return body, unknown


def _is_text(field: ClaimedField, schema: Schema) -> bool:
    cms_type, _ = schema.kind(field_of(field.slug))
    if cms_type:
        return cms_type in ("PlainText", "RichText")
    return field.type in ("plain", "richtext")


def _fates(
    item: ClaimedItem, body: Mapping[str, Any], problems: Mapping[str, str], schema: Schema
) -> dict[str, Trust]:
    """Return slug → what happens to each value that *schema* does not take."""
    fates: dict[str, Trust] = {}
    for field in item.fields:
        if field.slug in problems:
            fate = schema.trust(field)
            # A label without an id cannot be sent.
            fates[field.slug] = "wait" if fate == "send" and field.slug not in body else fate
    return fates


def _problems(body: Mapping[str, Any], api: str, schema: Schema) -> dict[str, str]:
    return {
        slug: words
        for slug, value in body.items()
        if (words := check(schema, field_of(slug), value, api=api))
    }


def refused(prepared: Prepared, bad: Mapping[str, Mapping[str, str]]) -> Prepared:
    """Return *prepared* without the values of *bad*, record → slug → why; they fail unsent."""
    values = dict(prepared.values)
    failures = dict(prepared.failures)
    for record, words in bad.items():
        values[record] = {s: value for s, value in values[record].items() if s not in words}
        told = "; ".join(f"{slug}: {why}" for slug, why in sorted(words.items()))
        message = f"not sent: looked at before any call: {told} (a replay looks again)"
        problems = tuple(FieldProblem(slug, why) for slug, why in sorted(words.items()))
        failure = FieldFailure("refused", tuple(sorted(words)), message, problems=problems)
        failures[record] = _joined(failures.get(record), failure)
    return replace(prepared, values=values, failures=failures)


def _joined(one: FieldFailure | None, other: FieldFailure) -> FieldFailure:
    if one is None:
        return other
    return replace(
        one,
        slugs=(*one.slugs, *other.slugs),
        message=f"{one.message}; {other.message}",
        problems=(*one.problems, *other.problems),
    )


def _failure(problems: Mapping[str, str], schema: Schema) -> FieldFailure:
    told = "; ".join(f"{slug}: {words}" for slug, words in sorted(problems.items()))
    return FieldFailure(
        "refused",
        tuple(sorted(problems)),
        f"not sent: checked here against the schema read at {schema.told}: {told}"
        " (a replay reads the schema again)",
        problems=tuple(FieldProblem(slug, words) for slug, words in sorted(problems.items())),
    )


def _without_url(item: ClaimedItem, body: Mapping[str, Any]) -> set[str]:
    found = set()
    for field in item.fields:
        # Sent after one read, even without a URL: the CMS then reports what is missing.
        if TYPES[field.type].files and not field.misses:
            value = body.get(field.slug)
            entries = value if isinstance(value, list) else [value]
            if any(isinstance(e, dict) and e.get("fileId") and not e.get("url") for e in entries):
                found.add(field.slug)
    return found
