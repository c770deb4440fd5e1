"""
The pages of the documentation, for ``instep docs`` and ``/docs``.

``service/docs/index.md`` lists every page once; its order is theirs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

INDEX: Final = "index"
_ENTRY: Final = re.compile(r"^ *- \[([^\]]+)\]\(([\w/-]+)\.md\): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DocPage:
    """
    A page of the documentation.

    Args:
        name: Path below ``service/docs`` without its suffix, e.g. ``senders/shopify``.
        title: As the index has it.
        summary: One line.
    """

    name: str
    title: str
    summary: str

    @property
    def text(self) -> str:
        return _read(self.name)


def _read(name: str) -> str:
    return (files("service") / "docs" / f"{name}.md").read_text(encoding="utf-8")


@cache
def pages() -> Mapping[str, DocPage]:
    found = (DocPage(name, title, summary) for title, name, summary in _ENTRY.findall(_read(INDEX)))
    return MappingProxyType({page.name: page for page in found})


def index() -> DocPage:
    return DocPage(INDEX, "Documentation", "all pages")


def linked(name: str, href: str) -> tuple[str, str] | None:
    """
    Return the page and the anchor of *href* on the page *name*.

    None: it leaves the documentation, or stays on the page.
    """
    file, _, anchor = href.partition("#")
    if ":" in href or not file.endswith(".md"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
    return path.removesuffix(".md"), anchor


def near(name: str) -> list[str]:
    """Return at most five names of pages that are like *name*."""
    last = {page.rpartition("/")[2]: page for page in pages()}
    wanted = name.lower().removesuffix(".md")
    holds = [page for page in pages() if wanted and wanted in page]
    close = [last[each] for each in get_close_matches(wanted.rpartition("/")[2], last, n=5)]
    return list(dict.fromkeys(holds + close))[:5]
