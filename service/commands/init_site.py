"""``instep init --site``: what it asks, and what it writes."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from service.commands.output import printable
from workers.config.value_checks import is_site_address
from workers.errors import DestinationError, RequestRefused
from workers.model.nearest import nearest

if TYPE_CHECKING:
    from service.onboarding.site_files import ChosenCollection, ChosenSite
    from service.onboarding.site_reader import SiteReader
    from workers.webflow.site import ListedCollection, Site

T = TypeVar("T")

_WHSEC: Final = frozenset({"debezium", "standard-webhooks", "svix"})
_NO_KEY: Final = "none of these"
_USERS: Final = frozenset({"basic", "pipedrive"})


@dataclass(frozen=True, slots=True)
class Given:
    """What was given as options; "" and (): it is asked for."""

    site: str
    collections: tuple[str, ...]
    sender: str
    base_url: str
    api: str


def site_files(given: Given) -> tuple[dict[str, str], ChosenSite]:
    """
    Return file name → text for a site, and what was chosen; on a terminal it asks what is missing.

    Raises:
        UsageError: Something is missing, and nobody can be asked.
    """
    from service.onboarding import site_files as files
    from service.onboarding.site_reader import SiteReader

    token = os.environ.get("WEBFLOW_TOKEN", "").strip()
    lacking = [] if token else ["the token of the site, in WEBFLOW_TOKEN"]
    lacking += [] if given.sender else ["--sender NAME"]
    if lacking and not is_terminal():
        raise _missing(" and ".join(lacking))
    token = token or _token()
    base_url = given.base_url or files.DEFAULT_URL
    if not is_site_address(base_url):
        expected = "an http(s) address, without /v2 and without a query"
        raise click.UsageError(f"--base-url: found {base_url!r}, expected {expected}")
    with _told(base_url), SiteReader(token, base_url, given.api) as reader:
        site = _site(reader, given.site)
        collections = [
            _with_key(reader, each, given.sender)
            for each in _collections(reader, site, given.collections)
        ]
        sender = _sender(given.sender)
        chosen = files.ChosenSite(
            site.id, site.name or site.id, base_url, reader.rate, collections, sender, given.api
        )
    texts = {
        "instep.toml": files.instep_toml(chosen),
        ".env": files.env(chosen, token, secret_of(sender), secrets.token_urlsafe(24)),
        ".gitignore": files.GITIGNORE,
    }
    return texts, chosen


@contextlib.contextmanager
def _told(base_url: str) -> Iterator[None]:
    """Say what to do where nothing answers at *base_url*."""
    try:
        yield
    except DestinationError as error:
        do = "check the address, and that it answers: a sandbox prints its own once it does"
        raise RequestRefused(f"no answer: {error}", f"the CMS at {base_url}", do) from error


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _token() -> str:
    if not is_terminal():
        raise _missing("the token of the site, in WEBFLOW_TOKEN")
    click.echo(
        "A token with the scopes sites:read, cms:read and cms:write. It is not shown.", err=True
    )
    token: str = click.prompt("Token of the site", hide_input=True, err=True)
    return token.strip()


def _site(reader: SiteReader, wanted: str) -> Site:
    found = reader.sites()
    by_name = {each.id: each for each in found}
    if wanted:
        if wanted not in by_name:
            raise _unknown("--site", wanted, [f"{each.id} ({each.name})" for each in found])
        return by_name[wanted]
    if not found:
        raise click.UsageError("found no site, expected one that the token sees; create another")
    shown = {each.id: f"{each.name}  {each.domain}".strip() for each in found}
    return by_name[_one("--site ID", "Site", shown)]


def _collections(
    reader: SiteReader, site: Site, wanted: Sequence[str]
) -> Sequence[ListedCollection]:
    found = {each.slug: each for each in reader.collections(site.id)}
    for slug in wanted:
        if slug not in found:
            raise _unknown("--collection", slug, list(found))
    if wanted:
        return [found[slug] for slug in dict.fromkeys(wanted)]
    if not found:
        raise click.UsageError(f"found no collection in {site.name}, expected one; create it first")
    shown = {slug: each.name for slug, each in found.items()}
    return [found[slug] for slug in _several("--collection SLUG", "Collections", shown)]


def _with_key(reader: SiteReader, found: ListedCollection, sender: str) -> ChosenCollection:
    from service.onboarding import key_choice
    from service.onboarding.site_files import ChosenCollection

    fields, items = reader.fields(found.id), reader.items(found.id)
    key = key_choice.proposed(fields, items, sender)
    if is_terminal():
        names = {each["slug"]: each["displayName"] for each in fields}
        shown = {slug: names[slug] for slug in key_choice.candidates(fields, items)}
        title = f"Field of {found.name} that holds the key of your system"
        asked = _one("", title, shown | {_NO_KEY: "I shall add a field for it"}, default=key)
        key = None if asked == _NO_KEY else asked
    return ChosenCollection(_name(found.slug), found.id, found.name, key)


def _name(slug: str) -> str:
    """Return *slug* as a name of instep.toml."""
    name = "".join(letter if letter.isalnum() else "-" for letter in slug.lower())
    return name.encode("ascii", "ignore").decode().strip("-")[:63] or "items"


def _sender(wanted: str) -> str:
    from service.onboarding.site_files import NO_SENDER
    from service.senders import SENDERS

    if wanted:
        if wanted not in (*SENDERS, NO_SENDER):
            raise _unknown("--sender", wanted, [*sorted(SENDERS), NO_SENDER])
        return wanted
    shown = {name: kind.proof for name, kind in sorted(SENDERS.items())}
    shown[NO_SENDER] = "nothing: the source is pulled"
    return _one("--sender NAME", "What sends the webhooks", shown)


def _one(option: str, title: str, shown: Mapping[str, str], default: str | None = None) -> str:
    """Return one of *shown*, name → words; the only one without a question."""
    names = list(shown)
    if len(names) == 1:
        return names[0]
    if not is_terminal():
        raise _missing(f"{option} ({', '.join(names)})")
    _list(title, shown)
    first = names.index(default) + 1 if default in names else None
    return _asked("Number", first, lambda text: names[_place(text, names)])


def _several(option: str, title: str, shown: Mapping[str, str]) -> list[str]:
    names = list(shown)
    if len(names) == 1:
        return names
    if not is_terminal():
        raise _missing(f"{option} ({', '.join(names)})")
    _list(title, shown)
    return _asked(
        "Numbers, with commas between them",
        None,
        lambda text: list(dict.fromkeys(names[_place(each, names)] for each in text.split(","))),
    )


def _list(title: str, shown: Mapping[str, str]) -> None:
    click.echo(f"{title}:", err=True)
    for number, (name, words) in enumerate(shown.items(), 1):
        click.echo(f"{number:4}  {printable(name)}  {printable(words)}", err=True)


def _asked(question: str, default: int | None, read: Callable[[str], T]) -> T:
    process: Any = read  # click takes its type for that of the default
    chosen: Any = click.prompt(question, default=default, value_proc=process, err=True)
    answer: T = chosen
    return answer


def _place(text: object, names: Sequence[str]) -> int:
    word = str(text).strip()
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and 1 <= int(word) <= len(names):
        return int(word) - 1
    raise click.BadParameter(f"found {word!r}, expected a number from 1 to {len(names)}")


def secret_of(sender: str) -> str:
    """Return a random secret in the form that *sender* has."""
    if sender in _WHSEC:
        return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    if sender == "airtable":
        return base64.b64encode(secrets.token_bytes(32)).decode()
    word = secrets.token_urlsafe(24)
    return ":".join(("instep", word)) if sender in _USERS else word


def _missing(what: str) -> click.UsageError:
    return click.UsageError(f"missing {what}: give it, or run this on a terminal to be asked")


def _unknown(option: str, found: str, expected: Sequence[str]) -> click.UsageError:
    near = nearest(found, expected)
    do = f"; write {near}" if near else ""
    known = ", ".join(expected) or "none"
    return click.UsageError(f"{option}: found {found!r}, expected {known}{do}")
