"""Kinds of problems in the words of who reads them, and what to do as a page says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

# What a command does, a page does with its buttons: the words for both are others.
_AS_ON_PAGE: Final = (
    (
        r"look at its letters one by one: `instep dead list --group ID`",
        "look at its failures one by one",
    ),
    (r"see the body by `instep dead show ID`", "look at the payload of one"),
    (r"replay the letter that it names first", "send the failure that it names again first"),
    (r"\bthe letter\b(?= then)", "it"),
    (r"\bcloses (?:its|the) letter\b", "closes it"),
    (r"\breplay\b(?!`)", "send it again"),
    (r"\bdiscard\b(?! it|`)", "discard it"),
)
_COMMAND: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """
    Args:
        title: What is wrong, short.
        explains: What happened, and what the site shows meanwhile.
        page, anchor: Of the documentation.
    """

    title: str
    explains: str
    page: str = "operating"
    anchor: str = "dead-letters"


KINDS: Final[Mapping[str, ProblemKind]] = MappingProxyType(
    {
        "refused": ProblemKind(
            "Refused by the CMS",
            "The CMS refused these values, or they do not fit the fields of the collection and "
            "were not sent. The site still shows what these fields held before.",
        ),
        "missing": ProblemKind(
            "No item for it",
            "The collection has no item with these keys, or the fields refer to items that do not "
            "exist. The values are kept here, and the site does not show them.",
            "creating-and-retiring",
            "",
        ),
        "unmapped": ProblemKind(
            "Does not fit the mapping",
            "Events came that the mapping could not read, or not whole. What could be read was "
            "sent. The rest is not on the site.",
            "mappings",
            "",
        ),
        "exhausted": ProblemKind(
            "Gave up after several attempts",
            "The CMS failed each time these items were written, while it took others. The site "
            "still shows what they held before.",
        ),
        "not-applied": ProblemKind(
            "Accepted, but not shown",
            "The CMS answered that it took these values; read afterwards, its items do not hold "
            "them. The site still shows what they held before.",
        ),
    }
)


def kind_of(name: str) -> ProblemKind:
    """Return the kind *name*; one of another release has its own name as its title."""
    return KINDS.get(name) or ProblemKind(name, "")


def to_do(text: str) -> Markup:
    """Return what to do, as `remedy` has it, in words of the page; its commands are code."""
    for pattern, words in _AS_ON_PAGE:
        text = re.sub(pattern, words, text)
    pieces = _COMMAND.split(text[:1].upper() + text[1:])
    shown = [
        Markup("<code>{}</code>").format(each) if at % 2 else escape(each)
        for at, each in enumerate(pieces)
    ]
    return Markup("").join(shown)
