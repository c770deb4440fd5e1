"""The forms of ``REDIS_URL``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

PORT: Final = 26379  # of a Sentinel
EXPECTED: Final = (
    "redis://, rediss:// or unix:// with an address, and /NUMBER for a database; or "
    "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE"
)

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)"
_NODE = rf"{_HOST}(?::[1-9]\d{{0,4}})?"
_SENTINEL = re.compile(
    rf"redis\+sentinel://(?:(?P<user>[^:@/?#]*):(?P<password>[^:@/?#]+)@)?"
    rf"(?P<nodes>{_NODE}(?:,{_NODE})*)/(?P<service>[^/?#@]+)(?:/(?P<database>\d*))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """
    ``redis+sentinel://[user:password@]host:26379,host2:26379/SERVICE[/DB]``.

    Args:
        nodes: Host and port of each Sentinel.
        user: Of the store, and of Sentinels that ask for one; "": the default user.
    """

    nodes: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def is_store_url(url: str) -> bool:
    if sentinels(url):
        return True
    if not re.match(r"(redis|rediss|unix)://.", url):
        return False
    try:
        parts = urlsplit(url)
        known = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return known and (parts.scheme == "unix" or re.fullmatch(r"(/\d*)?", parts.path) is not None)


def sentinels(url: str) -> SentinelUrl | None:
    """Parse the address of a store behind Sentinels; None: it is another one."""
    # Not urlsplit: it knows one host only.
    found = _SENTINEL.fullmatch(url)
    if found is None:
        return None
    nodes = tuple(map(_node, found["nodes"].split(",")))
    if any(port > 65535 for _, port in nodes):
        return None
    return SentinelUrl(
        nodes,
        unquote(found["service"]),
        int(found["database"] or 0),
        unquote(found["user"] or ""),
        unquote(found["password"] or ""),
    )


def _node(text: str) -> tuple[str, int]:
    host, port = re.fullmatch(rf"({_HOST})(?::(\d+))?", text, re.ASCII).groups()  # type: ignore[union-attr]  # as in _SENTINEL
    return host.strip("[]"), int(port or PORT)
