"""Secrets and tokens that were never filled in, or came with more than themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from service.senders import SENDERS
from workers.errors import Problem

if TYPE_CHECKING:
    from workers.config.settings import Settings

# As examples and manuals write them; whoever reads those could sign with them.
PLACEHOLDER: Final = re.compile(
    r"(?:your|my|the|a)?[-_ ]*(?:new[-_ ]*)?(?:webhook|api|app|client|shared|signing|access|shopify"
    r"|webflow|erp)?[-_ ]*(?:secret|token|key|password)(?:[-_ ]*(?:key|here|goes[-_ ]*here))?"
    r"|change[-_ ]*me(?:[-_ ]*please)?|to[-_ ]*do|fix[-_ ]*me|replace[-_ ]*(?:me|this)|example"
    r"|placeholder|dummy|[x*.]{3,}|\.{3}|…|<[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]|\$[A-Z_]+",
    re.IGNORECASE,
)
# Sender → how its API keys begin: they open its API, and sign nothing.
API_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "github": r"gh[oprsu]_|github_pat_",
        "hubspot": r"pat-[a-z]{2}\d-",
        "shopify": r"shp(?:at|ca|pa)_",
        "stripe": r"[prs]k_(?:live|test)_",
    }
)


def unfilled(settings: Settings) -> Iterator[Problem]:
    """Yield an error for each secret or token that is a placeholder, or has blanks around it."""
    for name, source in settings.sources.items():
        for number, secret in enumerate(source.secrets, start=1):
            where = f"{settings.path}: sources.{name}.secrets"
            # Basic authentication: the password alone has to be one that nobody can guess.
            own = secret.partition(":")[2] if source.sender == "basic" else secret
            yield from _unfit(where, f"secret {number}", own, "the sender's settings")
            if re.match(API_KEYS.get(source.sender, r"(?!)"), secret):
                found, do = f"an API key as secret {number}", "copy the secret that signs webhooks"
                yield Problem(where, found, SENDERS[source.sender].key, do)
    for name, destination in settings.destinations.items():
        where = f"{settings.path}: destinations.{name}.token"
        yield from _unfit(where, "the token", destination.token, "the settings of the site")
    tokens = {
        "INSTEP_ADMIN_TOKEN": settings.admin_token,
        "INSTEP_METRICS_TOKEN": settings.metrics_token,
    }
    tokens |= {
        f"{settings.path}: access.{n}.token": each.token for n, each in settings.access.items()
    }
    for where, token in tokens.items():
        yield from _unfit(where, "the token", token or "unset", "a generator of passwords")


def _unfit(where: str, which: str, secret: str, place: str) -> Iterator[Problem]:
    if PLACEHOLDER.fullmatch(secret.strip()):
        do = f"copy the real one from {place}"
        yield Problem(where, f"a placeholder as {which}", "a secret that nobody can guess", do)
    elif secret != secret.strip():
        do = "copy it again, without the blanks or the line break"
        yield Problem(where, f"blanks at an end of {which}", "the secret alone", do)
