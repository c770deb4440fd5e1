"""Fetchers: each reads the object that a thin notice only names. One file each, registered here."""

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
from service.fetchers.base import Fetcher, FetcherConfig, FetcherKind
from service.senders.options import load
from workers.config import settings
from workers.config.schemas import describe
from workers.config.value_checks import is_address, is_token
from workers.errors import ConfigurationInvalid, Problem

KINDS: Final[Mapping[str, FetcherKind]] = MappingProxyType(
    {
        "airtable-payloads": airtable_payloads.KIND,
        "bigcommerce-product": bigcommerce_product.KIND,
        "square-changes": square_changes.KIND,
        "square-object": square_object.KIND,
        "stripe-object": stripe_object.KIND,
    }
)


def build(config: settings.Fetcher) -> Fetcher:
    """Return the fetcher of *config*; raises ConfigurationInvalid with all its problems."""
    kind = KINDS.get(config.kind)
    if kind is None:
        expected = f"one of {', '.join(KINDS)}"
        problem = FetcherConfig.of(config, "").problem(
            "kind", repr(config.kind), expected, "use one of them"
        )
        raise ConfigurationInvalid([problem])
    root = (kind.base_url if config.base_url is None else config.base_url).rstrip("/")
    table = FetcherConfig.of(config, root)
    problems = _common_problems(kind, table)
    try:
        table = replace(table, options=load(kind.options(), table))
    except ConfigurationInvalid as error:
        problems += error.problems
    if problems:
        raise ConfigurationInvalid(problems)
    return kind.build(table)


def _common_problems(kind: FetcherKind, config: FetcherConfig) -> list[Problem]:
    problems = []
    if not is_token(config.token):
        found = describe(config.token, secret=True)
        do = 'set it from the environment, as in "${TOKEN}"'
        problems.append(config.problem("token", found, f"what a header can carry: {kind.key}", do))
    if not is_address(config.root):
        found = describe(config.root, secret=False)
        do = "correct it, or leave it out"
        problems.append(config.problem("base_url", found, "an http(s) address without a query", do))
    return problems
