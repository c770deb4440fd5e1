"""
The sections of ``instep.toml`` as marshmallow schemas.

Values are accepted as they are or refused, never coerced: ``"60"`` for a number is a mistake that
TOML can tell from 60. Each check has its expectation in words, for the errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from workers.config import locale_tags
from workers.config.times import is_window, is_zone
from workers.config.value_checks import (
    above_zero,
    are_keys,
    are_secrets,
    is_address,
    is_flag,
    is_path_part,
    is_site_address,
    is_table,
    is_text,
    is_token,
    is_url,
    number,
    one_of,
    texts,
    whole,
)
from workers.errors import Problem
from workers.model.nearest import nearest

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NAME_EXPECTED = "1 to 63 of a-z, 0-9, _ and -, starting with a letter or digit"
CHALLENGES = ("hub.challenge", "challenge", "validationToken", "WebHook-Request-Origin", "HEAD")
ZONE_EXPECTED = 'the name of a time zone, such as "Europe/Berlin"'
ZONE_DO = "correct it; if it is right, this system lacks time zones: pip install tzdata"
LONGEST_SHOWN = 60  # characters of a value shown in an error


class Value(fields.Field[Any]):
    """One key: what is *expected*, the check of it, and whether its value is secret."""

    def __init__(
        self,
        expected: str,
        accepts: Callable[[Any], bool],
        *,
        required: bool = False,
        secret: bool = False,
        do: str = "correct the value",
    ) -> None:
        super().__init__(required=required)
        self.expected = expected
        self.accepts = accepts
        self.secret = secret
        self.do = do

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not self.accepts(value):
            raise ValidationError(self.expected)
        return value


class Section(Schema):
    """A table of the file; unknown keys are errors."""

    class Meta:
        unknown = RAISE


class StoreSection(Section):
    durability = Value(
        '"always", "everysec" or "unverified"', one_of("always", "everysec", "unverified")
    )
    memory_mb = Value("a whole number of MiB, 16 or more", whole(16))
    history_mb = Value("a whole number of MiB, 1 or more", whole(1))
    history_days = Value("a number of days above 0", above_zero)
    undo_hours = Value("a number of hours, 0 or more", number(0))
    undo_mb = Value("a whole number of MiB, 1 or more", whole(1))
    history = Value("a whole number of entries, 100 or more", whole(100))  # deprecated: history_mb
    spool_mb = Value("a whole number of MiB, 0 or more", whole(0))


class DestinationSection(Section):
    api = Value('"v1" or "v2"', one_of("v1", "v2"))
    token = Value(
        "an API token of the site",
        is_token,
        required=True,
        secret=True,
        do="set the token alone, without a blank, a line break or Bearer before it, from the "
        'environment: token = "${WEBFLOW_TOKEN}"',
    )
    base_url = Value("an http(s) address, without /v2 and without a query", is_site_address)
    requests_per_minute = Value("a whole number of requests, 2 or more", whole(2))
    live = Value("true or false", is_flag)
    linger = Value("a number of seconds, 0 or more", number(0))
    attempts = Value("a whole number, 1 or more", whole(1))
    give_up_hours = Value("a number of hours above 0", above_zero)
    site = Value("the id of a site", is_path_part, do="copy it from GET /sites, or leave it out")
    publish = Value('"never", "items" or "site"', one_of("never", "items", "site"))
    publish_domains = Value("a list of ids of custom domains", texts(0))
    publish_others = Value("true or false", is_flag)
    publish_window = Value('two times of a day, such as "06:00-22:00"', is_window)
    timezone = Value(ZONE_EXPECTED, is_zone, do=ZONE_DO)


class CollectionSection(Section):
    destination = Value(
        "the name of a [destinations.NAME]", is_text, required=True, do="name one of them"
    )
    id = Value("the id of a CMS collection", is_path_part, required=True)
    key = Value("the slug of an item field, or a list of two or more", are_keys)
    missing = Value(
        '"dead-letter", "ignore" or "create"',
        one_of("dead-letter", "ignore", "create"),
        do="choose one of them",
    )
    preflight = Value("true or false", is_flag)
    locales = Value(locale_tags.EXPECTED, locale_tags.are_locales, do="choose one of them")
    reconcile = Value("a table [collections.NAME.reconcile]", is_table)
    guard = Value("a table [collections.NAME.guard]", is_table)


class SourceSection(Section):
    sender = Value("the name of a sender", is_text, required=True)
    secrets = Value(
        "a list of texts, none of them empty; or, for one that expires, "
        '{ value = "…", until = 2027-01-31T00:00:00Z }',
        are_secrets,
        secret=True,
        do='set it from the environment, as in ["${ERP_SECRET}"]',
    )
    max_body = Value("a whole number of bytes, 1 or more", whole(1))
    dedupe_hours = Value("a number of hours above 0", above_zero)
    keep_hours = Value("a number of hours, 0 or more", number(0))
    keep_mb = Value("a whole number of MiB, 1 or more", whole(1))
    url = Value("an http(s) address", is_url)
    challenge = Value(
        f"one of {', '.join(CHALLENGES)}",
        one_of(*CHALLENGES),
        do="use the one that the sender sends, or leave it out",
    )
    verify_token = Value(
        "a text",
        is_text,
        secret=True,
        do='set it from the environment, as in "${VERIFY_TOKEN}"',
    )
    timezone = Value(ZONE_EXPECTED, is_zone, do=ZONE_DO)
    path_token = Value(
        "letters, digits and - _ . ~ only",
        is_path_part,
        secret=True,
        do="choose a long random text",
    )


class FetcherSection(Section):
    kind = Value("the kind of a fetcher", is_text, required=True)
    token = Value(
        "an API token of the system",
        is_token,
        required=True,
        secret=True,
        do='set it from the environment, as in "${SHOP_TOKEN}"',
    )
    base_url = Value("an http(s) address without a query", is_address)


class FileSection(Section):
    mappings = Value("a list of file names or modules", texts(0))
    public_url = Value("an http(s) address without a query", is_address)
    store = Value("a table [store]", is_table)
    destinations = Value("tables [destinations.NAME]", is_table)
    collections = Value("tables [collections.NAME]", is_table)
    sources = Value("tables [sources.NAME]", is_table)
    pulls = Value("tables [pulls.NAME]", is_table)
    fetchers = Value("tables [fetchers.NAME]", is_table)
    access = Value("tables [access.NAME]", is_table)
    alerts = Value("a table [alerts]", is_table)
    writeback = Value("tables [writeback.NAME]", is_table)


@cache
def made(section: type[Section]) -> Section:
    """Return the one schema of *section*: to make one takes longer than to read a table by it."""
    return section()


def check(
    section: Section, raw: Mapping[str, Any], where: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the valid keys of *raw*, and a problem for each other key."""
    try:
        return dict(section.load(raw)), []
    except ValidationError as error:
        wrong = error.messages_dict
        problems = [_problem(section, str(key), raw, f"{where}{key}") for key in wrong]
        return dict(error.valid_data or {}), problems


def _problem(section: Section, key: str, raw: Mapping[str, Any], where: str) -> Problem:
    field = section.fields.get(key)
    if not isinstance(field, Value):
        near = nearest(key, section.fields)
        names = ", ".join(section.fields)
        advice = f'write "{near}"' if near else "remove it"
        return Problem(where, "an unknown key", f"one of {names}", advice)
    if key not in raw:
        return Problem(where, "nothing", field.expected, f"add the key {key}")
    found = locale_tags.repeated_tag(raw[key]) if key == "locales" else None
    return Problem(
        where, found or describe(raw[key], secret=field.secret), field.expected, field.do
    )


def describe(value: Any, *, secret: bool) -> str:
    """Describe *value* for an error; of a *secret* only its type."""
    if value == "":
        return "an empty text"
    if isinstance(value, list):
        inner = sorted({describe(each, secret=True) for each in value})
        return f"a list of {' and '.join(inner)}" if inner else "an empty list"
    if secret or not isinstance(value, (str, int, float)):
        return _kind(value)
    # The user part of a URL may be a password.
    text = re.sub(r"//[^/@]*@", "//***@", json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "a blank text" if not value.strip() else "a text"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a table" if isinstance(value, dict) else "a date or time"
