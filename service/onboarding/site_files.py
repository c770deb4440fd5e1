"""The files of a configuration for one site and one sender, as text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.senders import SENDERS
from workers.config.settings import Destination

# Beside what a sender cannot do without, the places that most systems have.
_OWN: Final[Mapping[str, Any]] = {"id": "id", "topic": "type", "occurred_at": "at"}
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "basic": _OWN,
    "bearer": _OWN,
    "body-token": {"field": "token", **_OWN},
    "hasura": {"header": "X-Hook-Token"},
    "header": {"header": "X-Token", **_OWN},
    "hmac": {"header": "X-Signature", **_OWN},
    "query": {"parameter": "token", **_OWN},
    "salesforce": {"organization_id": "00D000000000000"},
}
_NOTES: Final = {"organization_id": "replace it by yours: Setup, Company Information"}
_LOCAL: Final = "http://127.0.0.1:8000"
NO_SENDER: Final = "none"  # the source is pulled
DEFAULT_URL: Final = Destination("", "v2", "").base_url

GITIGNORE: Final = ".env\n.instep/\n__pycache__/\n"


@dataclass(frozen=True, slots=True)
class ChosenCollection:
    """*name* in instep.toml; *key* is a slug, None: no field looks like one."""

    name: str
    id: str
    title: str
    key: str | None


@dataclass(frozen=True, slots=True)
class ChosenSite:
    """
    What was chosen, or found.

    Args:
        title: Of the site, as people call it.
        api: "v2", or "v1".
        rate: Requests a minute that the site's answers tell; None: they tell none.
    """

    id: str
    title: str
    base_url: str
    rate: int | None
    collections: Sequence[ChosenCollection]
    sender: str
    api: str = "v2"

    @property
    def variable(self) -> str:
        """The environment variable with the secret."""
        return f"{re.sub('[^A-Z0-9]', '_', self.sender.upper())}_SECRET"


def instep_toml(site: ChosenSite) -> str:
    """Return instep.toml."""
    own = [] if site.base_url.rstrip("/") == DEFAULT_URL else [f"base_url = {_text(site.base_url)}"]
    rate = f"requests_per_minute = {site.rate or 60}"
    lines = [
        '# Written by instep init. "${NAME}" is an environment variable, or a line of .env beside.',
        'mappings = ["mappings.py"]  # what of a payload goes into which field: instep suggest',
        *_public_url(site.sender),
        "",
        f"[destinations.site]  # {_comment(site.title)}",
        f"api = {_text(site.api)}",
        'token = "${WEBFLOW_TOKEN}"',
        f"site = {_text(site.id)}",
        *own,
        f"{rate}  # {'as the site answers' if site.rate else 'the usual limit; 120 on some plans'}",
    ]
    for each in site.collections:
        lines += ["", *_collection(each, site.api)]
    return "\n".join([*lines, "", *_source(site), ""])


def env(site: ChosenSite, token: str, secret: str, admin_token: str) -> str:
    """Return .env; *secret*: of the sender."""
    return "\n".join(
        [
            "# Read from .env beside instep.toml; the environment itself comes first.",
            f"WEBFLOW_TOKEN={token}",
            *_secret(site, secret),
            "# Opens the console and the JSON API.",
            f"INSTEP_ADMIN_TOKEN={admin_token}",
            "",
        ]
    )


def _secret(site: ChosenSite, secret: str) -> list[str]:
    if site.sender == NO_SENDER:
        return []
    kind = SENDERS[site.sender]
    words = kind.key if kind.needs_secret else "a secret part of the address"
    return [
        f"# Random, which will do for instep trigger. Of {site.sender} it is: {words}.",
        f"{site.variable}={secret}",
    ]


def _public_url(sender: str) -> list[str]:
    if sender == NO_SENDER:
        return []
    if SENDERS[sender].signs_url:
        note = f"signed by {sender}: replace it by the address that it is given"
        return [f"public_url = {_text(_LOCAL)}  # {note}"]
    return ['# public_url = "https://hooks.example.com"  # where the sender reaches Instep']


def _collection(each: ChosenCollection, api: str) -> list[str]:
    lines = [
        f"[collections.{each.name}]  # {_comment(each.title)}",
        'destination = "site"',
        f"id = {_text(each.id)}",
    ]
    locales = 'locales = "primary"  # or "all", or a list of tags, of a localized site'
    shown = [locales] if api == "v2" else []
    create = '# missing = "create"  # makes the items that are not there yet'
    if each.key is None:
        key = '# key = "…"  # add a field for the key of your system, and name its slug'
        return [*lines, key, *shown]
    return [
        *lines,
        f"key = {_text(each.key)}  # the field that holds the key of your system",
        *shown,
        create,
    ]


def _source(site: ChosenSite) -> list[str]:
    if site.sender == NO_SENDER:
        return ["# [pulls.NAME] here says what is read instead of webhooks: instep docs pulls"]
    secret = _text(f"${{{site.variable}}}")
    own = f"secrets = [{secret}]"
    if not SENDERS[site.sender].needs_secret:
        own = f"path_token = {secret}"
    options = [
        f"{key} = {_text(value)}" + (f"  # {_NOTES[key]}" if key in _NOTES else "")
        for key, value in _OPTIONS.get(site.sender, {}).items()
    ]
    head = f"[sources.{site.sender}]  # POST /webhooks/{site.sender}"
    return [head, f"sender = {_text(site.sender)}", own, *options]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _comment(title: str) -> str:
    return "".join(letter for letter in title if letter.isprintable())
