"""What to enter in the settings of a sender, for one source: address, secret, topics, steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from service.config.build import Configuration
from service.onboarding.trigger import address
from service.operate.documentation import pages
from service.senders.configured_sender import ConfiguredSender
from service.senders.shared_secret import SharedSecret
from workers.config.environment import VARIABLE
from workers.config.loader import Draft
from workers.config.settings import Source

HOST: Final = "https://YOUR-HOST"
_PAGES: Final = {
    **dict.fromkeys(
        ("basic", "bearer", "body-token", "header", "hmac", "query"), "senders/own-systems"
    ),
    "svix": "senders/standard-webhooks",
}
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_ADDRESS: Final = re.compile(r"`?https://YOUR-HOST/webhooks/[\w-]+/?`?")


@dataclass(frozen=True, slots=True)
class SenderSetup:
    """
    What a person enters, and where.

    Args:
        url: The whole address; HOST stands in it for a host that is not configured.
        public: Whether its host is.
        secrets: Where each secret stands: names of environment variables; never values.
        topics: Those that the mappings take; None: all of them; empty: no mapping reads it yet.
        steps: From the page of the sender.
        page: Its name.
    """

    source: str
    sender: str
    url: str
    public: bool
    secrets: tuple[str, ...]
    meaning: str
    topics: tuple[str, ...] | None
    steps: str
    page: str


def setup_of(
    configuration: Configuration, draft: Draft, source: str, *, mapped: bool = True
) -> SenderSetup:
    """
    Return the setup of the source *source*, which *configuration* has.

    Args:
        draft: The same configuration as written, with the names of its variables.
        mapped: False: the mappings could not be read.
    """
    settings, sender = configuration.settings, configuration.senders[source]
    of = settings.sources[source]
    host = settings.public_url or HOST
    url = of.url or address(host, of)
    return SenderSetup(
        source,
        of.sender,
        url + _query(sender, draft, source),
        of.url is not None or settings.public_url is not None,
        _variables(draft, of),
        sender.kind.key,
        _topics(configuration, source) if mapped else (),
        _steps(_page(of.sender), url),
        _page(of.sender),
    )


def _page(sender: str) -> str:
    return _PAGES.get(sender, f"senders/{sender}")


def _query(sender: ConfiguredSender, draft: Draft, source: str) -> str:
    """Return the query with the secret, as the name of its variable."""
    proof = sender.senders[0].proof
    if not isinstance(proof, SharedSecret) or proof.scheme != "query":
        return ""
    names = _variables(draft, draft.settings.sources[source])
    return f"?{quote(proof.name)}=<{names[0] if names else 'the secret'}>"


def _variables(draft: Draft, source: Source) -> tuple[str, ...]:
    """Return the environment variables of the secrets of *source*, the newest first."""
    place = f"{draft.settings.path}: sources.{source.name}.secrets"
    found = [
        name
        for where, text in draft.templates.items()
        if where.startswith(place)
        for name in VARIABLE.findall(text)
    ]
    return tuple(dict.fromkeys(found))


def _topics(configuration: Configuration, source: str) -> tuple[str, ...] | None:
    rules = [rule for rule in configuration.mappings.rules if rule.options.source == source]
    if any(rule.options.topics is None for rule in rules):
        return None
    return tuple(sorted({topic for rule in rules for topic in rule.options.topics or ()}))


def _steps(page: str, url: str) -> str:
    """Return what the head of *page* says to do, with the address of this source."""
    head = re.split(r"^(?:## |```)", pages()[page].text, maxsplit=1, flags=re.MULTILINE)[0]
    text = head.partition("\n")[2].strip()
    return _LINK.sub(r"\1", _ADDRESS.sub(lambda _: url, text)).replace("`", "").replace("*", "")
