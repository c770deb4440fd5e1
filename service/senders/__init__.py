"""The senders: one file each, and this registry, which finds them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from service.senders import basic, bearer, header, hmac_signed, shopify, standard_webhooks
from service.senders.base import Given, Kind, Sender
from service.senders.options import load
from workers.errors import ConfigurationInvalid, Problem
from workers.settings import Source

SENDERS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "basic": Kind(basic.Options, basic.build),
        "bearer": Kind(bearer.Options, bearer.build),
        "header": Kind(header.Options, header.build),
        "hmac": Kind(hmac_signed.Options, hmac_signed.build),
        "shopify": Kind(shopify.Options, shopify.build),
        "standard-webhooks": Kind(standard_webhooks.Options, standard_webhooks.build),
    }
)


def build(source: Source, *, public_url: str | None) -> Sender:
    """
    Return the sender that *source* configures.

    Args:
        source: As read from instep.toml.
        public_url: Where senders reach this service, for those that sign it.

    Raises:
        ConfigurationInvalid: With every problem of this source.
    """
    given = Given(source, source.options, public_url)
    kind = SENDERS.get(source.sender)
    if kind is None:
        expected = f"one of {', '.join(sorted(SENDERS))}"
        raise ConfigurationInvalid([given.problem("sender", repr(source.sender), expected)])
    problems = _secret_problems(given)
    try:
        given = replace(given, options=load(kind.options(), given))
        if not problems:
            return kind.build(given)
    except ConfigurationInvalid as error:
        problems += error.problems
    raise ConfigurationInvalid(problems)


def _secret_problems(given: Given) -> list[Problem]:
    secrets = given.source.secrets
    if not secrets:
        do = "set it to the secret that the sender signs with or sends"
        return [given.problem("secrets", "nothing", "a list with at least one secret", do)]
    return [
        given.problem("secrets", f"an empty text as secret {place}", "a secret", "remove or set it")
        for place, secret in enumerate(secrets, start=1)
        if not secret.strip()
    ]
