"""The senders: one file each, and this registry, which finds them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from service.senders import (
    airtable,
    basic,
    bearer,
    bigcommerce,
    body_token,
    dataverse,
    debezium,
    github,
    hasura,
    header,
    hmac_signed,
    hubspot,
    lightspeed,
    pipedrive,
    query,
    salesforce,
    shopify,
    square,
    standard_webhooks,
    stripe,
    supabase,
    svix,
    webflow,
    woocommerce,
    zoho,
)
from service.senders.base import SenderConfig, SenderKind
from service.senders.configured_sender import ConfiguredSender, configured
from service.senders.options import load
from workers.config.settings import Source
from workers.errors import ConfigurationInvalid, Problem
from workers.model.nearest import nearest

SENDERS: Final[Mapping[str, SenderKind]] = MappingProxyType(
    {
        "airtable": airtable.KIND,
        "basic": basic.KIND,
        "bearer": bearer.KIND,
        "bigcommerce": bigcommerce.KIND,
        "body-token": body_token.KIND,
        "dataverse": dataverse.KIND,
        "debezium": debezium.KIND,
        "github": github.KIND,
        "hasura": hasura.KIND,
        "header": header.KIND,
        "hmac": hmac_signed.KIND,
        "hubspot": hubspot.KIND,
        "lightspeed": lightspeed.KIND,
        "pipedrive": pipedrive.KIND,
        "query": query.KIND,
        "salesforce": salesforce.KIND,
        "shopify": shopify.KIND,
        "square": square.KIND,
        "standard-webhooks": standard_webhooks.KIND,
        "stripe": stripe.KIND,
        "supabase": supabase.KIND,
        "svix": svix.KIND,
        "webflow": webflow.KIND,
        "woocommerce": woocommerce.KIND,
        "zoho": zoho.KIND,
    }
)


def build(source: Source, *, public_url: str | None) -> ConfiguredSender:
    """
    Return the sender of *source*; raises ConfigurationInvalid with every problem of the source.
    Some senders sign *public_url*, the base URL of this service.
    """
    config = SenderConfig.of(source, public_url)
    kind = SENDERS.get(source.sender)
    if kind is None:
        expected = f"one of {', '.join(sorted(SENDERS))}"
        near = nearest(source.sender, SENDERS)
        do = f"write {near}" if near else "see `instep senders` for all of them"
        raise ConfigurationInvalid([config.problem("sender", repr(source.sender), expected, do)])
    problems = _secret_problems(kind, config)
    try:
        config = replace(config, options=load(kind.options(), config))
        if not problems:
            return configured(kind, config)
    except ConfigurationInvalid as error:
        problems += error.problems
    raise ConfigurationInvalid(problems)


def _secret_problems(kind: SenderKind, config: SenderConfig) -> list[Problem]:
    secrets = config.source.secrets
    if not secrets and kind.needs_secret:
        do = f"set it to the secret that the sender signs with or sends: {kind.key}"
        return [config.problem("secrets", "nothing", "a list with at least one secret", do)]
    return [
        config.problem(
            "secrets", f"an empty text as secret {place}", "a secret", "set it, or remove it"
        )
        for place, secret in enumerate(secrets, start=1)
        if not secret.strip()
    ]
