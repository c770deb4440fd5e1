"""Fetchers: read the object that a thin notice only names; one file each, found by name here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from service.fetchers import (
    airtable_payloads,
    bigcommerce_product,
    square_changes,
    square_object,
    stripe_object,
)
from service.fetchers.base import Fetcher
from service.fetchers.registry import FetcherConfig, Kind
from service.senders.options import load
from workers.config import settings
from workers.config.schemas import describe, is_address, is_token
from workers.errors import ConfigurationInvalid, Problem

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "airtable-payloads": airtable_payloads.KIND,
        "bigcommerce-product": bigcommerce_product.KIND,
        "square-changes": square_changes.KIND,
        "square-object": square_object.KIND,
        "stripe-object": stripe_object.KIND,
    }
)


def build(given: settings.Fetcher) -> Fetcher:
    """
    Return the fetcher that *given* configures.

    Raises:
        ConfigurationInvalid: With every problem of this fetcher.
    """
    kind = KINDS.get(given.kind)
    if kind is None:
        expected = f"one of {', '.join(KINDS)}"
        problem = FetcherConfig.of(given, "").problem(
            "kind", repr(given.kind), expected, "use one of them"
        )
        raise ConfigurationInvalid([problem])
    root = (kind.base_url if given.base_url is None else given.base_url).rstrip("/")
    table = FetcherConfig.of(given, root)
    problems = _common_problems(kind, table)
    try:
        table = replace(table, options=load(kind.options(), table))
    except ConfigurationInvalid as error:
        problems += error.problems
    if problems:
        raise ConfigurationInvalid(problems)
    return kind.build(table)


def _common_problems(kind: Kind, given: FetcherConfig) -> list[Problem]:
    problems = []
    if not is_token(given.token):
        found = describe(given.token, secret=True)
        do = 'set it from the environment, as in "${TOKEN}"'
        problems.append(given.problem("token", found, f"what a header can carry: {kind.key}", do))
    if not is_address(given.root):
        found = describe(given.root, secret=False)
        do = "correct it, or leave it out"
        problems.append(given.problem("base_url", found, "an http(s) address without a query", do))
    return problems
